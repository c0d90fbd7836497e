"""Transliteration: what stands for a character that an encoding lacks, of a terminal for example.

A pure table with rules around it; who writes decides where a letter may become several (text that
is laid out afterwards, standard output) and where it must keep its width (frames, bars, signs).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# fmt: off
_SIMILAR = {
    **dict.fromkeys("‘’‚‛′´`ʹʼ‹›", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−─━═╌╍▔▁▂", "-"),
    **dict.fromkeys("│┃║┆▌▐▎▏▕", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬╭╮╯╰╞╡╪┡┩╇", "+"),
    **dict.fromkeys("•●◦‣⁃∙·○◉◌◐◔⬤◆◇", "*"),
    **dict.fromkeys("█▓▒░▇▆▅▄▃▀■", "#"),
    **dict.fromkeys("✓✔", "v"),
    **dict.fromkeys("×✕✗✘⊘", "x"),
    **dict.fromkeys("→➜▶▸▷❯↻", ">"),
    **dict.fromkeys("←◀◂", "<"),
    **dict.fromkeys("↑▲", "^"),
    **dict.fromkeys("↓▼", "v"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000", " "),
    "…": "...", "÷": "/", "⁄": "/", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "±": "+/-",
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L",
    "ı": "i", "ħ": "h", "Ħ": "H", "€": "EUR", "£": "GBP", "¥": "JPY", "¢": "c", "§": "par.",
    "©": "(c)", "®": "(R)", "°": " deg", "µ": "u", "¿": "?", "¡": "!", "№": "No.", "�": "?",
}
# fmt: on


def writes_all(encoding: str) -> bool:
    """Whether it is one of Unicode, so that nothing needs to be rewritten."""
    return "utf" in encoding.lower()


def can_write(text: str, encoding: str) -> bool:
    """Whether all of it can be written in this encoding."""
    try:
        text.encode(encoding)
    except UnicodeError:
        return False
    return True


@lru_cache(4_096)
def similar(character: str, encoding: str) -> str:
    """The nearest to a character that can be written: itself, a sign like it, its letter without
    marks, its name, or its number ("\\\\u674e"); "" for one that only changes what stands before
    it."""
    if can_write(character, encoding):
        return character
    nearest = _nearest(character, encoding)
    if nearest is not None:
        return nearest
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf", "Sk"):
        return ""
    name = unicodedata.name(character, "").lower()
    if category == "So" and name:
        return f"({name})"
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


@lru_cache(4_096)
def similar_of_width(character: str, cells: int, encoding: str) -> str:
    """The same in as many cells as the character takes: the first letter of what is longer, and
    "?" where nothing is like it."""
    if can_write(character, encoding):
        return character
    nearest = _nearest(character, encoding) or ""
    for found in (nearest, nearest[:1]):
        if sum(map(_cells, found)) == cells:
            return found
    return "?" * cells


def _cells(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _nearest(character: str, encoding: str) -> str | None:
    """By the table, else its letters without marks."""
    parts = unicodedata.normalize("NFKD", character)
    letters = [part for part in parts if not unicodedata.combining(part)]
    for found in (_SIMILAR.get(character), "".join(_SIMILAR.get(c, c) for c in letters)):
        if found is not None and can_write(found, encoding):
            return found
    return None
