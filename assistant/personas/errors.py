"""From a validation error to words that help: the line, the fault, the remedy."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from assistant.personas.schema import (
    Colors,
    Lines,
    Moshi,
    Persona,
    PromptTexts,
    Voice,
    WaveformGlyphs,
)
from assistant.terminal.sanitize import clean_line

KeyPath = tuple[str | int, ...]

_TABLES: Mapping[str, type[BaseModel]] = {
    "": Persona,
    "prompt": PromptTexts,
    "lines": Lines,
    "voice": Voice,
    "moshi": Moshi,
    "colors": Colors,
    "waveform": WaveformGlyphs,
}
_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*\[{{1,2}}\s*({_DOTTED})\s*\]{{1,2}}\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
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


class KeyLines:
    """Where each key of a TOML text stands. A scan of lines, good enough to point a finger."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _lines(self) -> dict[KeyPath, int]:
        """Made when first asked for: most files have nothing wrong with them."""
        found: dict[KeyPath, int] = {}
        table: tuple[str, ...] = ()
        inside_text = False
        for number, line in enumerate(self._text.split("\n"), start=1):
            started_inside = inside_text
            if (line.count('"""') + line.count("'''")) % 2:
                inside_text = not inside_text
            if started_inside:
                continue
            if header := _HEADER.match(line):
                table = _split(header[1])
                found.setdefault(table, number)
            elif key := _KEY.match(line):
                found.setdefault(table + _split(key[1]), number)
        return found

    def of(self, path: Sequence[str | int]) -> int | None:
        """The line of this key, else of the table or list it belongs to, else None."""
        for length in range(len(path), 0, -1):
            line = self._lines.get(tuple(path[:length]))
            if line is not None:
                return line
        return None


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


def closest(word: str, words: Sequence[str]) -> str | None:
    """The one of `words` that was probably meant."""
    return next(iter(difflib.get_close_matches(word, words, n=1, cutoff=0.6)), None)


def shown(text: str, limit: int = 40) -> str:
    """`text` fit for a terminal: nothing that could move its cursor, and not too long."""
    safe = clean_line("".join(c if c.isprintable() else "�" for c in text))
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


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


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_NAME, dotted))


def _clipped(value: object) -> str:
    return shown(str(value).lower() if isinstance(value, bool) else repr(value), limit=50)


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
