"""A sound to try a speaker with: three rising notes, like a small glockenspiel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assistant.frames import SAMPLE_RATE

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
