"""Text that fits: what gives way first when a line has too little room.

A `Fragment` is one piece of a status line with shorter and shorter ways to say it. No word is ever
cut: a fragment is said shorter, or left out, in the order of its priority.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from assistant.terminal.sanitize import clean_line, clean_text
from assistant.ui.letters import legible


@dataclass(frozen=True, slots=True)
class Fragment:
    """One thing that a line says. `variants` goes from the longest to the shortest wording."""

    key: str
    variants: tuple[str, ...]
    priority: int = 0
    """Higher ones keep their words longer."""
    style: str = ""
    action: str = ""
    """What a click does."""


_SHORTEST_CUT = 8
"""Cells from which the beginning of a word tells more than nothing."""

Placed = tuple[Fragment, str]
"""A fragment and the wording that fits."""


def fit(
    fragments: Sequence[Fragment], width: int, rows: int = 1, gap: int = 3
) -> list[list[Placed]]:
    """Choose wordings so that all fits in `rows` lines of `width` cells, `gap` cells between two.

    Gives back the lines, each at most `width` cells wide; what has no room is left out.
    """
    chosen = [0] * len(fragments)
    by_priority = sorted(range(len(fragments)), key=lambda index: fragments[index].priority)
    while True:
        lines = _pack(fragments, chosen, width, gap)
        if lines is not None and len(lines) <= rows:
            return lines
        if not _shorten(fragments, chosen, by_priority):
            return (lines or [])[:rows]


def one_line(text: str) -> str:
    """`text` without line breaks, tabs, and what acts on a terminal."""
    return legible(text if text.isprintable() else clean_line(text))


def lines_of(text: str) -> str:
    """`text` without what acts on a terminal; lines stay lines."""
    return legible(clean_text(text))


def shortened(text: str, letters: int) -> str:
    """`text`, with a sign at its end where it is longer than `letters`."""
    return text if len(text) <= letters else text[: letters - 1] + "…"


def size_words(text: str) -> str:
    """How much it is, as it would be saved: "100 kB"."""
    size = len(text.encode(errors="replace"))
    return f"{size / 1000:.0f} kB" if size >= 1000 else f"{size} bytes"


def spelled_out(text: str) -> str:
    """`text` with an escape for each character that cannot be seen: nothing in it is hidden."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def as_json(value: object) -> str:
    """What a tool was given, as it would be written; of what cannot be written so the outline."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return reprlib.repr(value)


def ellipsis(text: str, width: int) -> str:
    """`text` on one line of at most `width` cells, cut between two words and ended with "…". Only
    a first word that has no room by itself is cut."""
    text = one_line(text)
    if cell_len(text) <= width:
        return text
    kept = ""
    for word in text.split():
        longer = f"{kept} {word}" if kept else word
        if cell_len(longer) + 1 > width:
            break
        kept = longer
    if not kept and width > _SHORTEST_CUT:
        kept = set_cell_size(text.split()[0], width - 1).rstrip()
    return kept.rstrip(",;:—-") + "…" if kept else ""


def _shorten(fragments: Sequence[Fragment], chosen: list[int], by_priority: list[int]) -> bool:
    """One step: first everything is said in its shortest way, only then is anything left out."""
    for last_kept in (1, 0):
        for index in by_priority:
            if chosen[index] < len(fragments[index].variants) - last_kept:
                chosen[index] += 1
                return True
    return False


def _pack(
    fragments: Sequence[Fragment], chosen: list[int], width: int, gap: int
) -> list[list[Placed]] | None:
    """Lines filled from the left, or None where one wording alone is too wide."""
    lines: list[list[Placed]] = [[]]
    used = 0
    for fragment, index in zip(fragments, chosen, strict=True):
        text = one_line(fragment.variants[index]) if index < len(fragment.variants) else ""
        if not text:
            continue
        needed = cell_len(text)
        if needed > width:
            return None
        if lines[-1] and used + gap + needed > width:
            lines.append([])
        used = needed if not lines[-1] else used + gap + needed
        lines[-1].append((fragment, text))
    return [line for line in lines if line]


# Words in a line that do something when they are clicked.

_META = "press"


def pressing(content: Content, action: str) -> Content:
    """`content`, whose click runs `action`. Unlike a link it keeps its own colours."""
    return content.stylize(Style.from_meta({_META: action})) if action else content


def pressed(event: events.Click) -> str:
    """The action of the words under the pointer; "" where they have none."""
    return str(event.style.meta.get(_META, ""))


class ClickableLine(Widget):
    """A line with `pressing` words in it."""

    ALLOW_SELECT = False

    async def on_click(self, event: events.Click) -> None:
        if action := pressed(event):
            event.stop()
            await self.run_action(action)
