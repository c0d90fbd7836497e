"""Unopened reasoning: the beginning of an answer is held back while it may be reasoning that was
never opened.

Some chat templates write `<think>` themselves, so that an answer begins in the middle of reasoning
and only `</think>` tells. A model that is known to do so is not believed before that; one that is
not known yet is waited for a moment, once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from assistant.brain.base import TakenBack
from assistant.brain.output_filter.filter import Item

HOLD_SECONDS = 0.8
"""Longest that the first words of an unknown model wait, where they do not look like reasoning."""

_REASONS = re.compile(r"think|reason|\bqwq|\br1\b|deepseek-r|magistral|marco-o", re.IGNORECASE)
"""Names of models that do so more often than not."""
_LIKE_REASONING = re.compile(
    r"\s*(?:(?:okay|ok|alright|all right|hmm+|well|so|right|first|now|wait|hm|yes)[,.!… ]+){0,3}"
    r"(?:the user|user\b|i (?:need|should|have to|must|will|want)\b|let me|let's|let us"
    r"|we (?:need|have|should|must|are)\b|they |this is a|the (?:question|request|task|system)\b"
    r"|looking at|thinking)",
    re.IGNORECASE,
)


def reasons(model: str, unopened: bool | None) -> bool:
    """Whether a model of this name begins with reasoning, as far as can be told before an answer;
    `unopened`: whether it is known to."""
    return bool(unopened) or (unopened is None and _REASONS.search(model) is not None)


class UnopenedReasoning:
    """Takes what an answer brings, and gives what of it may be said now."""

    def __init__(
        self,
        model: str,
        unopened: bool | None,
        *,
        hold: float = HOLD_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`unopened`: whether the model is known to begin with unopened reasoning; `hold`: seconds
        that the first words of an unknown one wait."""
        self._sure = reasons(model, unopened)
        self._holding = unopened is not False
        self._hold = hold
        self._clock = clock
        self._first: float | None = None
        self._held: list[Item] = []

    @property
    def due_in(self) -> float | None:
        """Seconds until what is held is said without more of it being there; None: never."""
        if not self._holding or self._first is None or self._sure or self._looks_like_reasoning():
            return None
        return max(0.0, self._first + self._hold - self._clock())

    @property
    def holds_words(self) -> bool:
        return any(isinstance(item, str) and item.strip() for item in self._held)

    def take(self, items: Sequence[Item], *, settled: bool) -> list[Item]:
        """`settled`: the answer's reasoning has shown itself in another way, so that its words are
        its words."""
        if not self._holding:
            return list(items)
        for item in items:
            if isinstance(item, TakenBack):
                self._held = [each for each in self._held if not isinstance(each, str)]
                settled = True
            else:
                self._held.append(item)
        if self._held and self._first is None:
            self._first = self._clock()
        if settled or self.due_in == 0.0:
            return self.release()
        return []

    def release(self) -> list[Item]:
        """All that is held; nothing is held any more."""
        self._holding = False
        held, self._held = self._held, []
        return held

    def release_if_due(self) -> list[Item]:
        return self.release() if self.due_in == 0.0 else []

    def _looks_like_reasoning(self) -> bool:
        start = "".join(item for item in self._held[:60] if isinstance(item, str))
        return _LIKE_REASONING.match(start) is not None
