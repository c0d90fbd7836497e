"""The sound of a turn as it grows: where in it the user is heard, and what of it is handed on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.audio.vad import RATE

_TRAIL_SECONDS = 0.3
"""Silence after the last voiced sample that stays in a turn's sound."""
_BLOCK = RATE // 100
_LATENESS = 0.16
"""Seconds that the detector may let go late, in noise."""
_LOOKED_AT = 3 * RATE
ONSET_SECONDS = 1.2
"""How much earlier than it is noticed speech may begin."""
MARGIN_SECONDS = 0.16
"""Sound before the onset that stays in a turn: consonants begin softly."""
_GAP_SECONDS = 0.2
"""Longest silence between the sound that begins and the speech that it is noticed by."""
_RISE = 10 ** (8 / 20)
"""What begins is so much louder than the background."""


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

    def heard(self, speech_end: float | None = None, above: float | None = None) -> Float32:
        """All of it; where speech ended long ago, only the beginning of the silence since. Of what
        stays under `above`, dB full scale, little is left: others speak there."""
        held = np.concatenate(self._pieces)
        if speech_end is not None:
            beyond = self.end - (speech_end + _TRAIL_SECONDS)
            held = held[: held.size - max(0, round(beyond * RATE))]
        return held if above is None else faded_background(held, above)

    def onset(self, noticed: float, above: float | None = None) -> float:
        """Where the sound began to rise that was noticed as speech at `noticed`; not after it, and
        at most `ONSET_SECONDS` before. `above`: dB full scale that it has to exceed."""
        level, ends = self._blocks(np.concatenate(self._pieces))
        floor = _RISE * float(np.quantile(level, 0.15)) if above is None else 10 ** (above / 20)
        floor = max(floor, float(level.max()) * 10 ** (-40 / 20))
        near = (ends <= noticed + 0.01) & (ends > noticed - ONSET_SECONDS)
        found = noticed
        for at in ends[near & (level > floor)][::-1]:
            if found - at > _GAP_SECONDS:
                break
            found = float(at) - 0.01
        return found

    def _blocks(self, held: Float32) -> tuple[Float32, NDArray[np.float64]]:
        """Root mean square of every 10 ms of `held`, the last of what there is, and their ends."""
        blocks = held[held.size % _BLOCK :].reshape(-1, _BLOCK)
        level = np.sqrt(np.mean(blocks**2, axis=1))
        before = np.arange(level.size - 1, -1, -1, dtype=np.float64)
        return level, self.end - 0.01 * before

    def last_voiced(self, noticed: float, above: float | None = None) -> float:
        """The last voiced sample up to `noticed`, where the detector heard the user last; finer,
        because the detector lets go some windows late.

        The last 10 ms block that stands out of the background (and is louder than `above`, dB full
        scale) and is within 30 dB of the loudest.
        """
        level, ends = self._blocks(np.concatenate(self._pieces)[-_LOOKED_AT:])
        peak = float(level.max())
        background = 2 * float(np.quantile(level, 0.15))
        floor = min(max(background, peak * 10 ** (-30 / 20)), peak / 2)
        if above is not None:
            floor = max(floor, 10 ** (above / 20))
        near = (ends <= noticed) & (ends > noticed - _LATENESS)
        loud = np.flatnonzero(near & (level > floor))
        return float(ends[loud[-1]]) if loud.size else noticed - _LATENESS


# What the recogniser is given of it.

_PEAK = 0.35
_MOST_GAIN = 10 ** (36 / 20)
_INAUDIBLE = 10 ** (-60 / 20)


def amplified(sound: Float32) -> Float32:
    """float32 [n], what is soft brought to the peak of a near voice. Whisper's features depend on
    the level: commands and addresses 24 dB softer than they were recorded are read with a fifth
    fewer mistakes then. What has no peak over −60 dB full scale is left alone."""
    peak = float(np.abs(sound).max(initial=0.0))
    if not _INAUDIBLE <= peak < _PEAK:
        return sound
    return sound * np.float32(min(_PEAK / peak, _MOST_GAIN))


_AROUND = 12
"""Blocks of 10 ms on either side that a level is the mean of: 250 ms in all, as in `NearVoice`."""
_KEPT = 15
"""Blocks on either side of the near voice that stay as they are: words begin and end softly."""
_FADED = 10 ** (-30 / 20)


def faded_background(sound: Float32, threshold: float) -> Float32:
    """float32 [n] at 16 kHz, with what stays under `threshold` (dB full scale) faded down by 30 dB:
    only where the near voice is silent, 150 ms away from it."""
    blocks = sound.size // _BLOCK
    if blocks <= 2 * max(_AROUND, _KEPT):
        return sound
    power = np.mean(
        sound[: blocks * _BLOCK].reshape(blocks, _BLOCK).astype(np.float64) ** 2, axis=1
    )
    mean = np.convolve(power, np.full(2 * _AROUND + 1, 1 / (2 * _AROUND + 1)), "same")
    near = np.convolve(mean >= 10 ** (threshold / 10), np.ones(2 * _KEPT + 1), "same") > 0.5
    gain = np.where(near, 1.0, _FADED)
    at = np.arange(sound.size) / _BLOCK - 0.5
    return (sound * np.interp(at, np.arange(blocks), gain)).astype(np.float32)
