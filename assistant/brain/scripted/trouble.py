"""Whoever has told of a trouble is listened to for some turns."""

from __future__ import annotations

import re

from assistant.brain.scripted.intents import Intent
from assistant.brain.scripted.understanding import Understood

_TROUBLES: frozenset[Intent] = frozenset(
    {"mood_bad", "lonely", "tired", "angry", "anxious", "bored"}
)
_TURNS = 5
"""For so many after somebody has told of it, what they say is taken to be about it."""
_TALK: frozenset[Intent] = frozenset(
    {"yes", "which", "instead", "opinion", "what_can_you_do", "more", "statement", "not_understood"}
)
"""What somebody may say of a trouble that would mean something else, or nothing, otherwise."""
_OF_ONESELF = re.compile(r"\b(?:i|my|myself|mine|(?<!for )me)\b")
_ENDS: frozenset[Intent] = frozenset(
    {"mood_good", "goodbye", "thanks", "distress", "joke", "exchange"}
)
_NO_MORE = re.compile(r"\b(?:talk about|subject|alone|drop it|never ?mind|whatever|forget it)\b")


class Trouble:
    """What weighs on the user, as far as they have said."""

    def __init__(self) -> None:
        self._what: Intent | None = None
        self._turns = 0

    @property
    def is_there(self) -> bool:
        return self._what is not None

    def over(self) -> None:
        self._what = None

    def meaning(self, part: Understood, text: str) -> Understood:
        """What a part of the turn `text` means: more of the trouble, that is, and no question of
        knowledge, but where it plainly is one."""
        self._turns = max(0, self._turns - 1)
        if not self._turns:
            self._what = None
        if part.intent in _TROUBLES:
            more = self._what is not None and part.intent in (self._what, "mood_bad")
            self._what = self._what if more else part.intent
            self._turns = _TURNS
            return Understood("ask_on") if more else part
        if self._what is None:
            return part
        if part.intent == "no" and not _NO_MORE.search(text.lower()):
            return Understood("ask_on")
        if part.intent in (*_ENDS, "no"):
            self._what = None
        unknown = part.intent in ("cannot", "cannot_do") and _OF_ONESELF.search(text.lower())
        return Understood("ask_on") if unknown or part.intent in _TALK else part
