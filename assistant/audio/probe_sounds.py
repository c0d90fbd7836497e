"""The sounds with which a room is measured: sweeps that are found again, and something like speech.

Everything is made here, from a fixed seed, so that two measurements differ only by the room.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

LOW_HZ, HIGH_HZ = 200.0, 8_000.0
"""The band of the sweep: what a laptop's loudspeaker plays and a headset's microphone hears."""
SWEEP_SECONDS = 0.3
SPEECH_DBFS = -20.0
"""Level of the speech, pauses included: that of the personas' voices."""

_FADE_SECONDS = 0.01
_SWEEP_PEAK = 0.4
_QUIET_SECONDS = 2.0
_OPENING_GAPS = (0.60, 0.85, 0.70)
_CLOSING_GAPS = (0.75, 0.60)
"""Uneven, so that the echo of one sweep, however late, is never taken for that of another."""
_SPEECH_SECONDS = 3.5
_SPEECH_GAP = 0.5
_FIXED_SECONDS = (
    _QUIET_SECONDS
    + sum(_OPENING_GAPS)
    + sum(_CLOSING_GAPS)
    + SWEEP_SECONDS * (len(_OPENING_GAPS) + len(_CLOSING_GAPS))
)
_PIECE_SECONDS = _SPEECH_SECONDS + _SPEECH_GAP + SWEEP_SECONDS + _SPEECH_GAP


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """What is played, and where in it things begin; places count samples."""

    sound: Float32
    """float32 [n], 24 kHz mono, absolute values under 1."""
    quiet: tuple[int, int]
    """First and last (exclusive) sample of the silence at the beginning."""
    sweeps: tuple[int, ...]
    speech: tuple[tuple[int, int], ...]


def make_plan(seconds: float) -> ProbePlan:
    """Silence, sweeps, speech with a sweep after every piece, sweeps: at most `seconds` long, but
    so long that there is a piece of speech (12 s)."""
    pieces = max(1, int((seconds - _FIXED_SECONDS) / _PIECE_SECONDS))
    sweep = chirp()
    parts: list[Float32] = [_silence(_QUIET_SECONDS)]
    sweeps: list[int] = []
    speech: list[tuple[int, int]] = []

    def add(part: Float32, gap: float) -> int:
        at = sum(each.size for each in parts)
        parts.extend((part, _silence(gap)))
        return at

    for gap in _OPENING_GAPS:
        sweeps.append(add(sweep, gap))
    for number in range(pieces):
        spoken = speechlike(_SPEECH_SECONDS, seed=number)
        at = add(spoken, _SPEECH_GAP)
        speech.append((at, at + spoken.size))
        sweeps.append(add(sweep, _SPEECH_GAP))
    for gap in _CLOSING_GAPS:
        sweeps.append(add(sweep, gap))
    quiet = (0, round(_QUIET_SECONDS * SAMPLE_RATE))
    return ProbePlan(np.concatenate(parts), quiet, tuple(sweeps), tuple(speech))


def chirp(seconds: float = SWEEP_SECONDS) -> Float32:
    """A tone that climbs evenly from 200 Hz to 8 kHz: float32 [n], 24 kHz.

    Linear, not exponential: its spectrum is flat, so that what a matched filter makes of it is one
    narrow peak (pulse compression; Skolnik, Radar Handbook, chapter 8).
    """
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * (LOW_HZ * t + (HIGH_HZ - LOW_HZ) / (2 * seconds) * t**2)
    edge = np.clip(np.minimum(t, t[-1] - t) / _FADE_SECONDS, 0.0, 1.0)
    fade = np.sin(np.pi / 2 * edge) ** 2
    sweep: Float32 = (_SWEEP_PEAK * np.sin(phase) * fade).astype(np.float32)
    return sweep


def speechlike(seconds: float, seed: int = 0) -> Float32:
    """What an echo canceller takes for a voice: float32 [n], 24 kHz, SPEECH_DBFS on the average.

    A buzz whose pitch wanders and some noise, with the long-term spectrum of speech (flat up to
    500 Hz, then falling by 9 dB an octave; after Byrne et al. 1994) and four syllables a second.
    """
    n = round(seconds * SAMPLE_RATE)
    random = np.random.default_rng([seed, 24])
    t = np.arange(n) / SAMPLE_RATE
    pitch = 125 * 2 ** (0.25 * np.sin(2 * np.pi * 0.6 * t + random.uniform(0, 6)))
    turns = np.cumsum(pitch) / SAMPLE_RATE
    buzz = 2 * (turns % 1.0) - 1
    mixed = np.diff(buzz, prepend=0.0) + 0.15 * random.standard_normal(n)
    spectrum = np.fft.rfft(mixed)
    hertz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    spectrum *= 1 / (1 + (hertz / 500) ** 1.5) * (hertz > 100)
    rate = 4 + 0.8 * np.sin(2 * np.pi * 0.3 * t + random.uniform(0, 6))
    syllables = np.sin(np.pi * np.cumsum(rate) / SAMPLE_RATE) ** 2
    ends = np.clip(np.minimum(t, t[-1] - t) / _FADE_SECONDS, 0.0, 1.0)
    sound = np.fft.irfft(spectrum, n) * syllables * ends
    sound *= 10 ** (SPEECH_DBFS / 20) / np.sqrt(np.mean(sound**2))
    voice: Float32 = np.clip(sound, -0.95, 0.95).astype(np.float32)
    return voice


def _silence(seconds: float) -> Float32:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)
