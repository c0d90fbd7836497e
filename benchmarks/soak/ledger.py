"""What the user was told and answered: every turn of theirs is answered, or its loss explained."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from assistant.session.events import (
    AgentSaid,
    Dropped,
    Failure,
    FirstSample,
    Notice,
    PersonaChanged,
    PersonasReloaded,
    SessionEvent,
    ToolCalled,
    ToolFinished,
    TurnStarted,
    UserSaid,
)

Outcome = Literal["answered", "explained", "lost"]
_TOLD = 60
"""Different messages that are counted; more go under "other"."""


@dataclass(slots=True)
class _Now:
    """The user's turn that is under way."""

    heard: bool = False
    sounding: bool = False
    answers: set[int] = field(default_factory=set)
    """Assistant turns begun since it was heard."""
    answered: bool = False
    told: bool = False
    """Of something that went wrong."""


class Ledger:
    """A listener of the session. It keeps counts, not events: it runs for hours."""

    def __init__(self) -> None:
        self.user_said = 0
        self.assistant_said = 0
        """Turns that belong in the transcript."""
        self.persona_changes = 0
        self.tools_called = 0
        self.tools_finished = 0
        self.reloads = 0
        self.drops: dict[str, int] = {}
        """As told."""
        self.failures: list[str] = []
        self.told: Counter[str] = Counter()
        self._now = _Now()

    def __call__(self, event: SessionEvent) -> None:
        now = self._now
        match event:
            case UserSaid(final=True, text=text) if text:
                self.user_said += 1
                now.heard = True
            case TurnStarted(side="assistant", turn=turn) if now.heard:
                now.answers.add(turn)
            case FirstSample(turn=turn) if turn in now.answers:
                now.sounding = True
            case AgentSaid(final=True, played=played, turn=turn) if played:
                self.assistant_said += 1
                now.answered = now.answered or turn in now.answers
            case PersonaChanged():
                self.persona_changes += 1
                now.answered = True
            case ToolCalled():
                self.tools_called += 1
            case ToolFinished():
                self.tools_finished += 1
            case PersonasReloaded(failed=failed):
                self.reloads += 1
                self._tell("a persona file is broken" if failed else "the persona files are sound")
            case Dropped(counts=counts):
                self._tell("sound was dropped")
                self.drops = dict(counts)
            case Notice(text=text):
                self._tell(text)
            case Failure(text=text):
                self.failures.append(text)
                self._tell(text)
            case _:
                pass

    def begin(self) -> None:
        """The user is about to speak."""
        self._now = _Now()

    @property
    def heard(self) -> bool:
        return self._now.heard

    @property
    def sounding(self) -> bool:
        """The answer is heard."""
        return self._now.sounding

    @property
    def answered(self) -> bool:
        return self._now.answered

    def outcome(self) -> Outcome:
        if self._now.answered:
            return "answered"
        return "explained" if self._now.told else "lost"

    def _tell(self, text: str) -> None:
        self._now.told = True
        general = re.sub(r"\d+", "#", text)
        if general not in self.told and len(self.told) >= _TOLD:
            general = "other"
        self.told[general] += 1
