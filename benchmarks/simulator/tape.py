"""What was really played and said, sparsely written down: the loudest sample of each millisecond.

The measures are taken from this and from the session's events, never from the inside of anything.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE
from benchmarks.simulator.audio import STEP_SAMPLES

MS_SAMPLES = SAMPLE_RATE // 1000
_STEP_MS = STEP_SAMPLES // MS_SAMPLES
VOICED_PEAK = 0.003
"""−50 dBFS: from here on sound is heard as speech, as in `assistant.audio.playback.jitter`."""
SILENT_PEAK = 0.001
"""−60 dBFS: under this a fade is over."""
BREATH = 0.7
"""Seconds without voice inside of one speech: between sentences there is less."""


class LiveTape:
    """A `Tape` that also knows at any moment for how long the assistant has been heard."""

    def __init__(self, *, keep_sound: bool = False) -> None:
        """`keep_sound`: all of what was played, too, for `sound`."""
        self._played: list[Float32] = []
        self._said: list[Float32] = []
        self._sound: list[Float32] | None = [] if keep_sound else None
        self._ms = 0
        self._began: int | None = None
        self._voiced_until: int | None = None

    def step(self, played: Float32, said: Float32) -> None:
        envelope = np.abs(played).reshape(_STEP_MS, MS_SAMPLES).max(axis=1)
        self._played.append(envelope)
        self._said.append(np.abs(said).reshape(_STEP_MS, MS_SAMPLES).max(axis=1))
        if self._sound is not None:
            self._sound.append(played)
        voiced = np.flatnonzero(envelope >= VOICED_PEAK)
        if voiced.size:
            first = self._ms + int(voiced[0])
            if self._voiced_until is None or first - self._voiced_until > 1000 * BREATH:
                self._began = first
            self._voiced_until = self._ms + int(voiced[-1]) + 1
        self._ms += _STEP_MS

    @property
    def spoken_for(self) -> float:
        """Seconds since the assistant's present speech began; 0 where it is silent."""
        if self._began is None or self.quiet_for > BREATH:
            return 0.0
        return (self._ms - self._began) / 1000

    @property
    def quiet_for(self) -> float:
        """Seconds since the assistant was last heard; infinite where it never was."""
        if self._voiced_until is None:
            return float("inf")
        return (self._ms - self._voiced_until) / 1000

    def envelopes(self) -> Envelopes:
        return Envelopes(_joined(self._played), _joined(self._said))

    def sound(self, begin: float, end: float) -> Float32:
        """What was played between two seconds, float32 [n]; empty where no sound was kept."""
        whole = _joined(self._sound or [])
        return whole[round(begin * SAMPLE_RATE) : round(end * SAMPLE_RATE)]


class Envelopes:
    """The finished tape: float32 [milliseconds] of speaker and mouth, and questions about them.
    All times are seconds."""

    def __init__(self, played: Float32, said: Float32) -> None:
        self.played = played
        self.said = said

    def played_from(self, second: float, *, limit: float) -> float | None:
        """When the assistant is heard first, from `second` on and before `limit`."""
        return _first(self.played, second, limit, VOICED_PEAK)

    def said_between(self, begin: float, end: float) -> tuple[float, float] | None:
        """First and last voiced moment of the user in there."""
        start = max(0, round(1000 * begin))
        voiced = np.flatnonzero(self.said[start : round(1000 * end)] >= VOICED_PEAK)
        if not voiced.size:
            return None
        return (start + int(voiced[0])) / 1000, (start + int(voiced[-1]) + 1) / 1000

    def is_heard(self, begin: float, end: float) -> bool:
        """Whether the assistant was heard between these."""
        return self.played_from(begin, limit=end) is not None

    def silent_from(self, second: float, *, limit: float, lasting: float) -> float | None:
        """When the speaker falls silent (under −60 dBFS for `lasting` seconds) from `second` on;
        None where it does not before `limit`."""
        start, end = round(1000 * second), round(1000 * limit)
        needed = round(1000 * lasting)
        loud = np.flatnonzero(self.played[start : end + needed] >= SILENT_PEAK)
        edges: list[int] = [-1, *loud.tolist(), end + needed - start]
        for before, after in itertools.pairwise(edges):
            if after - before > needed and before + 1 <= end - start:
                return (start + before + 1) / 1000
        return None


def _first(envelope: Float32, begin: float, end: float, peak: float) -> float | None:
    start = max(0, round(1000 * begin))
    found: NDArray[np.intp] = np.flatnonzero(envelope[start : round(1000 * end)] >= peak)
    return (start + int(found[0])) / 1000 if found.size else None


def _joined(blocks: list[Float32]) -> Float32:
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
