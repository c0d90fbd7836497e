"""Continuation: a user who goes on with what seemed to be over; both halves are one thought, and
get one answer.

    "I have a question." (pause) ─► answered ─► "About the weather."
                                       └─ not heard yet, or only just: "I have a question about the
                                          weather." is answered instead

No detector of ends is always right, so being wrong has to cost little.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.session.turns.messages import UserMessage

ONLY_JUST = 1.2
"""Seconds for which the answer may have been heard. Pauses within a turn seldom last longer, and
whoever speaks later has listened and means to reply."""

_JOINTS = re.compile(
    r"\W*(?:and|or|but|nor|because|cause|although|though|unless|until|whereas|while|if|when|whenever|"
    r"since|than|as|who|whom|whose|which|where|of|to|from|with|without|about|at|by|for|in|on|into|"
    r"onto|over|under|near|behind|beside|between|among|through|during|against|like|except|including|"
    r"plus|especially|preferably|maybe|not|please|only|too)\b"
)
"""Words with which an addition begins, and hardly ever a thought of its own."""


class Continuation:
    """Keeps the question whose answer has not been heard, or only just."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._question: UserMessage | None = None
        self._sounding_since: float | None = None
        self._cut_in = False
        """The user began when the answer had only just begun."""

    def asked(self, question: UserMessage | None) -> None:
        """This is being answered now; None: nothing that could be added to."""
        self._question = question
        self._sounding_since = None
        self._cut_in = False

    def sounding(self) -> None:
        """The answer begins to be heard."""
        if self._sounding_since is None:
            self._sounding_since = self._clock()

    def user_began(self) -> None:
        since = self._sounding_since
        self._cut_in = since is not None and self._clock() - since <= ONLY_JUST

    def first_half(self, heard: UserMessage, *, held: bool) -> UserMessage | None:
        """What `heard`, which wants an answer, goes on with; None where it stands for itself.
        `held`: no answer was heard before it."""
        question = self._question
        if question is None or question.origin != heard.origin:
            return None
        if self._sounding_since is None:
            return question if held else None
        return question if self._cut_in and is_addition(heard.text) else None


def is_addition(text: str) -> bool:
    """Whether these words go on with others: "about the weather", "and a short one"."""
    return _JOINTS.match(text.lower()) is not None and not text.rstrip().endswith("?")


def joined(first: str, second: str) -> str:
    """Both halves as one; without the full stop that the recogniser has put between them."""
    before = first.rstrip()
    if is_addition(second) or second[:1].islower():
        before = before.rstrip(".,;:!…- ")
        second = second[:1].lower() + second[1:]
    return f"{before} {second}"
