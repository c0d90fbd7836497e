"""`assistant config show|path|schema|set|unset`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from assistant.commands.tables import json_text, print_json
from assistant.config.loading import DEFAULT, known_fields, load_settings, value_of
from assistant.config.schema import Config
from assistant.locations import config_file
from assistant.terminal.output import print_path


def show_command(
    path: Path | None,
    overrides: Mapping[str, Any] | None = None,
    *,
    changed: bool = False,
    json_output: bool = False,
) -> int:
    """Every setting with its value and source. Prints TOML, so that it can be copied from."""
    settings = load_settings(path, overrides)
    # What stands in no table has to come before all that do.
    rows = [
        (key, _plain(value_of(settings.config, key)), settings.source(key))
        for key in sorted(known_fields(), key=lambda key: "." in key)
        if not changed or any(key == k or k.startswith(f"{key}.") for k in settings.sources)
    ]
    if json_output:
        listed = {key: {"value": value, "source": source} for key, value, source in rows}
        print_json({"file": str(settings.file), "settings": listed})
        return 0
    state = "" if settings.file.exists() else " (not there yet)"
    print(f"# {settings.file}{state}")
    table = ""
    for key, value, source in rows:
        owner, _, name = key.rpartition(".")
        if owner != table and owner:
            table = owner
            print(f"\n[{table}]")
        origin = "" if source == DEFAULT else source
        # TOML has no null: what is unset is shown as a comment.
        line = f"# {name} is unset" if value is None else f"{name} = {_toml(value)}"
        print(f"{line:<44}  # {origin}" if origin else line)
    return 0


def path_command(path: Path | None) -> int:
    """Where the settings file is, or would be."""
    print_path(path or config_file())
    return 0


def schema_command(*, json_output: bool = False) -> int:
    """Every setting with type, default and meaning."""
    if json_output:
        print_json(Config.model_json_schema())
        return 0
    defaults = Config()
    for key, field in known_fields().items():
        default = value_of(defaults, key)
        shown = "unset" if default is None else _toml(default)
        print(f"{key}  ({describe_type(field.annotation)}; default: {shown})")
        print(f"    {' '.join((field.description or '').split())}")
        print(f"    ASSISTANT_{key.upper().replace('.', '__')}\n")
    return 0


def set_command(key: str, value: str, path: Path | None) -> int:
    """Raises `ConfigError`."""
    from assistant.config.editing import set_value

    written = set_value(key, value, path)
    print(f"{key} = {_toml(written)}")
    _warn_if_overridden(key, path)
    return 0


def unset_command(key: str, path: Path | None) -> int:
    """Raises `ConfigError`."""
    from assistant.config.editing import unset_value

    if not unset_value(key, path):
        print(f"{key} was not set in {path or config_file()}", file=sys.stderr)
    return 0


def describe_type(annotation: Any) -> str:
    """A type as a person calls it: `"open" or "push-to-talk"`, `number`, `table of text`."""
    if annotation is None or annotation is type(None):
        return "unset"
    if get_origin(annotation) is Literal:
        return " or ".join(json.dumps(choice) for choice in get_args(annotation))
    if get_origin(annotation) is dict:
        return f"table of {describe_type(get_args(annotation)[1])}"
    members = [member for member in get_args(annotation) if member is not type(None)]
    if members:
        return " or ".join(describe_type(member) for member in members)
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return names.get(annotation, str(annotation))


def _warn_if_overridden(key: str, path: Path | None) -> None:
    source = load_settings(path or config_file()).source(key)
    if source.startswith("ASSISTANT_"):
        print(f"note: the variable {source} is set and goes before the file", file=sys.stderr)


def _plain(value: Any) -> Any:
    """Tables of the user's own as tables, with what is set in them."""
    if not isinstance(value, dict):
        return value
    return {
        key: each.model_dump(exclude_unset=True) if isinstance(each, BaseModel) else each
        for key, each in value.items()
    }


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json_text(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    return json_text(value)
