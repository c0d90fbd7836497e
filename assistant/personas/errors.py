"""From a validation error to words that help: the line, the fault, the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from assistant.config.toml_text import KeyLines, KeyPath, closest, shown
from assistant.personas.schema import (
    Colors,
    Lines,
    Moshi,
    Persona,
    PromptTexts,
    Voice,
    WaveformGlyphs,
)

_TABLES: Mapping[str, type[BaseModel]] = {
    "": Persona,
    "prompt": PromptTexts,
    "lines": Lines,
    "voice": Voice,
    "moshi": Moshi,
    "colors": Colors,
    "waveform": WaveformGlyphs,
}
_WANTED = {
    "string_type": "must be a text in quotes",
    "list_type": "must be a list of texts in [brackets]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
}


@dataclass(frozen=True, slots=True)
class PersonaProblem:
    """Something wrong in a file, not yet tied to its path."""

    line: int | None
    message: str
    remedy: str = ""
    absent: bool = False
    """Something is not there, often only because it stands misspelt on another line."""


def explain(error: ErrorDetails, lines: KeyLines) -> PersonaProblem:
    """One of pydantic's errors, in the words of somebody who writes a persona."""
    path = error["loc"]
    line, kind, name = lines.of(path), error["type"], _named(path)
    if kind == "extra_forbidden":
        return PersonaProblem(line, f"unknown key {name}", _suggestion(path))
    if kind == "missing":
        what = "table" if len(path) == 1 and path[0] in _TABLES else "key"
        return PersonaProblem(line, f"the {what} {name} is missing", _how_to_add(path), absent=True)
    if kind == "string_pattern_mismatch":
        return PersonaProblem(line, f"{name} is not a color", 'Write it as six digits: "#1a2b3c".')
    if kind in _WANTED:
        return PersonaProblem(
            line, f"{name} {_WANTED[kind]}", f"It is {_clipped(error['input'])} now."
        )
    return PersonaProblem(line, f"{name}: {_lowered(error['msg'])}", "Change it to fit.")


def _suggestion(path: KeyPath) -> str:
    table, key = ".".join(str(part) for part in path[:-1]), str(path[-1])
    known = [name for name in _fields(table) if name != "slug"]
    homes = [home for home in _TABLES if key in _fields(home)]
    if homes:
        place = f"in the table [{homes[0]}]" if homes[0] else "at the top, before any [table]"
        return f'"{shown(key)}" belongs {place}.'
    meant = closest(key.lower(), known)
    if meant is not None:
        return f'Did you mean "{meant}"?'
    return "Remove it: no key of this name is known here."


def _how_to_add(path: KeyPath) -> str:
    if len(path) == 1:
        key = str(path[0])
        return f"Add a [{key}] table." if key in _TABLES else f"Add {key} = … at the top."
    return f"Add {path[-1]} = … to the table [{path[0]}]."


def _fields(table: str) -> list[str]:
    model = _TABLES.get(table)
    return list(model.model_fields) if model else []


def _named(path: KeyPath) -> str:
    """ "item 2 of lines.joke"."""
    keys = ".".join(shown(part) for part in path if isinstance(part, str))
    item = next((part for part in path if isinstance(part, int)), None)
    return f'"{keys}"' if item is None else f'item {item + 1} of "{keys}"'


def _clipped(value: object) -> str:
    return shown(str(value).lower() if isinstance(value, bool) else repr(value), limit=50)


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
