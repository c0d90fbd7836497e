"""Echo likelihood by GCC-PHAT: is the speaker in this sound? Asked of the waveform, so that the
user's own voice does not count.

Generalized cross-correlation with phase transform (Knapp and Carter, "The generalized correlation
method for estimation of time delay", IEEE ASSP 24(4), 1976): the phases of what was played and of
what was heard are compared at every lag. Echo, however soft and whoever speaks over it, stands out
as a peak at its delay; a voice that was not played is spread evenly over all lags.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

RATE = 8_000
"""Samples a second that are compared: loudspeakers and voices have most below 4 kHz."""
LONGEST = 0.6
"""Seconds: the longest delay that is looked for."""
_HISTORY = 1.6
"""Seconds that are kept of each side."""
_EVERY = SAMPLE_RATE // RATE
_DECIMATED = 80
"""Samples of a block of 10 ms at that rate."""


@dataclass(frozen=True, slots=True)
class EchoLikelihood:
    """How much of the far end is in a sound."""

    score: float
    """Height of the highest peak over the correlation's root mean square: about 4 by chance, from 6
    on there is echo."""
    lag: float
    """Seconds from the far end to that peak."""


NOTHING = EchoLikelihood(0.0, 0.0)


class Decimator:
    """24 kHz to 8 kHz, one block of 10 ms after the other."""

    _TAPS = 47

    def __init__(self) -> None:
        n = np.arange(self._TAPS) - self._TAPS // 2
        cutoff = 3_500 / SAMPLE_RATE
        taps = 2 * cutoff * np.sinc(2 * cutoff * n) * np.hanning(self._TAPS + 2)[1:-1]
        self._taps = taps.astype(np.float32)
        self._tail = np.zeros(self._TAPS - 1, np.float32)

    def __call__(self, pcm: Float32) -> Float32:
        """float32 [3n] → float32 [n]."""
        stream = np.concatenate((self._tail, pcm))
        self._tail = stream[pcm.size :]
        return np.convolve(stream, self._taps, "valid")[::_EVERY]  # the taps are symmetric


class Comparison:
    """Keeps the last second and a half of what was played, heard, and left of it."""

    def __init__(self) -> None:
        self._size = round(_HISTORY * RATE)
        self._far = _Ring(self._size)
        self._near = _Ring(self._size)
        self._out = _Ring(self._size)

    def push(self, far: Float32, near: Float32, out: Float32) -> None:
        """10 ms of each, float32 [240] at 24 kHz."""
        self._far.push(far)
        self._near.push(near)
        self._out.push(out)

    def of_near(self, seconds: float = 1.0) -> EchoLikelihood:
        """In what the microphone heard for the last `seconds`."""
        return self._compare(self._near.last(round(seconds * RATE)), None)

    def of_out(self, seconds: float, lag: float | None) -> EchoLikelihood:
        """In what the canceller left; `lag`: where the echo is known to lie, if it is."""
        return self._compare(self._out.last(round(seconds * RATE)), lag)

    def _compare(self, sound: Float32, lag: float | None) -> EchoLikelihood:
        longest = round(LONGEST * RATE)
        far = self._far.last(sound.size + longest)
        size = 1 << (far.size - 1).bit_length()
        taper = np.hanning(sound.size).astype(np.float32)
        a = np.fft.rfft(far, size)
        b = np.fft.rfft(sound * taper, size)
        power = np.abs(a)
        band = power > power.max() * 1e-2
        band[: size * 150 // RATE] = False
        if not band.any():
            return NOTHING
        cross = np.where(band, a.conj() * b, 0)
        cross /= np.maximum(np.abs(cross), 1e-20)
        # Where `sound` starts in `far`, counted from a delay of nothing.
        correlation = np.fft.irfft(cross, size)
        by_lag = np.abs(correlation[(np.arange(longest) - longest) % size])
        scale = float(np.sqrt(np.mean(correlation**2)))
        if scale <= 0.0:
            return NOTHING
        start, stop = 0, longest
        if lag is not None:
            start = max(0, round((lag - 0.03) * RATE))
            stop = min(longest, round((lag + 0.05) * RATE))
        peak = start + int(np.argmax(by_lag[start:stop]))
        return EchoLikelihood(float(by_lag[peak]) / scale, peak / RATE)


class _Ring:
    def __init__(self, size: int) -> None:
        self._decimate = Decimator()
        # Twice as long as needed: copied back now and then instead of with every block.
        self._sound = np.zeros(2 * size, np.float32)
        self._size = size
        self._end = size

    def push(self, pcm: Float32) -> None:
        if self._end + _DECIMATED > self._sound.size:
            self._sound[: self._size] = self._sound[self._end - self._size : self._end]
            self._end = self._size
        self._sound[self._end : self._end + _DECIMATED] = self._decimate(pcm)
        self._end += _DECIMATED

    def last(self, samples: int) -> Float32:
        return self._sound[self._end - min(samples, self._size) : self._end]
