"""One long sound out of many recordings, with what is known of where each of them lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import FRAME_SAMPLES, SAMPLE_RATE
from benchmarks.ears.clips import Clip

GAPS = (2.0, 4.0)
"""Seconds from the end of a recording to the start of the next, the shortest and the longest."""
GAIN_DB = 3.0
"""Recordings are up to so much louder or softer than their nominal level: people move."""
_LAST = 4.0
"""Seconds after the last recording."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A recording in the long sound. All times are seconds from its start."""

    clip: Clip
    start: float
    gain: float
    """Factor of its samples."""

    @property
    def end(self) -> float:
        return self.start + self.clip.seconds

    @property
    def voice(self) -> tuple[float, float]:
        """From the first voiced sample to behind the last."""
        begin, end = self.clip.voice
        return self.start + begin, self.start + end

    def cut(self, sound: Float32) -> Float32:
        """Its place in the long sound, float32 [n] at 24 kHz."""
        return sound[round(self.start * SAMPLE_RATE) : round(self.end * SAMPLE_RATE)]


def place(clips: Sequence[Clip], seed: int, *, gain_db: float = GAIN_DB) -> list[Placement]:
    """The recordings one after another. The same seed gives the same places and gains."""
    dice = np.random.default_rng([seed, 5])
    placements, at = [], 0.0
    for clip in clips:
        at += float(dice.uniform(*GAPS))
        gain = 10 ** (float(dice.uniform(-gain_db, gain_db)) / 20)
        placements.append(Placement(clip, at, gain))
        at += clip.seconds
    return placements


def length(placements: Sequence[Placement]) -> int:
    """Samples of the whole, in whole frames."""
    seconds = (placements[-1].end if placements else 0.0) + _LAST
    return -int(-seconds * SAMPLE_RATE // FRAME_SAMPLES) * FRAME_SAMPLES


def voices(placements: Sequence[Placement]) -> Float32:
    """float32 [`length`]: the recordings alone, with nothing between them."""
    sound = np.zeros(length(placements), np.float32)
    for each in placements:
        at = round(each.start * SAMPLE_RATE)
        sound[at : at + each.clip.sound.size] += np.float32(each.gain) * each.clip.sound
    return sound


def mixed(voice: Float32, behind: Float32) -> Float32:
    """What the microphone hears of both, float32 [n] in −1…1."""
    return np.asarray(np.clip(voice + behind, -1.0, 1.0), np.float32)
