"""How aroused a voice is, against its own speaker: there is no other measure that carries over.

Named emotions taken from the voice do not survive a change of speakers; arousal does, by a rule
without training: deviations of five prosodic features from what they are in the speaker's usual
turns, added up. Low arousal is not heard in a voice, and is not claimed.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from assistant.frames import VoiceFeatures

LEAST = 5
"""Usual turns before anything is told of a voice."""
MOST = 20
"""Usual turns that are compared with: a voice, a room and a microphone change."""
THRESHOLD = 6.5
"""Sum of deviations from which a voice is raised."""
_USUAL_BELOW = 4.0
"""Sum of deviations up to which a turn may be usual."""
_ANOTHER = 8
"""Turns in a row above it after which that is how this speaker sounds."""
_SHORTEST = 0.4
"""Seconds of voice; shorter turns neither tell nor count."""
_WEIGHTS = np.array([1.0, 1.0, 0.5, -1.0, -1.0])
_USUAL_SPREAD = np.array([1.4, 1.5, 2.7, 1.8, 1.9])
"""Standard deviations of the features over neutral turns of one speaker (EmoDB, mean of eight):
five turns alone are too few to know a spread."""
_BELIEF = 8
"""Turns that `_USUAL_SPREAD` counts for."""
_FURTHEST = 4.0
"""Most that one feature's deviation counts: an error of measurement must not decide."""
_SOFT = 1.5
"""How fast arousal rises around the threshold."""


class SpeakerBaseline:
    """The usual voice of one user."""

    def __init__(self) -> None:
        self._usual: deque[NDArray[np.float64]] = deque(maxlen=MOST)
        self._unlike: list[NDArray[np.float64]] = []
        """The last turns in a row that were not like the usual ones."""

    def __len__(self) -> int:
        return len(self._usual)

    def add(self, voice: VoiceFeatures) -> None:
        """A turn without any sign of a feeling in its words. One that sounds raised is not usual
        for that, unless it goes on so: then the speaker, or the microphone, is another one."""
        if voice.voiced < _SHORTEST:
            return
        score = self.score(voice)
        if score is None or score < _USUAL_BELOW:
            self._usual.append(_vector(voice))
            self._unlike.clear()
            return
        self._unlike.append(_vector(voice))
        if len(self._unlike) >= _ANOTHER:
            self._usual = deque(self._unlike, maxlen=MOST)
            self._unlike = []

    def score(self, voice: VoiceFeatures) -> float | None:
        """Sum of deviations, in standard deviations; None while too little is known."""
        if len(self._usual) < LEAST or voice.voiced < _SHORTEST:
            return None
        usual = np.stack(self._usual)
        own = len(usual) - 1
        squares = own * usual.var(axis=0, ddof=1) + _BELIEF * _USUAL_SPREAD**2
        away = (_vector(voice) - usual.mean(axis=0)) / np.sqrt(squares / (own + _BELIEF))
        return float(np.clip(away, -_FURTHEST, _FURTHEST) @ _WEIGHTS)


def arousal_of(score: float | None) -> float:
    """0…1; .5 at the threshold, 0 where there is no score."""
    return 0.0 if score is None else 1 / (1 + math.exp((THRESHOLD - score) / _SOFT))


def _vector(voice: VoiceFeatures) -> NDArray[np.float64]:
    return np.array(
        [
            voice.f0_median,
            voice.f0_high,
            voice.f0_range,
            voice.alpha_ratio,
            voice.hammarberg_index,
        ]
    )
