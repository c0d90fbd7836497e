"""Loudness over time, in short blocks, for a waveform that someone looks at.

One writer pushes sound, any number of readers take snapshots; neither waits for longer than it
takes to copy a few hundred numbers.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

FLOOR_DB = -60.0
"""What the eye sees as silence, in dBFS; drawn as 0."""
CLIP_LEVEL = 0.999
"""Absolute sample value from which a level counts as clipped."""

_SILENCE_DB = -120.0
_SINE_TO_SQUARE_DB = 10 * float(np.log10(2.0))


class LevelSnapshot(NamedTuple):
    """The last levels, newest first, all arrays of the length asked for."""

    levels: Float32
    """Loudness (RMS) from 0 (at or under -60 dBFS) to 1 (a full-scale sine), linear in decibels."""
    clipped: NDArray[np.bool_]
    """Whether a sample of the level reached full scale."""
    peaks_db: Float32
    """Highest absolute sample in dBFS; -120 for none."""
    total: int
    """Levels ever made (the history's `count` at that moment). The difference of two
    snapshots is how many are new."""


class LevelHistory:
    """The last `seconds` of sound as one level for each `level_seconds`.

    RMS is relative to a full-scale sine (AES17), so a full-scale sine has 0 dBFS RMS.
    """

    def __init__(
        self,
        seconds: float = 30.0,
        level_seconds: float = 0.02,
        sample_rate: int = SAMPLE_RATE,
    ) -> None:
        self.level_samples = round(level_seconds * sample_rate)
        if self.level_samples < 1 or seconds < level_seconds:
            raise ValueError("a history needs room for at least one level of one sample")
        self._capacity = round(seconds / level_seconds)
        self._rms_db = np.full(self._capacity, _SILENCE_DB, dtype=np.float32)
        self._peak_db = np.full(self._capacity, _SILENCE_DB, dtype=np.float32)
        self._clipped = np.zeros(self._capacity, dtype=np.bool_)
        self._count = 0
        self._rest: Float32 = np.zeros(0, dtype=np.float32)
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """Levels ever made; grows by 50 a second."""
        return self._count

    def push(self, samples: Float32) -> None:
        """Take float32 [n], any n, one channel. Only one thread may push."""
        pending = np.concatenate((self._rest, samples)) if self._rest.size else samples
        blocks = pending.size // self.level_samples
        used = blocks * self.level_samples
        self._rest = pending[used:].copy()
        if blocks:
            self._store(pending[:used].reshape(blocks, self.level_samples))

    def snapshot(self, n: int) -> LevelSnapshot:
        """The last `n` levels, newest first; silence where there is no older one."""
        with self._lock:
            count = self._count
            known = min(n, count, self._capacity)
            newest_first = (count - 1 - np.arange(known)) % self._capacity
            rms_db = self._rms_db[newest_first]
            peak_db = self._peak_db[newest_first]
            clipped = self._clipped[newest_first]
        levels = np.zeros(n, dtype=np.float32)
        levels[:known] = np.clip(1.0 - rms_db / FLOOR_DB, 0.0, 1.0)
        peaks = np.full(n, _SILENCE_DB, dtype=np.float32)
        peaks[:known] = peak_db
        clips = np.zeros(n, dtype=np.bool_)
        clips[:known] = clipped
        return LevelSnapshot(levels, clips, peaks, count)

    def _store(self, blocks: NDArray[np.float32]) -> None:
        peak = np.max(np.abs(blocks), axis=1)
        power = np.einsum("ij,ij->i", blocks, blocks) / self.level_samples
        rms_db = 10 * np.log10(np.maximum(power, 1e-12)) + _SINE_TO_SQUARE_DB
        peak_db = 20 * np.log10(np.maximum(peak, 1e-6))
        with self._lock:
            kept = min(len(blocks), self._capacity)
            first = self._count + len(blocks) - kept
            where = (first + np.arange(kept)) % self._capacity
            self._rms_db[where] = rms_db[-kept:]
            self._peak_db[where] = peak_db[-kept:]
            self._clipped[where] = peak[-kept:] >= CLIP_LEVEL
            self._count += len(blocks)


# A sound to try a speaker with: three rising notes, like a small glockenspiel.

_NOTES_HZ = (659.3, 830.6, 987.8)
_NOTE_SECONDS = 0.14
_RING_SECONDS = 0.3
_PARTIALS = ((1.0, 1.0), (2.76, 0.2), (5.4, 0.06))
"""The first bending modes of a bar with free ends: times the note's frequency, and how loud."""
_PEAK = 0.3


def rising_chime() -> NDArray[np.float32]:
    """Float32 [n] at 24 kHz, 0.6 s, peak −10 dBFS, beginning and ending in silence."""
    step, ring = round(_NOTE_SECONDS * SAMPLE_RATE), round(_RING_SECONDS * SAMPLE_RATE)
    sound = np.zeros(step * (len(_NOTES_HZ) - 1) + ring, dtype=np.float32)
    t = np.arange(ring) / SAMPLE_RATE
    swell = np.minimum(1.0, t / 0.004) * np.minimum(1.0, t[::-1] / 0.03)
    for place, note in enumerate(_NOTES_HZ):
        for ratio, level in _PARTIALS:
            tone = np.sin(2 * np.pi * note * ratio * t) * np.exp(-t * 10.0 * ratio)
            sound[place * step : place * step + ring] += level * swell * tone
    sound *= _PEAK / np.abs(sound).max()
    return sound


_HEARD_HZ = 830.6
_HEARD_SECONDS = 0.12


def heard_cue() -> NDArray[np.float32]:
    """ "I have heard you": one short soft note. Float32 [n] at 24 kHz, 0.12 s, peak −16 dBFS,
    beginning and ending in silence."""
    t = np.arange(round(_HEARD_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    swell = np.minimum(1.0, t / 0.004) * np.minimum(1.0, t[::-1] / 0.03)
    note = swell * np.sin(2 * np.pi * _HEARD_HZ * t) * np.exp(-t * 20.0)
    sound: NDArray[np.float32] = (note * _PEAK / 2 / np.abs(note).max()).astype(np.float32)
    return sound
