"""Reading TOML that anybody may have written, and telling what is wrong with it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from assistant.terminal.sanitize import clean_line

KeyPath = tuple[str | int, ...]

MAX_DEPTH = 16
"""Tables and lists within each other, as deep as a file may go; ours go three deep."""

_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}""")
"""A dotted key so long that the parser, whose time grows with its square, never gets to see it."""
_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*\[(\[?)\s*({_DOTTED})\s*\]{{1,2}}\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")


class TooDeep(Exception):
    """Tables or lists stand deeper within each other than anything here needs."""


def parse_toml(text: str) -> dict[str, Any]:
    """Raises `TooDeep`, and `ValueError` where it is no TOML or a number is past all bounds."""
    if _LONG_KEY.search(text):
        raise TooDeep
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise TooDeep from None
    if _is_too_deep(tables):
        raise TooDeep
    return tables


def _is_too_deep(tables: dict[str, Any]) -> bool:
    """Layer by layer: a dotted key nests as deep as it is long, past what recursion bears."""
    layer: list[Any] = [tables]
    for _ in range(MAX_DEPTH):
        inner = [each.values() if isinstance(each, dict) else each for each in layer]
        layer = [each for values in inner for each in values if isinstance(each, (dict, list))]
    return bool(layer)


class KeyLines:
    """Where each key of a TOML text stands. A scan of lines, good enough to point a finger."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _lines(self) -> dict[KeyPath, int]:
        """Made when first asked for: most files have nothing wrong with them."""
        found: dict[KeyPath, int] = {}
        table: KeyPath = ()
        entries: Counter[KeyPath] = Counter()
        inside_text = False
        for number, line in enumerate(self._text.split("\n"), start=1):
            started_inside = inside_text
            if (line.count('"""') + line.count("'''")) % 2:
                inside_text = not inside_text
            if started_inside:
                continue
            if header := _HEADER.match(line):
                table = _split(header[2])
                found.setdefault(table, number)
                if header[1]:
                    # Entries of [[a list of tables]] are counted, as in the paths of errors.
                    entries[table] += 1
                    table = (*table, entries[table] - 1)
                    found[table] = number
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


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_NAME, dotted))


def closest(word: str, words: Sequence[str]) -> str | None:
    """The one of `words` that was probably meant."""
    return next(iter(difflib.get_close_matches(word, words, n=1, cutoff=0.6)), None)


def shown(text: str, limit: int = 40) -> str:
    """`text` fit for a terminal: nothing that could move its cursor, and not too long."""
    safe = clean_line("".join(c if c.isprintable() else "�" for c in text))
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"
