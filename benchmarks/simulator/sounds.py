"""Sounds that are no words: a cough, a door, a keyboard. The same seed gives the same sound.

They are what voice activity detectors are fooled by: short, loud, and broad in spectrum.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

SoundKind = Literal["cough", "door", "keyboard"]
LOUDNESS_DB: dict[SoundKind, float] = {"cough": -14.0, "door": -12.0, "keyboard": -26.0}
"""Peak, dB full scale; a user's voice has its voiced parts at −26 dB, peaks about −12."""


def sound(kind: SoundKind, seed: int = 0) -> Float32:
    """float32 [n] at 24 kHz."""
    random = np.random.default_rng([seed, 3])
    make = {"cough": _cough, "door": _door, "keyboard": _keyboard}[kind]
    made = make(random)
    peak = 10 ** (LOUDNESS_DB[kind] / 20)
    scaled: Float32 = (made * (peak / np.abs(made).max())).astype(np.float32)
    return scaled


def _cough(random: np.random.Generator) -> Float32:
    """Two bursts through a throat: noise around 500 and 1500 Hz, a hard onset, a soft end."""
    burst = np.concatenate([_burst(random, 0.18), np.zeros(int(0.12 * SAMPLE_RATE))])
    return np.concatenate([burst, 0.7 * _burst(random, 0.25)]).astype(np.float32)


def _burst(random: np.random.Generator, seconds: float) -> Float32:
    n = int(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(random.standard_normal(n))
    hertz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    throat = sum(np.exp(-(((hertz - f) / 250) ** 2)) for f in (500, 1500)) + 0.05
    time = np.arange(n) / SAMPLE_RATE
    rise = np.minimum(1, time / 0.01)
    shaped = np.fft.irfft(spectrum * throat, n) * rise * np.exp(-time / (seconds / 3))
    return shaped.astype(np.float32)


def _door(random: np.random.Generator) -> Float32:
    """A thud of 70 Hz and a rattle after it."""
    n = int(0.6 * SAMPLE_RATE)
    time = np.arange(n) / SAMPLE_RATE
    thud = np.sin(2 * np.pi * 70 * time) * np.exp(-time / 0.08)
    rattle = 0.3 * random.standard_normal(n) * np.exp(-time / 0.05)
    return np.asarray(thud + rattle, np.float32)


def _keyboard(random: np.random.Generator) -> Float32:
    """Two seconds of typing, eight keys a second."""
    n = 2 * SAMPLE_RATE
    out = np.zeros(n)
    length = int(0.03 * SAMPLE_RATE)
    fall = np.exp(-np.arange(length) / (0.004 * SAMPLE_RATE))
    for at in np.sort(random.integers(0, n - length, 16)):
        out[at : at + length] += random.standard_normal(length) * fall * random.uniform(0.5, 1)
    return out.astype(np.float32)
