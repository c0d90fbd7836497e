"""A voice for tests of playback, and what is measured of it."""

from __future__ import annotations

import numpy as np
from scipy.signal import firwin

FRAME = 1_920
_HIGH_PASS = firwin(255, 7_000, pass_zero=False, fs=24_000)


def voice(n: int, hertz: float, glide: float = 2.0) -> np.ndarray:
    """Float32 [n]: a buzz through two formants that glides by ± `glide` semitones, with a little
    breath. It has next to nothing above 5 kHz, so that a click stands out there."""
    at = np.arange(n) / 24_000
    pitch = hertz * 2 ** (glide * np.sin(2 * np.pi * 1.1 * at) / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / 24_000
    total = np.zeros(n)
    for harmonic in range(1, int(3_500 / hertz)):
        of = harmonic * hertz
        strength = 1 / (1 + ((of - 500) / 200) ** 2) + 0.4 / (1 + ((of - 1_500) / 300) ** 2)
        total += strength * np.sin(harmonic * phase + harmonic**2)
    return np.asarray(0.5 * total / np.abs(total).max(initial=1e-9), np.float32)


def rms(sound: np.ndarray) -> float:
    return float(np.sqrt((sound.astype(np.float64) ** 2).mean()))


def high_band(sound: np.ndarray) -> float:
    """The largest sample of what is above 7 kHz: a step of 1 makes 0.2 or more."""
    return float(np.abs(np.convolve(sound, _HIGH_PASS, "valid")).max())
