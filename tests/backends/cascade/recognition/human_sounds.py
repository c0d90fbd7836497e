"""Laughter, coughs and sneezes, made up: a source of pulses and breath through a vocal tract.

Laughter is a row of calls, 4 to 6 a second, each breath first and then a voice whose pitch rises
and falls (Bachorowski, Smoski and Owren 2001, "The acoustic features of human laughter"). The same
seed gives the same sound, float32 [n] at 16 kHz with 0.3 s of a quiet room around it.
"""

from __future__ import annotations

import numpy as np

from assistant.audio.types import Float32

RATE = 16_000
_VOWELS = {
    "a": ((700, 130), (1250, 150), (2550, 200), (3500, 300)),
    "e": ((500, 120), (1750, 170), (2500, 220), (3500, 300)),
    "u": ((550, 130), (1350, 150), (2450, 200), (3500, 300)),
}
"""Formants and their bandwidths, Hz."""
_THROAT = ((600, 250), (1400, 300), (2600, 400))


def laughter(seed: int) -> Float32:
    random = np.random.default_rng([seed, 1])
    pitch = random.uniform(*((150, 280) if random.random() < 0.5 else (280, 460)))
    calls, rate = int(random.integers(5, 12)), random.uniform(4.0, 6.0)
    breath = random.uniform(0.2, 1.2)
    vowel = str(random.choice(list(_VOWELS)))
    row = [_call(random, pitch, rate, breath) * (1 - 0.6 * i / calls) for i in range(calls)]
    return _in_a_room(_tract(np.concatenate(row), _VOWELS[vowel]), random)


def cough(seed: int) -> Float32:
    random = np.random.default_rng([seed, 2])
    bursts = []
    for _ in range(int(random.integers(1, 4))):
        n = int(random.uniform(0.12, 0.28) * RATE)
        time = np.linspace(0, 1, n)
        bursts += [random.standard_normal(n) * np.exp(-3 * time), np.zeros(n)]
    return _in_a_room(_tract(np.concatenate(bursts), _THROAT), random)


def sneeze(seed: int) -> Float32:
    random = np.random.default_rng([seed, 3])
    n = int(random.uniform(0.15, 0.3) * RATE)
    hiss = np.diff(random.standard_normal(n + 1)) * np.exp(-3 * np.linspace(0, 1, n))
    cry = _voice(random, np.linspace(random.uniform(200, 350), 150, n // 2))
    cry = _tract(cry, _VOWELS["u"])
    return _in_a_room(np.concatenate([hiss, cry / np.abs(cry).max()]), random)


def _call(random: np.random.Generator, pitch: float, rate: float, breath: float) -> Float32:
    n = int(RATE / rate * random.uniform(0.93, 1.07))
    voiced = int(n * random.uniform(0.4, 0.6))
    time = np.linspace(0, 1, voiced)
    call = np.concatenate([np.linspace(0.1, 0.6, n - voiced), np.full(voiced, 0.6)])
    call *= breath * random.standard_normal(n)
    contour = pitch * random.uniform(0.95, 1.05) * (1 + 0.15 * np.sin(np.pi * time))
    call[n - voiced :] += _voice(random, contour) * np.sin(np.pi * time) ** 0.6
    return call.astype(np.float32)


def _voice(random: np.random.Generator, pitch: np.ndarray) -> np.ndarray:
    """Pulses of the pitch [n] in Hz, with jitter, falling off by 6 dB an octave; rms 1."""
    phase = np.cumsum(pitch * (1 + 0.02 * random.standard_normal(pitch.size))) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0)
    spectrum = np.fft.rfft(pulses)
    spectrum /= 1 + np.fft.rfftfreq(pulses.size, 1 / RATE) / 200
    voice = np.fft.irfft(spectrum, pulses.size)
    return voice / np.sqrt(np.mean(voice**2))


def _tract(source: np.ndarray, formants: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Resonances one after another, without their phases."""
    hertz = np.fft.rfftfreq(source.size, 1 / RATE)
    spectrum = np.fft.rfft(source)
    for centre, width in formants:
        spectrum *= centre**2 / np.hypot(centre**2 - hertz**2, hertz * width)
    return np.fft.irfft(spectrum, source.size)


def _in_a_room(sound: np.ndarray, random: np.random.Generator) -> Float32:
    padded = np.pad(sound / np.abs(sound).max() * 0.4, int(0.3 * RATE))
    return (padded + 0.001 * random.standard_normal(padded.size)).astype(np.float32)
