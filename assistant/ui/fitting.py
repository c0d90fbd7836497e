"""Text that fits: what gives way first when a line has too little room.

A `Fragment` is one piece of a status line with shorter and shorter ways to say it. No word is ever
cut: a fragment is said shorter, or left out, in the order of its priority.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len


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


def ellipsis(text: str, width: int) -> str:
    """`text` in at most `width` cells, cut between two words and ended with "…"."""
    if cell_len(text) <= width:
        return text
    kept = ""
    for word in text.split():
        longer = f"{kept} {word}" if kept else word
        if cell_len(longer) + 1 > width:
            break
        kept = longer
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
        text = fragment.variants[index] if index < len(fragment.variants) else ""
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
