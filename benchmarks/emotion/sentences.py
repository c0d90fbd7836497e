"""How well words alone tell a feeling, on sentences of feeling and neutral ones of our own.

The half called "reporting" was written last; it was read blind once, and the cues have been widened
by its mistakes since. All were written by the same people as the cues: strangers' sentences will do
worse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.emotion.words import read

_FILE = Path(__file__).with_name("sentences.tsv")
NEUTRAL = "neutral"
Half = Literal["tuning", "reporting"]


@dataclass(frozen=True, slots=True)
class Scored:
    """One half."""

    right: dict[str, int]
    """By kind: sentences of which the kind was found."""
    total: dict[str, int]
    false_alarms: int
    neutral: int

    @property
    def recall(self) -> float:
        """Share of all sentences of feeling whose kind was found."""
        return sum(self.right.values()) / max(1, sum(self.total.values()))

    @property
    def alarms(self) -> float:
        """Share of neutral sentences in which a feeling was found."""
        return self.false_alarms / max(1, self.neutral)


def load(file: Path = _FILE) -> dict[Half, list[tuple[str, str]]]:
    """(kind, sentence) by half; kind "neutral" has none."""
    halves: dict[Half, list[tuple[str, str]]] = {"tuning": [], "reporting": []}
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        half, kind, sentence = line.split("\t")
        halves["reporting" if half == "reporting" else "tuning"].append((kind, sentence))
    return halves


def score(
    sentences: list[tuple[str, str]],
    tell: Callable[[str, str, str], None] = lambda kind, found, sentence: None,
) -> Scored:
    """`tell(kind, found, sentence)` hears of every mistake."""
    right: dict[str, int] = {}
    total: dict[str, int] = {}
    alarms = neutral = 0
    for kind, sentence in sentences:
        found = read(sentence).kind or NEUTRAL
        if kind == NEUTRAL:
            neutral += 1
            alarms += found != NEUTRAL
        else:
            total[kind] = total.get(kind, 0) + 1
            right[kind] = right.get(kind, 0) + (found == kind)
        if found != kind:
            tell(kind, found, sentence)
    return Scored(right, total, alarms, neutral)
