"""Speech made to sing: its pitch is followed, and every period of the voice is moved to a new one.

Pitch: normalised autocorrelation (Boersma 1993). Moving it: pitch-synchronous overlap-add (Moulines
and Charpentier 1990), which keeps the vowels where they are, so that the words stay clear.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

Float64 = NDArray[np.float64]

HOP = 240
"""Samples between two estimates of the pitch: 10 ms."""
WINDOW = 1_024
LOWEST, HIGHEST = 60.0, 400.0
"""Hertz."""
_VOICED = 0.45
"""Share of a period that repeats itself in voiced speech."""
_UNVOICED_PERIOD = 160
_PENTATONIC = np.array([0, 3, 5, 7, 10])
"""Minor; semitones."""

Melody = Callable[[Float64], Float64]
"""Voiced pitches in semitones over 55 Hz → the pitches that they become."""


def track_pitch(sound: Float32) -> Float64:
    """Hertz every `HOP` samples, 0 where there is no voice: [n // HOP + 1]."""
    padded = np.pad(sound.astype(np.float64), WINDOW // 2 + HOP)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[HOP::HOP]
    frames = frames[: len(sound) // HOP + 1] * np.hanning(WINDOW)
    spectrum = np.abs(np.fft.rfft(frames, 2 * WINDOW)) ** 2
    shape = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(WINDOW), 2 * WINDOW)) ** 2)
    correlation = np.fft.irfft(spectrum)[:, :WINDOW] / np.maximum(shape[:WINDOW], 1e-3)
    energy = correlation[:, :1]
    shortest, longest = int(SAMPLE_RATE / HIGHEST), int(SAMPLE_RATE / LOWEST)
    likeness = correlation[:, shortest:longest] / np.maximum(energy, 1e-12)
    # A long period always repeats as well as a short one: lean to the short one.
    likeness = likeness - 0.1 * np.linspace(0, 1, longest - shortest)
    best = likeness.argmax(axis=1)
    loud = energy[:, 0] > 1e-3 * max(float(energy.max()), 1e-12)
    voiced = (likeness.max(axis=1) > _VOICED) & loud
    return np.where(voiced, SAMPLE_RATE / (best + shortest), 0.0)


def retune(sound: Float32, melody: Melody) -> Float32:
    """The same words on the pitches that `melody` makes of theirs; same length."""
    pitch = track_pitch(sound)
    voiced = pitch > 0
    if not voiced.any():
        return sound
    target = pitch.copy()
    semitones = 12 * np.log2(pitch[voiced] / 55.0)
    target[voiced] = np.clip(55.0 * 2 ** (melody(semitones) / 12), LOWEST / 2, 2 * HIGHEST)
    return _overlap_add(sound, _period_marks(sound, pitch), pitch, target)


def singing(semitones: Float64) -> Float64:
    """Wider intervals, held on the notes of a scale."""
    middle = float(np.median(semitones))
    wide = middle + 1.35 * (_smooth(semitones, 9) - middle)
    notes = (np.arange(-24, 72, 12)[:, None] + _PENTATONIC).ravel()
    nearest = notes[np.abs(wide[:, None] - notes).argmin(axis=1)]
    return _smooth(nearest.astype(np.float64), 3)


def flattened(semitones: Float64) -> Float64:
    """Half the melody."""
    return np.asarray((semitones + np.median(semitones)) / 2, np.float64)


def monotone(semitones: Float64) -> Float64:
    """One pitch, the voice's own middle."""
    return np.full_like(semitones, np.median(semitones))


def _smooth(values: Float64, width: int) -> Float64:
    if len(values) < width:
        return values
    padded = np.pad(values, width // 2, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)


def _period_marks(sound: Float32, pitch: Float64) -> list[tuple[int, int]]:
    """(Sample of a peak, period in samples), one for every period, voiced or not."""
    marks: list[tuple[int, int]] = []
    at = 0
    while at < len(sound):
        hertz = pitch[min(at // HOP, len(pitch) - 1)]
        period = round(SAMPLE_RATE / hertz) if hertz else _UNVOICED_PERIOD
        if hertz:
            start = max(0, at - period // 5)
            near = sound[start : at + period // 5 + 1]
            at = start + int(near.argmax())
        if marks and at - marks[-1][0] < period // 2:
            at = marks[-1][0] + period
            continue
        marks.append((at, period))
        at += period
    return marks


def _overlap_add(
    sound: Float32, marks: list[tuple[int, int]], pitch: Float64, target: Float64
) -> Float32:
    longest = int(SAMPLE_RATE / LOWEST) + 1
    padded = np.pad(sound, longest)
    out = np.zeros(len(padded), np.float64)
    weight = np.zeros(len(padded), np.float64)
    centres = np.array([mark for mark, _ in marks])
    windows = {period: np.hanning(2 * period + 1) for _, period in marks}
    at = 0.0
    while at < len(sound):
        nearest = int(np.searchsorted(centres, at))
        if nearest and (
            nearest == len(centres) or centres[nearest] - at > at - centres[nearest - 1]
        ):
            nearest -= 1
        mark, period = marks[nearest]
        window = windows[period]
        to = round(at) + longest - period
        grain = padded[mark + longest - period :][: len(window)]
        room = min(len(grain), len(out) - to)
        out[to : to + room] += grain[:room] * window[:room]
        weight[to : to + room] += window[:room]
        frame = min(int(at) // HOP, len(pitch) - 1)
        at += SAMPLE_RATE / target[frame] if target[frame] else period
    out /= np.maximum(weight, 0.5)
    return out[longest : longest + len(sound)].astype(np.float32)
