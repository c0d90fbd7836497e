"""Edges without clicks: ramps for starting, stopping and changing the volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assistant.frames import SAMPLE_RATE

Float32 = NDArray[np.float32]

FADE_SAMPLES = SAMPLE_RATE * 5 // 1000
"""Length of a fade: 5 ms."""
GAIN_SAMPLES = SAMPLE_RATE * 20 // 1000
"""Samples that a change of volume from 0 to 1 takes: 20 ms."""


class Fader:
    """One envelope between silence (0) and full (1), rising or falling by 1/120 a sample.

    Fading out plays a *tail*: a copy of what would have come next, going down to zero. A fade that
    is cut short turns round where it stands, so the envelope never jumps.
    """

    def __init__(self, samples: int = FADE_SAMPLES) -> None:
        self._samples = samples
        self._height = 0
        self._tail: Float32 = np.zeros(0, dtype=np.float32)

    @property
    def has_tail(self) -> bool:
        return self._tail.size > 0

    def fade_in(self, block: Float32) -> None:
        """Apply the rising envelope to `block`, in place, as far as it has not risen yet."""
        n = min(block.size, self._samples - self._height)
        if n > 0:
            steps = np.arange(self._height + 1, self._height + n + 1, dtype=np.float32)
            block[:n] *= steps / self._samples
            self._height += n

    def fade_out(self, upcoming: Float32, last: np.float32) -> None:
        """Prepare the tail from what would come next, or from the last sample where nothing does.

        Does nothing where there is silence already.
        """
        n = self._height
        if n == 0:
            return
        upcoming = upcoming[:n]
        tail = np.full(n, upcoming[-1] if upcoming.size else last, dtype=np.float32)
        tail[: upcoming.size] = upcoming
        tail *= np.arange(n - 1, -1, -1, dtype=np.float32) / self._samples
        self._tail = tail
        self._height = 0

    def take_tail(self, out: Float32) -> int:
        """Copy what is left of the tail into `out`; returns how many samples that were."""
        n = min(self._tail.size, out.size)
        if n:
            out[:n] = self._tail[:n]
            self._tail = self._tail[n:]
        return n


class SmoothGain:
    """A volume that moves to its target along a straight line."""

    def __init__(self, samples: int = GAIN_SAMPLES) -> None:
        self.target = 1.0
        self._now = 1.0
        self._step = 1.0 / samples

    def apply(self, block: Float32) -> None:
        """Multiply `block`, in place."""
        target = self.target
        if self._now == target:
            if target != 1.0:
                block *= np.float32(target)
            return
        steps = self._step * np.arange(1, block.size + 1)
        if target > self._now:
            ramp = np.minimum(self._now + steps, target)
        else:
            ramp = np.maximum(self._now - steps, target)
        block *= ramp.astype(np.float32)
        self._now = float(ramp[-1]) if block.size else self._now
