"""How likely Whisper finds a whole sentence: with a sound, and had it heard nothing.

Many sentences are compared with one short sound, so they go through the decoder together, and only
the part of the encoder's output that holds the sound is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.cascade.recognition.decode import EncodedSpeech

_LANGUAGE = 0.3
"""Part of what the decoder knows of language that is taken off where sentences are compared."""
_IMPOSSIBLE = 1e-7
"""Probability under which one token is as unlikely as another."""
_STATES = 50
"""Outputs of the encoder a second."""
_AFTER = 0.3
"""Seconds after the sound that are looked at: the rest of the window is silence, and takes three
quarters of the time."""
_AT_ONCE = 8
"""Sentences that are compared in one pass."""
_KEPT = 1_000
"""Sentences of which it is kept how likely they are unheard."""


class SentenceScorer:
    """Not thread-safe: its recogniser lets one call in at a time."""

    def __init__(
        self,
        model: Any,
        storage: Callable[[Float32], Any],
        ids: Callable[[str], list[int]],
        start: list[int],
    ) -> None:
        """`model`: CTranslate2's Whisper; `storage` makes its arrays, `ids` the tokens of a text;
        `start`: the tokens that stand before every text."""
        self._model = model
        self._storage = storage
        self._ids = ids
        self._start = start
        self._unheard: dict[str, float] = {}

    def evidence(self, encoded: EncodedSpeech, texts: Sequence[str]) -> list[float]:
        """How much the sound speaks for each of `texts`: the natural logarithm of its probability,
        less a part of that which it would have had nothing been heard (see `rescoring`)."""
        states = np.asarray(encoded.states)
        near = states[:, : int((encoded.seconds + _AFTER) * _STATES)]
        heard = self._log_probabilities(near, texts)
        unheard = self._without_sound(texts, width=states.shape[2])
        return [each - _LANGUAGE * alone for each, alone in zip(heard, unheard, strict=True)]

    def _without_sound(self, texts: Sequence[str], width: int) -> list[float]:
        """The same each time; `width`: of the encoder's output."""
        if len(self._unheard) + len(texts) > _KEPT:
            self._unheard.clear()
        new = [text for text in dict.fromkeys(texts) if text not in self._unheard]
        nothing = np.zeros((1, 1, width), np.float32)
        self._unheard.update(zip(new, self._log_probabilities(nothing, new), strict=True))
        return [self._unheard[text] for text in texts]

    def _log_probabilities(self, states: Float32, texts: Sequence[str]) -> list[float]:
        """Of each text, given float32 [1, n, width] of the encoder's output."""
        found: list[float] = []
        for first in range(0, len(texts), _AT_ONCE):
            ids = [self._ids(" " + text) for text in texts[first : first + _AT_ONCE]]
            heard = np.ascontiguousarray(np.repeat(states, len(ids), axis=0))
            aligned = self._model.align(
                self._storage(heard), self._start, ids, num_frames=[states.shape[1]] * len(ids)
            )
            found += [
                sum(math.log(max(p, _IMPOSSIBLE)) for p in each.text_token_probs)
                for each in aligned
            ]
        return found
