"""What the terminal's encoding cannot write is written otherwise, and never left out.

Two ways: foreign text is rewritten before it is laid out, where a letter may become several; what
is drawn (frames, bars, signs) is rewritten in its place and keeps its width.
"""

from __future__ import annotations

import sys
import unicodedata

from rich.cells import cell_len

from assistant.terminal.transliteration import can_write, similar, similar_of_width, writes_all

_encoding = "utf-8"


def write_in(encoding: str | None) -> None:
    """Write for a terminal of this encoding from now on; None: UTF-8."""
    global _encoding
    _encoding = encoding or "utf-8"


def terminal_encoding() -> str:
    """Of standard output, as the locale or `PYTHONIOENCODING` says."""
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def legible(text: str) -> str:
    """`text` in characters that the terminal can write; a letter that has no likeness among them
    is told by its number: "\\\\u674e"."""
    if text.isascii() or writes_all(_encoding):
        return text
    text = unicodedata.normalize("NFC", text)
    return "".join(similar(c, _encoding) for c in text)


def in_place(text: str) -> str:
    """The same for a row that is laid out already: as many cells as before."""
    if text.isascii() or writes_all(_encoding) or can_write(text, _encoding):
        return text
    return "".join(similar_of_width(c, cell_len(c), _encoding) for c in text)
