"""Every voice equally loud: ITU-R BS.1770-4 integrated loudness, and a limiter for true peaks."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

TARGET_LUFS = -20.0
CEILING = 10 ** (-1.5 / 20)
"""Half a decibel under the -1 dBFS that true peaks must keep, which the limiter's window blurs."""
_MOST_GAIN = 10 ** (30 / 20)
_BLOCK, _STEP = int(0.4 * SAMPLE_RATE), int(0.1 * SAMPLE_RATE)
_OVERSAMPLING = 4
_ATTACK = 96
"""Samples either side of a peak over which the limiter moves: 4 ms."""


def level(sound: Float32, trim_db: float = 0.0) -> Float32:
    """`sound` at `TARGET_LUFS` + `trim_db`, its true peaks under -1 dBFS."""
    return amplify(sound, TARGET_LUFS + trim_db - integrated_loudness(sound))


def amplify(sound: Float32, decibels: float) -> Float32:
    """`sound` louder by so much, at most 30 dB, its true peaks under -1 dBFS; silence, whose
    loudness is not finite, stays as it is."""
    if not np.isfinite(decibels):
        return sound
    return _limit(sound * np.float32(min(10 ** (decibels / 20), _MOST_GAIN)))


def integrated_loudness(sound: Float32) -> float:
    """LUFS of a mono sound, -inf for silence; gated twice, blocks of 400 ms."""
    weighted = _k_weighted(sound) ** 2
    if len(weighted) < _BLOCK:
        powers = np.array([weighted.mean()]) if weighted.size else np.zeros(1)
    else:
        total = np.concatenate([[0.0], np.cumsum(weighted)])
        starts = np.arange(0, len(weighted) - _BLOCK + 1, _STEP)
        powers = (total[starts + _BLOCK] - total[starts]) / _BLOCK
    kept = powers[powers > _power(-70.0)]
    if not kept.size:
        return -np.inf
    kept = kept[kept > kept.mean() * 10 ** (-10 / 10)]
    return float(-0.691 + 10 * np.log10(kept.mean()))


def true_peaks(sound: Float32) -> NDArray[np.float64]:
    """Largest magnitude around each sample, four times oversampled: [n]."""
    size = len(sound) + 64
    spectrum = np.fft.rfft(sound, size)
    fine = np.fft.irfft(spectrum, size * _OVERSAMPLING) * _OVERSAMPLING
    return np.asarray(np.abs(fine[: len(sound) * _OVERSAMPLING]).reshape(-1, _OVERSAMPLING).max(1))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


def _k_weighted(sound: Float32) -> NDArray[np.float64]:
    """BS.1770's two stages, as the magnitudes of their 48 kHz biquads."""
    size = 1 << max(len(sound), 2).bit_length()
    return np.fft.irfft(np.fft.rfft(sound, size) * _k_response(size), size)[: len(sound)]


@cache
def _k_response(size: int) -> NDArray[np.float64]:
    """Its magnitudes for a transform of `size` samples, a power of two: there are few."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size, 1 / SAMPLE_RATE) / 48_000)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1 - z) ** 2 / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(np.abs(shelf * high_pass))


def _limit(sound: Float32) -> Float32:
    """Turn down around peaks only; the gain moves smoothly and has arrived when the peak comes."""
    needed = np.minimum(1.0, CEILING / np.maximum(true_peaks(sound), 1e-9))
    if needed.min() >= 1.0:
        return sound
    lowest = np.lib.stride_tricks.sliding_window_view(
        np.pad(needed, 2 * _ATTACK, constant_values=1.0), 2 * _ATTACK + 1
    ).min(axis=1)
    ramp = np.hanning(2 * _ATTACK + 3)[1:-1]
    gain = np.convolve(lowest, ramp / ramp.sum(), mode="valid")
    return (sound * gain).astype(np.float32)
