"""Loads the settings: built-in < `config.toml` < `ASSISTANT_SECTION__KEY` < the command line.

Whatever is wrong is told with the place it came from (file and line, variable, option), the key,
and what would be right, because a setting that is silently ignored is worse than one refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from assistant.config.schema import Config, ConfigError
from assistant.config.toml_text import KeyLines, TooDeep, closest, parse_toml, shown
from assistant.locations import config_file

PREFIX = "ASSISTANT_"
MAX_BYTES = 1_000_000
"""Size of a settings file past which something else was named by mistake."""
DEFAULT = "default"
COMMAND_LINE = "command line"

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in effect, and where each of them comes from."""

    config: Config
    file: Path
    """Where the file is, or would be."""
    sources: dict[str, str] = field(default_factory=dict)
    """Dotted key → "config.toml", "ASSISTANT_AUDIO__VOLUME", "command line"; absent: default."""

    def source(self, key: str) -> str:
        return self.sources.get(key, DEFAULT)


def load_config(
    path: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """`load_settings(…).config`."""
    return load_settings(path, overrides, environ).config


def load_settings(
    path: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read and merge all sources.

    `path`: a settings file that has to exist; unset: the user's own, which need not. `overrides`:
    dotted keys from the command line, None meaning "not given". Raises `ConfigError`.
    """
    file = path or config_file()
    data, text = _read_file(file, must_exist=path is not None)
    check(data, file=file, text=text)
    sources = dict.fromkeys(_leaves(data), file.name)
    for key, variable, value in _from_environment(os.environ if environ is None else environ):
        _put(data, key, interpret(key, value))
        sources[key] = variable
    for key, value in (overrides or {}).items():
        if value is not None:
            _put(data, key, interpret(key, value) if isinstance(value, str) else value)
            sources[key] = COMMAND_LINE
    return Settings(check(data, file=file, text=text, sources=sources), file, sources)


def read_text(file: Path) -> str:
    """A settings file's text. Raises `ConfigError`, `FileNotFoundError` where there is none."""
    try:
        if not file.is_file() and file.exists():
            kind = "a folder" if file.is_dir() else "no regular file"
            raise ConfigError(f"{file}: is {kind}", "Name a TOML file.", file=file)
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        remedy = "Make the file readable for you, or name another with --config."
        raise ConfigError(f"{file}: {reason}", remedy, file=file) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{file}: larger than 1 MB", "This is no settings file.", file=file)
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{file}:{line}: is not UTF-8 text", "Save it as UTF-8.", file=file, line=line
        ) from None


def parse(text: str, file: Path) -> Data:
    """Raises `ConfigError` with the line where it is no TOML."""
    try:
        return parse_toml(text)
    except ValueError as error:  # of tomllib itself, or of a number past all bounds
        what, _, place = str(error).partition(" (at ")
        digits = place.removeprefix("line ").split(",")[0]
        line = int(digits) if digits.isdigit() else text.count("\n") + 1
        remedy = 'A setting looks like: volume = 0.8   and a text like: persona = "glados"'
        message = f"{file}:{line}: not valid TOML: {shown(what[:1].lower() + what[1:], 200)}"
        raise ConfigError(message, remedy, file=file, line=line) from None
    except TooDeep:
        raise ConfigError(f"{file}: nested too deep", "This is no settings file.") from None


def check(
    data: Data, *, file: Path, text: str = "", sources: Mapping[str, str] | None = None
) -> Config:
    """Raises `ConfigError` for the first thing that does not fit, with its place."""
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise _explain(problems[0], len(problems), file, text, sources or {}) from None


def interpret(key: str, text: str) -> Any:
    """What a text from the environment or the command line means for this key.

    A number, truth value or list as TOML writes it where the setting takes that, else the text.
    """
    try:
        value = parse_toml(f"value = {text}")
        if list(value) == ["value"] and fits(key, value["value"]):
            return value["value"]
    except (ValueError, TooDeep):
        pass
    return text


def fits(key: str, value: Any) -> bool:
    """Whether the setting takes this value."""
    data: Data = {}
    _put(data, key, value)
    try:
        Config.model_validate(data)
    except ValidationError:
        return False
    return True


def known_fields(model: type[BaseModel] = Config, prefix: str = "") -> dict[str, FieldInfo]:
    """Every setting by its dotted key, in the order of the schema."""
    found: dict[str, FieldInfo] = {}
    for name, info in model.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found.update(known_fields(inner, f"{prefix}{name}."))
        else:
            found[f"{prefix}{name}"] = info
    return found


def value_of(config: Config, key: str) -> Any:
    """The value of a dotted key that `known_fields` names."""
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return value


def unknown_key(key: str, place: str = "", **where: Any) -> ConfigError:
    """The error for a key that does not exist, with the nearest that does."""
    fields = known_fields()
    last = key.rsplit(".", 1)[-1]
    table = key.removesuffix(last)
    homes = [name for name in fields if name.rsplit(".", 1)[-1] == last]
    siblings = [name.removeprefix(table) for name in fields if name.startswith(table)]
    near = closest(last, list(dict.fromkeys(name.split(".")[0] for name in siblings)))
    meant = homes[0] if homes else f"{table}{near}" if near else None
    if meant is None and not siblings:
        meant = closest(key, list(fields))
    remedy = f'Did you mean "{meant}"? ' if meant else ""
    return ConfigError(
        f'{place}there is no setting "{shown(key, 80)}"',
        f"{remedy}`assistant config schema` lists them all.",
        key=key,
        **where,
    )


def _read_file(file: Path, *, must_exist: bool) -> tuple[Data, str]:
    try:
        text = read_text(file)
    except FileNotFoundError:
        if not must_exist:
            return {}, ""
        remedy = f"`assistant --config {file} config set KEY VALUE` makes one."
        raise ConfigError(f"{file}: no such file", remedy, file=file) from None
    return parse(text, file), text


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(dotted key, variable, value); an empty variable counts as unset."""
    for variable in sorted(environ):
        name = variable.removeprefix(PREFIX)
        if name != variable and "__" in name and not name.startswith("_") and environ[variable]:
            yield name.lower().replace("__", "."), variable, environ[variable]


def _leaves(data: Data, prefix: str = "") -> Iterator[str]:
    fields = known_fields()
    for key, value in data.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and name not in fields:
            yield from _leaves(value, f"{name}.")
        else:
            yield name


def _put(data: Data, key: str, value: Any) -> None:
    *tables, last = key.split(".")
    for table in tables:
        inner = data.get(table)
        if not isinstance(inner, dict):
            inner = data[table] = {}
        data = inner
    data[last] = value


def _explain(
    error: ErrorDetails, count: int, file: Path, text: str, sources: Mapping[str, str]
) -> ConfigError:
    fields = known_fields()
    path = [str(part) for part in error["loc"]]
    # Below a setting stand the members of its type ("str" of "str | int"), which tell nothing.
    key = next((k for n in range(len(path), 0, -1) if (k := ".".join(path[:n])) in fields), "")
    info = fields.get(key)
    if not key or error["type"] == "extra_forbidden":
        key = ".".join(path)
    source = sources.get(key, file.name)
    line = KeyLines(text).of(path) if source == file.name else None
    where: dict[str, Any] = {"file": file, "line": line} if source == file.name else {}
    place = source if source != file.name else str(file) if line is None else f"{file}:{line}"
    if error["type"] == "extra_forbidden":
        return unknown_key(key, f"{place}: ", **where)
    more = f" (and {count - 1} more)" if count > 1 else ""
    given = shown(repr(error["input"]), 50)
    message = f"{place}: {key}: {error['msg'][:1].lower()}{error['msg'][1:]}, got {given}{more}"
    remedy = " ".join((info.description or "").split()) if info else "It has to be a [table]."
    return ConfigError(message, remedy, key=key, **where)
