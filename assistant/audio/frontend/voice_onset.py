"""Voice onset detection, for barge-in: Silero every 16 ms, and the levels around it.

Two detectors hear the same sound, their windows of 32 ms half a window apart: a voice that begins
waits 16 ms at most until a window ends, and each detector still has the unbroken stream that it was
trained on. Both together cost about one hundredth of a core.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from assistant.audio.types import Float32
from assistant.audio.vad import OFF, ON, RATE, WINDOW_SAMPLES, Detector, Downsampler

_HOP = WINDOW_SAMPLES // 2
_HANGOVER = round(0.3 * RATE / _HOP)
"""Hops without voice after which it has ended."""
_SURE = 0.9
"""Probability that needs no second window to agree."""
_HARDLY = 0.15
"""Probability that is not nothing."""
_OVER_FLOOR_DB = 4.0
_FAR_OVER_DB = 15.0
_UNKNOWN_DB = -70.0
"""A room's noise until it is known."""
_SOFTEST_DB = -62.0
"""A voice nearer than the other end of a large room is louder than this (dB full scale)."""


def level_db(sound: Float32) -> float:
    """Root mean square of float32 [n], dB full scale; −120 for silence."""
    power = float(np.dot(sound, sound)) / max(1, sound.size)
    return 10 * float(np.log10(power + 1e-12))


class NoiseFloor:
    """Level of the room without anybody speaking: low among the last three seconds' blocks."""

    _BLOCKS = 300
    _LOW = 20.0
    """Per cent of the blocks that are softer."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=self._BLOCKS)
        self._until_anew = 0
        self.db = _UNKNOWN_DB

    def push(self, level: float) -> None:
        """The level of 10 ms in which nothing is played."""
        if level <= -119.0:
            # Digital silence tells nothing of the room. It counts all the same: behind a noise gate
            # the user's own voice would be all that is left to take for the room's noise.
            level = _UNKNOWN_DB
        self._levels.append(level)
        self._until_anew -= 1
        if self._until_anew <= 0 and len(self._levels) >= 10:
            self.db = float(np.percentile(np.fromiter(self._levels, np.float32), self._LOW))
            self._until_anew = 10


@dataclass(frozen=True, slots=True)
class Hop:
    """What is known of the last 32 ms, every 16 ms."""

    probability: float
    """That somebody speaks in them."""
    before: float
    """The same, 16 ms earlier."""
    level: float
    """Their loudest 8 ms, dB full scale."""


class VoiceProbability:
    """From 10 ms blocks to Silero's opinion every 16 ms."""

    def __init__(self) -> None:
        self._detectors = (Detector(), Detector())
        self.restart()

    def restart(self) -> None:
        """Another stream begins."""
        for detector in self._detectors:
            detector.reset()
        self._down = Downsampler()
        self._sound = np.zeros(WINDOW_SAMPLES - _HOP, np.float32)
        self._turn = 0
        self._before = 0.0

    def push(self, block: Float32) -> list[Hop]:
        """float32 [240] at 24 kHz → the hops that end in it, none or one."""
        self._sound = np.concatenate((self._sound, self._down(block)))
        hops = []
        while self._sound.size >= WINDOW_SAMPLES:
            window = self._sound[:WINDOW_SAMPLES]
            self._sound = self._sound[_HOP:]
            probability = self._detectors[self._turn].probability(window)
            self._turn = 1 - self._turn
            powers = np.mean(window.reshape(4, -1) ** 2, axis=1)
            level = 10 * float(np.log10(float(powers.max()) + 1e-12))
            hops.append(Hop(probability, self._before, level))
            self._before = probability
        return hops


class VoiceOnset:
    """Decides from hop to hop whether the user's voice is there."""

    def __init__(self) -> None:
        self.speaking = False
        self._silent_hops = 0

    def restart(self) -> None:
        """Nobody speaks."""
        self.speaking = False
        self._silent_hops = 0

    def is_candidate(self, hop: Hop, floor: float) -> bool:
        """Whether a voice may begin here, as far as the sound alone tells. `floor`: dB that have to
        be exceeded, the room's noise or what is left of the echo."""
        if hop.level < max(floor + _OVER_FLOOR_DB, _SOFTEST_DB):
            return False
        return hop.probability >= _SURE or (hop.probability >= ON and hop.before >= OFF)

    def is_candidate_over(self, hop: Hop, floor: float) -> bool:
        """The same while the assistant speaks: the canceller bites so much off the first syllable
        that Silero is late with it. What rises far over the echo that is left is a candidate even
        if it sounds but a little like speech."""
        if hop.level >= max(floor + _FAR_OVER_DB, _SOFTEST_DB) and hop.probability >= _HARDLY:
            return True
        return self.is_candidate(hop, floor)

    def push(self, hop: Hop, begins: bool, *, goes_on: bool = True) -> None:
        """`begins`: the user's voice may begin in this hop. `goes_on`: what there is of voice may
        be the user's."""
        if begins:
            self.speaking = True
        if begins or (goes_on and hop.probability >= OFF):
            self._silent_hops = 0
        else:
            self._silent_hops += 1
        if self.speaking and self._silent_hops >= _HANGOVER:
            self.speaking = False


HOP_SECONDS = _HOP / RATE
"""Seconds from one hop to the next: 0.016."""
