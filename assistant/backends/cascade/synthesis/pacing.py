"""Pacing: a clause begins to sound before it is rendered only where the rest will be there in time.

Between two clauses a pause is heard as one; in the middle of a clause it is a fault.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from assistant.backends.cascade.synthesis.tts import SoundPart
from assistant.frames import SAMPLE_RATE

SLOW = 0.65
"""Seconds that a second of speech takes to render, above which clauses are rendered whole: each
chunk is half as long again as the one that has to cover it."""


class Pacing:
    """Watches how long rendering takes, and holds clauses back while it takes too long. For one
    thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._pace = 0.0
        """Seconds for a second of speech, lately; at first the best is hoped for."""

    def paced(self, parts: Iterator[SoundPart]) -> Iterator[SoundPart]:
        """The parts of a clause as they come, or all in one."""
        if self._pace <= SLOW:
            yield from self._timed(parts)
            return
        rendered = [part.sound for part in self._timed(parts)]
        if rendered:
            yield SoundPart(np.concatenate(rendered), 0)

    def _timed(self, parts: Iterator[SoundPart]) -> Iterator[SoundPart]:
        began, first = self._clock(), True
        for part in parts:
            # The beginning of a clause has nothing to be in time for, and takes longest.
            if part.sound.size and not (first and part.left):
                seconds = len(part.sound) / SAMPLE_RATE
                self._pace = (self._pace + (self._clock() - began) / seconds) / 2
            yield part
            began, first = self._clock(), False
