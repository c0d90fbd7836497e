"""Choosing among variants so that nothing is said twice within ten turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from random import Random

WINDOW = 10
"""Answers within which no text comes back."""
MOST = 4_096
"""Texts of which it is known when they were used; there are fewer templates, but answers that
repeat what was said are all different."""

Pieces = tuple[str, ...]
"""An answer as the sentences it is spoken in."""


class Chooser:
    """Picks the variant that was used longest ago; deterministic for a seeded `random`.

    An answer may be made of several picks (a greeting, then the time): each counts by itself, and
    `next_turn` closes the answer.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._turn = 0
        self._used: dict[str, int] = {}
        self._recent: deque[set[str]] = deque([set()], maxlen=WINDOW)

    def next_turn(self) -> None:
        """Begin a new answer."""
        self._turn += 1
        self._recent.append(set())

    def oldest_first(self, variants: Sequence[str]) -> list[str]:
        """The variants, least recently used first; those never used in random order."""
        shuffled = self._random.sample(list(variants), len(variants))
        return sorted(shuffled, key=lambda text: self._used.get(text, -1))

    def fresh(self, pieces: Pieces) -> bool:
        """Whether this text was not said within the window."""
        text = _key(pieces)
        return not any(text in turn for turn in self._recent)

    def mark(self, pieces: Pieces, templates: Iterable[str] = ()) -> None:
        """Note that this was said, and which templates it was made from."""
        self._recent[-1].add(_key(pieces))
        for text in (*pieces, *templates):
            self._used.pop(text, None)
            self._used[text] = self._turn
        while len(self._used) > MOST:
            del self._used[next(iter(self._used))]


def _key(pieces: Pieces) -> str:
    return " ".join(pieces).casefold()
