"""Recordings as sound, at the rate that is wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assistant.audio.resample import OFFLINE, StreamResampler, clean
from assistant.audio.types import Float32
from assistant.audio.wav import AudioFileError, WavReader
from assistant.backends.base import BackendError
from assistant.frames import SAMPLE_RATE


def read_sound(path: Path, rate: int = SAMPLE_RATE) -> Float32:
    """All of a WAV file: float32 [n], mono, at `rate` samples a second.

    Raises `BackendError` where it cannot be used.
    """
    try:
        reader = WavReader(path)
    except AudioFileError as error:
        raise BackendError(error.message, error.remedy) from error
    try:
        resampler = StreamResampler(reader.format.rate, rate, OFFLINE)
        pieces = [resampler.process(clean(block)[0]) for block in reader.blocks()]
        pieces.append(resampler.process(np.zeros(0, np.float32), last=True))
    finally:
        reader.close()
    return np.concatenate(pieces)
