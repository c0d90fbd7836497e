"""A clause that would run dry in the middle is waited for whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from assistant.backends.cascade.synthesis.pacing import Pacing
from assistant.backends.cascade.synthesis.tts import SoundPart


class Renderer:
    """Parts of a second each, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.seconds = 0.2
        """For a second of speech."""

    def clause(self) -> Iterator[SoundPart]:
        for left in (2, 1, 0):
            self.now += self.seconds
            yield SoundPart(np.full(24_000, 0.1, np.float32), left * 24_000)


def lengths(pacing: Pacing, renderer: Renderer) -> list[int]:
    """Samples of each part of a clause; one is heard while nothing is rendered."""
    found = []
    for part in pacing.paced(renderer.clause()):
        renderer.now += 5.0
        found.append(len(part.sound))
        assert part.left == 24_000 * 3 - sum(found)
    return found


def test_a_quick_machine_speaks_as_it_renders() -> None:
    renderer = Renderer()
    pacing = Pacing(lambda: renderer.now)
    for _ in range(3):
        assert lengths(pacing, renderer) == [24_000] * 3


def test_a_slow_one_speaks_whole_clauses_until_it_is_quick_again() -> None:
    renderer = Renderer()
    pacing = Pacing(lambda: renderer.now)
    renderer.seconds = 1.2
    lengths(pacing, renderer)
    assert lengths(pacing, renderer) == [72_000]
    renderer.seconds = 0.2
    assert lengths(pacing, renderer) == [72_000], "of that nothing is known yet"
    assert lengths(pacing, renderer) == [24_000] * 3


def test_nothing_stays_nothing() -> None:
    renderer = Renderer()
    pacing = Pacing(lambda: renderer.now)
    renderer.seconds = 3.0
    lengths(pacing, renderer)
    assert [*pacing.paced(iter(()))] == []
