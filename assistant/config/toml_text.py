"""Reading TOML that anybody may have written."""

from __future__ import annotations

import re
import tomllib
from typing import Any

MAX_DEPTH = 16
"""Tables and lists within each other, as deep as a file may go; ours go three deep."""

_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}""")
"""A dotted key so long that the parser, whose time grows with its square, never gets to see it."""


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
