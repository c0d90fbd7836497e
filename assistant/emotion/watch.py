"""How the user is over several turns: hysteresis, and what he says himself of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.emotion.corrections import RAISED_VOICE, CueWeights, corrected
from assistant.emotion.feeling import Feeling, Kind
from assistant.emotion.speaker import SpeakerBaseline, arousal_of
from assistant.emotion.words import SURE, WordReading, read
from assistant.frames import VoiceFeatures

_TURNS = 2
"""Turns without a sign after which a feeling is over, and raised turns after which a voice is."""
_EARLIER = 6
"""Turns of the user's that are kept to find requests that are made again."""
_TAKEN_BACK_WITHIN = 3
"""Turns after which the user may still mean the feeling that was noticed last."""
_WEAKEST = 0.4
"""Confidence of words from which a language model is asked."""
_CONFIRMED = 0.6
"""Confidence of a hint that a language model confirms."""
_AROUSED: frozenset[Kind | None] = frozenset({"frustrated", "excited"})
"""Kinds that a raised voice makes surer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one turn changes."""

    heard: Feeling | None
    """What this turn itself shows; None where it shows nothing."""
    now: Feeling | None
    """How the user is, this turn and the ones before taken together."""
    taken_back: bool = False
    """He has said that he does not feel as it was thought."""
    was: Kind | None = None
    """… which was this."""


