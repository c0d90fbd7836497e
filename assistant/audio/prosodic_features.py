"""Prosodic features of a turn: five numbers that tell how aroused a voice is, and nothing of what
it says.

Fundamental frequency by the autocorrelation of windowed sound over that of the window (Boersma
1993, "Accurate short-term analysis of the fundamental frequency"); alpha ratio and Hammarberg index
as in Eyben et al. 2016, "The Geneva Minimalistic Acoustic Parameter Set", section 3.1. Loudness is
left out on purpose: it tells the distance to the microphone. All frames are done at once by FFT.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.frames import VoiceFeatures

RATE = 16_000
"""Samples a second of what is measured."""
_WINDOW = 640
"""Samples of a frame, 40 ms: three periods of the deepest voice."""
_HOP = 320
_FFT = 2_048
"""At least twice the window, so that the autocorrelation does not wrap around."""
_LOWEST_HZ, _HIGHEST_HZ = 65.0, 600.0
_VOICED = 0.5
"""Normalised autocorrelation from which a frame is voiced; that of a sine is 1."""
_OCTAVE_COST = 0.03
"""What a peak loses an octave below the highest pitch: of equal peaks the shortest period is
meant."""
_LOUD_DB = 25.0
"""Frames that are softer than the loud ones by more than this are breath and room."""
_LEAP = 3.0
"""Semitones from one frame to the next that a voice does not leap."""
_LEAST_VOICED = 0.3
"""Seconds of voice under which a turn tells nothing of its speaker."""
_LONGEST = 20.0
"""Seconds that are measured, the last ones."""
_REFERENCE_HZ = 100.0


def measure(sound: Float32) -> VoiceFeatures | None:
    """The features of one turn, float32 [n] at 16 kHz; None where too little of it is voiced."""
    sound = sound[-round(_LONGEST * RATE) :]
    if sound.size < _WINDOW:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * _HANN, _FFT)) ** 2
    f0, voiced = _contour(power)
    if voiced.sum() * _HOP / RATE < _LEAST_VOICED:
        return None
    semitones = 12 * np.log2(f0[voiced] / _REFERENCE_HZ)
    low, middle, high = np.percentile(semitones, (10, 50, 90))
    alpha, hammarberg = _tilt(power[voiced])
    return VoiceFeatures(
        f0_median=round(float(middle), 3),
        f0_high=round(float(high), 3),
        f0_range=round(float(high - low), 3),
        alpha_ratio=round(alpha, 3),
        hammarberg_index=round(hammarberg, 3),
        voiced=round(float(voiced.sum()) * _HOP / RATE, 2),
    )


def _contour(power: Float32) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of power spectra [m, _FFT // 2 + 1] in their order: fundamental frequency in Hz [m], and
    which frames are surely voiced [m]."""
    low = power.copy()
    low[:, _VOICE_BAND[1] :] = 0  # a hiss has its energy above it
    low[:, : _VOICE_BAND[0]] = 0
    f0, strength = _pitch(low)
    level = 10 * np.log10(low.sum(axis=1) + 1e-10)
    voiced = (strength >= _VOICED) & (level >= np.percentile(level, 95) - _LOUD_DB)
    return f0, voiced & _steady(f0, voiced)


def _steady(f0: NDArray[np.float64], voiced: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Frames that are within `_LEAP` of both neighbours, or of two on one side: a voice glides,
    what is no voice leaps."""
    tone = 12 * np.log2(f0 / _REFERENCE_HZ)
    near = (np.abs(np.diff(tone)) <= _LEAP) & voiced[1:] & voiced[:-1]
    before, after = np.concatenate([[False], near]), np.concatenate([near, [False]])
    before2 = before & np.concatenate([[False], before[:-1]])
    after2 = after & np.concatenate([after[1:], [False]])
    steady: NDArray[np.bool_] = (before & after) | before2 | after2
    return steady


def _pitch(power: Float32) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of power spectra [m, _FFT // 2 + 1]: fundamental frequency in Hz and strength 0…1 [m]."""
    raw = np.fft.irfft(power)[:, : _SHORTEST_OF_WINDOW.size]
    whole = np.maximum(raw[:, :1], 1e-12)
    normal = raw / whole / _SHORTEST_OF_WINDOW
    shortest, longest = int(RATE / _HIGHEST_HZ), int(RATE / _LOWEST_HZ)
    lags = np.arange(shortest, longest + 1)
    inner = normal[:, shortest : longest + 1]
    peak = (inner >= normal[:, shortest - 1 : longest]) & (
        inner > normal[:, shortest + 1 : longest + 2]
    )
    cost = _OCTAVE_COST * np.log2(lags / shortest)
    at = np.where(peak, inner - cost, -1.0).argmax(axis=1)
    rows = np.arange(len(power))
    before, here, after = (normal[rows, shortest + at + step] for step in (-1, 0, 1))
    bend = before - 2 * here + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1.0), 0.0)
    found = np.where(peak[rows, at], here, 0.0)
    return RATE / (lags[at] + np.clip(shift, -0.5, 0.5)), np.asarray(found, np.float64)


def _tilt(power: Float32) -> tuple[float, float]:
    """Alpha ratio and Hammarberg index of voiced power spectra, each in dB, the mean of frames:
    how much stronger the low part of the spectrum is. A raised voice has less of it."""
    sums = [power[:, low:high].sum(axis=1) for low, high in (_BELOW_1K, _ABOVE_1K)]
    peaks = [power[:, low:high].max(axis=1) for low, high in (_BELOW_2K, _ABOVE_2K)]
    alpha, hammarberg = (
        float(np.mean(10 * np.log10((low + 1e-10) / (high + 1e-10)))) for low, high in (sums, peaks)
    )
    return alpha, hammarberg


def _band(low: float, high: float) -> tuple[int, int]:
    return round(low * _FFT / RATE), round(high * _FFT / RATE)


_HANN = np.hanning(_WINDOW).astype(np.float32)
_SHORTEST_OF_WINDOW = (lambda own: own / own[0])(
    np.fft.irfft(np.abs(np.fft.rfft(_HANN, _FFT)) ** 2)[: int(RATE / _LOWEST_HZ) + 3]
)
"""The window's own autocorrelation."""
_VOICE_BAND = _band(50, 1_500)
_BELOW_1K, _ABOVE_1K = _band(50, 1_000), _band(1_000, 5_000)
_BELOW_2K, _ABOVE_2K = _band(0, 2_000), _band(2_000, 5_000)
