"""What was said lately, taken along behind a new prompt.

A model's state holds a prompt and what came after it, and attention reaches back only so far. When
the prompt is to be renewed in the middle of a conversation, the last seconds follow it into the
new state word for word (text, agent's and user's codes, step by step); what lies further back is
in the prompt's notes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

from assistant.backends.moshi.contract import KnownStep, LanguageModel, Replay, Snapshot

TAIL = 250
"""Steps (20 s) that follow a prompt into its state."""
TAIL_SHARE = 1 / 3
"""Of the context, at most, for them, and…"""
START_SHARE = 0.7
"""…for the prompt and them: something has to be said, too, before all of it begins anew."""
GROWTH = 0.25
"""Of the tail's length: what may be added to it while it waits to be put in place."""


class RecentSteps:
    """The last steps of a conversation, as far as they may follow a prompt."""

    def __init__(self, context: int) -> None:
        self._context = context
        self._steps: deque[KnownStep] = deque(maxlen=min(TAIL, max(1, int(TAIL_SHARE * context))))

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, step: KnownStep) -> None:
        self._steps.append(step)

    def clear(self) -> None:
        """Another conversation begins."""
        self._steps.clear()

    def behind(self, positions: int) -> list[KnownStep]:
        """Those that have room behind a prompt of so many positions."""
        room = min(len(self._steps), max(0, int(START_SHARE * self._context) - positions))
        return list(islice(self._steps, len(self._steps) - room, None))


class CatchingUp:
    """A prompt's state on its way to where the conversation is."""

    def __init__(
        self, lm: LanguageModel, prompt: Snapshot, recent: RecentSteps, chunk: int
    ) -> None:
        self._lm = lm
        self._prompt = prompt
        self._recent = recent
        self._chunk = chunk
        self._begin()

    def take(self, step: KnownStep) -> None:
        """The conversation goes on."""
        self._replay.add((step,))
        self.length += 1
        if self.length > self._first + max(self._chunk, int(GROWTH * self._first)):
            self._begin()  # it would fill the context with what the notes say already

    @property
    def behind(self) -> bool:
        """A whole chunk is missing."""
        return self._replay.waiting >= self._chunk

    def advance(self) -> None:
        """Run the next chunk."""
        self._replay.advance()

    def arrive(self) -> Snapshot:
        """The state after all that was said; what is missing is run now."""
        return self._replay.snapshot()

    def _begin(self) -> None:
        steps: Sequence[KnownStep] = self._recent.behind(self._prompt.positions)
        self.length = self._first = len(steps)
        """Steps behind the prompt."""
        self._replay: Replay = self._lm.replay(self._prompt, self._chunk)
        self._replay.add(steps)
