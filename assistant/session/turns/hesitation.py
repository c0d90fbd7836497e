"""Hesitation: whether an answer that takes a while begins with a word that fits any answer.

People do so, too: a speaker who will be late says "well" or "um" first, and is understood to be
about to answer (Clark and Fox Tree, 2002).
"""

from __future__ import annotations

import re
from collections import deque
from statistics import median

from assistant.language.lexicon import AUXILIARIES, QUESTION_WORDS, either

LATE = 0.7
"""Seconds without a word of the answer from which on it is worth it."""
SLOW = 1.5
"""… and from which on it is so in one turn after another."""
_ANSWERS = 5
_FEWEST = 2
_ASKING = re.compile(
    rf"(?:(?:and|so|but|well|okay|hey|please|now),?\s+)*"
    rf"(?:{either(QUESTION_WORDS | AUXILIARIES)}|tell\s+me|explain|describe|compare|suggest"
    r"|recommend|give\s+me|help\s+me)\b",
    re.IGNORECASE,
)
_SHORTEST = 3
"""Words of a question that is worth a thought."""


class AnswerDelays:
    """Of one brain: seconds from its being asked to the first sound of what it answered."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_ANSWERS)
        self._hesitated = False

    def took(self, seconds: float) -> None:
        """An answer did."""
        self._seconds.append(seconds)

    def worth_hesitating(self, asked: str) -> float:
        """Seconds that the answer to this will probably take, if that is long enough, and the words
        ask for a thought; else 0. After a turn with one there is none, unless it is slow."""
        if len(self._seconds) < _FEWEST or not is_worth_a_thought(asked):
            return 0.0
        usual = median(self._seconds)
        return usual if usual > (SLOW if self._hesitated else LATE) else 0.0

    def hesitated(self, done: bool) -> None:
        """Whether it was done in this turn."""
        self._hesitated = done


def is_worth_a_thought(text: str) -> bool:
    """Whether this asks for something that one may have to think about: a greeting, thanks or a
    statement does not."""
    text = text.strip()
    asks = text.endswith("?") or _ASKING.match(text) is not None
    return asks and len(text.split()) >= _SHORTEST
