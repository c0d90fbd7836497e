"""Output filter, the last before the terminal: sanitises escape sequences, so that nothing drawn
acts.

Whatever is told by the session was cleaned before it came here, and panels put foreign text into
`Content`, where no markup is read. This filter sees every row last: it holds where either of them
was forgotten.
"""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from assistant.ui.letters import in_place

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
