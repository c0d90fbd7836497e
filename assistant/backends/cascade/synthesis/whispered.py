"""Whispered speech made of spoken: the vocal tract stays, noise takes the place of the voice.

A source-filter resynthesis: of each short stretch the spectral envelope is kept (the smooth part of
the log spectrum, from its cepstrum; Oppenheim and Schafer 1968, "Homomorphic analysis of speech"),
and filled with noise. A whisper has little below the first formant and falls less towards the
treble than a voice does (Jovičić 1998, "Formant feature differences between whispered and voiced
sustained vowels").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

_SIZE = 512
"""Samples of a stretch: 21 ms."""
_HOP = _SIZE // 4
_SMOOTH = 40
"""Quefrencies that are kept, in samples: 1.7 ms, less than a period of any voice under 600 Hz."""
_LOWEST = 250.0
"""Hertz under which a whisper has next to nothing."""
_TILT = 1_500.0
"""Hertz from which the treble is lifted, by 6 dB in all."""

Float64 = NDArray[np.float64]


def whispered(sound: Float32) -> Float32:
    """The same words without a voice: float32 [n] → [n], the same noise for the same sound."""
    if not sound.any():
        return sound
    padded = np.pad(sound.astype(np.float64), (_SIZE, 2 * _SIZE))
    window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_SIZE) / _SIZE))
    noise = np.random.default_rng(0).standard_normal(len(padded))
    envelope = _envelopes(_stretches(padded) * window)
    spectrum = np.fft.rfft(_stretches(noise) * window) / np.sqrt((window**2).sum())
    grains = np.fft.irfft(spectrum * envelope * _colour()) * window
    return _overlapped(grains, len(padded))[_SIZE : _SIZE + len(sound)].astype(np.float32)


def _stretches(sound: Float64) -> Float64:
    """[m, _SIZE], one every `_HOP` samples."""
    return np.lib.stride_tricks.sliding_window_view(sound, _SIZE)[::_HOP]


def _envelopes(stretches: Float64) -> Float64:
    """Smooth magnitude spectra: [m, _SIZE // 2 + 1]."""
    magnitude = np.abs(np.fft.rfft(stretches))
    floor = 1e-4 * magnitude.max()
    cepstrum = np.fft.irfft(np.log(np.maximum(magnitude, floor)))
    lifter = np.zeros(_SIZE)
    lifter[:_SMOOTH] = lifter[-_SMOOTH + 1 :] = 1.0
    return np.exp(np.fft.rfft(cepstrum * lifter).real)


def _colour() -> Float64:
    hertz = np.fft.rfftfreq(_SIZE, 1 / SAMPLE_RATE)
    low = 1 / np.sqrt(1 + (_LOWEST / np.maximum(hertz, 1.0)) ** 4)
    return np.asarray(low * (1 + hertz**2 / (hertz**2 + _TILT**2)), np.float64)


def _overlapped(grains: Float64, length: int) -> Float64:
    """The grains added up, `_HOP` samples apart; the squares of four windows make two."""
    out = np.zeros(length)
    for at, grain in enumerate(grains):
        out[at * _HOP : at * _HOP + _SIZE] += grain
    return out / 2