class FeelingWatch:
    """Turn after turn of one user. Clear words count at once; weak ones and a raised voice need two
    turns, and so does their end. Of the voice nothing is told before five usual turns."""

    def __init__(self, weights: CueWeights | None = None) -> None:
        self._weights = weights if weights is not None else CueWeights()
        self._baseline = SpeakerBaseline()
        self._earlier: deque[str] = deque(maxlen=_EARLIER)
        self._now: Feeling | None = None
        self._told: tuple[Kind | None, tuple[str, ...]] | None = None
        """The feeling that was noticed last, and the names of the cues that told it, …"""
        self._since = 0
        """… and turns since."""
        self._quiet = 0
        """Turns since the last sign of it."""
        self._hint: Feeling | None = None
        """What the last turn hints at, where it is not sure, …"""
        self._hinted: tuple[str, ...] = ()
        """… and the names of the cues that do."""
        self._last_kind: Kind | None = None
        """Of the turn before, however weak."""
        self._last_raised = False

    @property
    def now(self) -> Feeling | None:
        return self._now

    def take(self, text: str, voice: VoiceFeatures | None = None) -> Outcome:
        """One turn of the user's; `voice` where it was measured."""
        self._since += 1
        meant = self._told is not None and self._since <= _TAKEN_BACK_WITHIN
        if meant and self._told is not None and corrected(text, self._told[0]):
            return self._take_back(text, voice)
        words = read(text, tuple(self._earlier), weigh=self._weights)
        arousal = self._arousal(words, voice)
        raised = arousal >= 0.5
        heard = self._heard(words, arousal)
        self._update(words, heard, raised)
        self._doubt(words, heard)
        self._earlier.append(text)
        self._last_kind = words.signs[0].kind if words.signs else None
        self._last_raised = raised
        return Outcome(heard, self._now)

    def foresee(self, text: str) -> Feeling | None:
        """How the user would be if this were all of the turn that is under way; changes nothing."""
        words = read(text, tuple(self._earlier), weigh=self._weights)
        if words.kind is not None and self._counts(words, raised=False):
            return Feeling(words.kind, 0.0, words.confidence, _reasons(words))
        if self._now is not None and self._quiet + 1 < _TURNS:
            return replace(self._now, held=True)
        return None

    @property
    def doubtful(self) -> Sequence[str]:
        """The last turns, the one in question last, where its words hint at a feeling and are not
        sure; empty where there is nothing to ask a language model."""
        return tuple(self._earlier) if self._hint is not None else ()

    def judged(self, verdict: Kind | Literal["neutral"]) -> bool:
        """A language model's word on the last turn: it may confirm what weak words hinted at, and
        doubt what they told; it never finds a feeling of its own. Whether that changes anything."""
        hint, self._hint = self._hint, None
        if hint is None or hint.kind is None:
            return False
        told = self._now is not None and not self._now.held
        if verdict == hint.kind and not told:
            self._now, self._quiet = replace(hint, confidence=_CONFIRMED), 0
            self._note(hint.kind, self._hinted)
            return True
        if verdict != hint.kind and told and self._now == hint:
            self._now, self._told = None, None
            return True
        return False

    def forget(self) -> None:
        """Nothing was ever felt, and no cue is doubted. Raises `OSError`."""
        self._now, self._told, self._last_kind, self._quiet = None, None, None, 0
        self._hint = None
        self._earlier.clear()
        self._weights.clear()

    # -- inside ----------------------------------------------------------------------------------

    def _arousal(self, words: WordReading, voice: VoiceFeatures | None) -> float:
        if voice is None:
            return 0.0
        arousal = arousal_of(self._baseline.score(voice)) * self._weights(RAISED_VOICE)
        if not words.emotional:
            self._baseline.add(voice)
        return round(arousal, 2)

    def _heard(self, words: WordReading, arousal: float) -> Feeling | None:
        raised = arousal >= 0.5
        cues = (*_reasons(words), *(("a raised voice",) if raised else ()))
        if words.kind is not None:
            sure = words.confidence
            if raised and words.kind in _AROUSED:
                sure = round(1 - (1 - sure) * (1 - 0.5 * arousal), 2)
            return Feeling(words.kind, arousal, sure, cues)
        if raised and words.signs and words.signs[0].kind in _AROUSED:
            # Weak words, and a voice that says the same.
            sure = round(1 - (1 - words.confidence) * (1 - 0.5 * arousal), 2)
            return Feeling(words.signs[0].kind, arousal, sure, cues)
        return Feeling(None, arousal, arousal, cues) if raised else None

    def _counts(self, words: WordReading, *, raised: bool) -> bool:
        """Whether what one turn tells is enough of a change."""
        if words.confidence >= SURE or (raised and words.kind in _AROUSED):
            return True
        held = self._now.kind if self._now is not None else None
        return words.kind is not None and words.kind in (self._last_kind, held)

    def _update(self, words: WordReading, heard: Feeling | None, raised: bool) -> None:
        if heard is not None and heard.kind is not None and self._counts(words, raised=raised):
            self._now, self._quiet = heard, 0
            self._note(heard.kind, tuple(sign.name for sign in words.signs))
        elif heard is not None and heard.kind is None and self._last_raised:
            if self._now is None or self._now.kind is None:
                self._now = heard
                self._note(None, (RAISED_VOICE,))
            self._quiet = 0
        elif self._now is not None:
            self._quiet += 1
            over = self._quiet >= _TURNS
            self._now = None if over else replace(self._now, held=True)

    def _note(self, kind: Kind | None, names: tuple[str, ...]) -> None:
        self._told, self._since = (kind, names), 0

    def _doubt(self, words: WordReading, heard: Feeling | None) -> None:
        """Whether a language model should be asked of this turn."""
        self._hint = None
        if words.signs and _WEAKEST <= words.confidence < SURE:
            weak = Feeling(words.signs[0].kind, 0.0, words.confidence, _reasons(words))
            self._hint = heard if heard is not None and heard.kind is not None else weak
            self._hinted = tuple(sign.name for sign in words.signs)

    def _take_back(self, text: str, voice: VoiceFeatures | None) -> Outcome:
        """The user knows better: the feeling is dropped, and what told it is doubted."""
        was, names = self._told if self._told is not None else (None, ())
        self._weights.doubt(dict.fromkeys(names))
        self._now, self._told, self._quiet, self._last_kind = None, None, 0, None
        self._hint = None
        self._last_raised = False
        self._earlier.append(text)
        if voice is not None:
            self._baseline.add(voice)
        return Outcome(None, None, taken_back=True, was=was)


def _reasons(words: WordReading) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sign.reason for sign in words.signs))[:3]
