"""How much of a voice is in a sound, and whether it laughs."""

from __future__ import annotations

import numpy as np

from assistant.audio.types import Float32
from assistant.audio.vad import ON, RATE, WINDOW_SAMPLES, WINDOW_SECONDS, Detector
from assistant.backends.cascade.recognition.decode import Decode
from assistant.language.vocalisations import is_vocalisation

_CLEAR_SPEECH = 1.0
"""Seconds of voice from which somebody said something."""

_DOUBTFUL = -0.8
"""Mean log probability of words under which they may be made of laughter, …"""
_PERHAPS_NO_SPEECH = 0.4
"""… and Whisper's probability that nobody spoke over which they may."""

_BLOCK = RATE // 100
_SLOWEST, _QUICKEST = 3.5, 7.0
"""Bursts a second in laughter: 4.4 on average (Bachorowski, Smoski and Owren 2001, "The acoustic
features of human laughter")."""
_REGULAR = 0.5
"""Normalised autocorrelation of the level from which bursts are regular."""
_BURSTS = 4
"""Of laughter, at least."""
_DEPTH_DB = 2.0
"""Root mean square by which the level of bursts changes: that of a tone hardly does."""
_SPREAD_DB = 15.0
"""Levels are compared down to this far under the loudest."""


class VoiceMeter:
    """How long somebody speaks in a sound. Not thread-safe; loads its detector when first asked."""

    def __init__(self) -> None:
        self._detector: Detector | None = None

    def speech_seconds(self, audio: Float32) -> float:
        """Seconds of float32 [n] at 16 kHz in which there is clearly a voice."""
        if self._detector is None:
            self._detector = Detector()
        self._detector.reset()
        whole = audio.size // WINDOW_SAMPLES
        windows = audio[: whole * WINDOW_SAMPLES].reshape(whole, WINDOW_SAMPLES)
        return WINDOW_SECONDS * sum(self._detector.probability(part) >= ON for part in windows)

    def makes_no_sense(self, heard: Decode, audio: Float32) -> bool:
        """Whether somebody spoke, in float32 [n] at 16 kHz, though `heard` holds no words to
        believe. Who laughs or hums does not speak."""
        return not is_laughter(heard, audio) and self.speech_seconds(audio) >= _CLEAR_SPEECH


def is_laughter(heard: Decode, audio: Float32) -> bool:
    """Whether float32 [n] at 16 kHz is laughter, or another cry without words: read as such, or
    heard as such where the words are doubtful."""
    if is_vocalisation(heard.text):
        return True
    doubtful = heard.certainty < _DOUBTFUL and heard.no_speech > _PERHAPS_NO_SPEECH
    return doubtful and laughs(audio)


def laughs(audio: Float32) -> bool:
    """Whether float32 [n] at 16 kHz is a row of bursts as regular as laughter."""
    level = _level(audio)
    slow, quick = round(100 / _SLOWEST), round(100 / _QUICKEST)
    if level.size < _BURSTS * quick or level.size <= slow:
        return False
    power = float(np.dot(level, level))
    if power < _DEPTH_DB**2 * level.size:
        return False
    at = [float(np.dot(level[lag:], level[:-lag])) / power for lag in range(1, slow + 1)]
    best = max(range(quick, slow + 1), key=lambda lag: at[lag - 1])
    # Shifted, a row overlaps itself by that much less: a perfect one reaches this share only.
    return at[best - 1] >= _REGULAR * (1 - best / level.size)


def _level(audio: Float32) -> Float32:
    """Level of each 10 ms in dB without its mean, float32 [m]: from where it begins to be loud to
    where it ends."""
    blocks = audio[: audio.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    level = 10 * np.log10(np.mean(blocks**2, axis=1) + 1e-12)
    level = np.maximum(level, level.max(initial=-120) - _SPREAD_DB)
    loud = np.flatnonzero(level > level.min(initial=0))
    if not loud.size:
        return np.zeros(0, np.float32)
    heard = level[loud[0] : loud[-1] + 1]
    around: Float32 = (heard - heard.mean()).astype(np.float32)
    return around
