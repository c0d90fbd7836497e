"""The sound of a turn as it grows, and where in it the user was last heard."""

from __future__ import annotations

import numpy as np

from assistant.audio.types import Float32
from assistant.audio.vad import RATE

_TRAIL_SECONDS = 0.3
"""Silence after the last voiced sample that stays in a turn's sound."""
_BLOCK = RATE // 100
_LATENESS = 0.16
"""Seconds that the detector may let go late, in noise."""
_LOOKED_AT = 3 * RATE


class TurnSound:
    """float32 at 16 kHz. All times are seconds on the input's clock."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._pieces: list[Float32] = []
        self.end = 0.0
        """Where the sound ends."""

    def add(self, piece: Float32, end: float) -> None:
        self._pieces.append(piece)
        self.end = end

    def trim(self, start: float) -> None:
        """Forget sound from before `start`."""
        keep = max(0, round((self.end - start) * RATE))
        held = np.concatenate(self._pieces)
        self._pieces = [held[-keep:] if keep else held[:0]]

    def heard(self, speech_end: float | None = None) -> Float32:
        """All of it; where speech ended long ago, only the beginning of the silence since."""
        held = np.concatenate(self._pieces)
        if speech_end is not None:
            beyond = self.end - (speech_end + _TRAIL_SECONDS)
            held = held[: held.size - max(0, round(beyond * RATE))]
        return held

    def last_voiced(self, noticed: float) -> float:
        """The last voiced sample up to `noticed`, where the detector heard the user last; finer,
        because the detector lets go some windows late.

        The last 10 ms block that stands out of the background and is within 30 dB of the loudest.
        """
        held = np.concatenate(self._pieces)[-_LOOKED_AT:]
        blocks = held[held.size % _BLOCK :].reshape(-1, _BLOCK)
        level = np.sqrt(np.mean(blocks**2, axis=1))
        peak = float(level.max())
        background = 2 * float(np.quantile(level, 0.15))
        floor = min(max(background, peak * 10 ** (-30 / 20)), peak / 2)
        ends = self.end - 0.01 * np.arange(len(level) - 1, -1, -1)
        near = (ends <= noticed) & (ends > noticed - _LATENESS)
        loud = np.flatnonzero(near & (level > floor))
        return float(ends[loud[-1]]) if loud.size else noticed - _LATENESS
