"""What the terminal's encoding cannot write is written otherwise, and never left out.

Two ways: foreign text is rewritten before it is laid out, where a letter may become several; what
is drawn (frames, bars, signs) is rewritten in its place and keeps its width.
"""

from __future__ import annotations

import sys
import unicodedata
from functools import lru_cache

from rich.cells import cell_len

# fmt: off
_SIMILAR = {
    **dict.fromkeys("‘’‚‹›′", "'"), **dict.fromkeys("“”„«»″", '"'),
    **dict.fromkeys("‐‑‒–—―−─━═▔▁▂", "-"), **dict.fromkeys("│┃║▌▐▎▏▕┆", "|"),
    **dict.fromkeys("╭╮╯╰┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋", "+"),
    **dict.fromkeys("•●○◉◌◐◔⬤◆◇·∙", "*"), **dict.fromkeys("█▓▒░▇▆▅▄▃■", "#"),
    **dict.fromkeys("✓✔", "v"), **dict.fromkeys("×✕✗✘⊘", "x"), **dict.fromkeys("→▶▸❯↻", ">"),
    **dict.fromkeys("←◀◂", "<"), **dict.fromkeys("↑▲", "^"), **dict.fromkeys("↓▼", "v"),
    "…": "...", "€": "EUR", "ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "þ": "th",
    "Æ": "AE", "Ø": "O", "Ł": "L", "Đ": "D", "Þ": "Th", "œ": "oe", "Œ": "OE", "№": "No.",
}
# fmt: on
_encoding = "utf-8"


def write_in(encoding: str | None) -> None:
    """Write for a terminal of this encoding from now on; None: UTF-8."""
    global _encoding
    _encoding = encoding or "utf-8"
    _otherwise.cache_clear()


def terminal_encoding() -> str:
    """Of standard output, as the locale or `PYTHONIOENCODING` says."""
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def legible(text: str) -> str:
    """`text` in characters that the terminal can write; a letter that has no likeness among them
    is told by its number: "\\\\u674e"."""
    if text.isascii() or _encoding.startswith("utf"):
        return text
    text = unicodedata.normalize("NFC", text)
    return text if _writable(text) else "".join(map(_otherwise, text))


def in_place(text: str) -> str:
    """The same for a row that is laid out already: as many cells as before."""
    if text.isascii() or _encoding.startswith("utf") or _writable(text):
        return text
    return "".join(c if _writable(c) else _of_width(c, cell_len(c)) for c in text)


def _of_width(character: str, cells: int) -> str:
    other = _otherwise(character)
    return other if len(other) == cells else (other[0] if cells == 1 else "?" * cells)


@lru_cache(4_096)
def _otherwise(character: str) -> str:
    if _writable(character):
        return character
    similar = _SIMILAR.get(character, "")
    if not similar:
        parts = unicodedata.normalize("NFKD", character)
        similar = "".join(c for c in parts if not unicodedata.combining(c) and _writable(c))
    return similar or ascii(character)[1:-1]


def _writable(text: str) -> bool:
    try:
        text.encode(_encoding)
    except UnicodeError:
        return False
    return True
