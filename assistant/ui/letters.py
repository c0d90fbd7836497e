"""What the terminal's encoding cannot write is written otherwise, and never left out.

Two ways: foreign text is rewritten before it is laid out, where a letter may become several; what
is drawn (frames, bars, signs) is rewritten in its place and keeps its width.
"""

from __future__ import annotations

import re
import sys
import unicodedata

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

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


def writes_blocks() -> bool:
    """Whether pictures can be drawn in blocks and dots."""
    return in_place(_BLOCKS) == _BLOCKS


_BLOCKS = "▀▄⣿"

# Output filter, the last before the terminal: sanitises escape sequences, so that nothing drawn
# acts.

# Controls, changes of the reading direction, halves of characters: all without a cell of
# their own but the last. Joiners and selectors stay, emojis are made with them.
_ACTING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff]"
)


def inert(text: str) -> str:
    """`text` without the characters that a terminal obeys; as many cells wide as before."""
    if text.isascii() and text.isprintable():
        return text
    text = in_place(text)
    kept = _ACTING.sub("", text)
    return kept + " " * max(0, cell_len(text) - cell_len(kept))


class EscapeFilter(LineFilter):
    """Takes everything out of a row that a terminal would obey."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.control else Segment(inert(segment.text), segment.style)
            for segment in segments
        ]
