"""Reading TOML that anybody may have written."""

from __future__ import annotations

import tomllib
from typing import Any

MAX_DEPTH = 16
"""Tables and lists within each other, as deep as a file may go; ours go three deep."""


class TooDeep(Exception):
    """Tables or lists stand deeper within each other than anything here needs."""


def parse_toml(text: str) -> dict[str, Any]:
    """Raises `TooDeep`, and `ValueError` where it is no TOML or a number is past all bounds."""
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
