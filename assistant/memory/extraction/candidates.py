"""Candidates: what a judge makes of a turn, memories that have no place yet, and what it will not
keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from assistant.memory.base import Category, Claim, Memory, Turn


@dataclass(frozen=True, slots=True)
class Candidate:
    """A memory before it has an id and a journal."""

    text: str
    category: Category
    turn: int
    """Number of the user's turn it was made of."""
    confidence: float = 0.8
    people: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    claim: Claim | None = None
    asked: bool = False
    """The user asked for it to be remembered."""
    weighty: bool = False
    """Worth writing down at once."""
    corrects: bool = False
    """Told as a correction: "no, it is called …", "actually …"."""
    commitment: bool = False
    """Somebody undertook to do something."""

    def placed(self, id: str, journal: str, persona: str, at: datetime) -> Memory:
        """The memory it becomes."""
        return Memory(
            id=id,
            text=self.text,
            category=self.category,
            at=at,
            persona=persona,
            turn=self.turn,
            journal=journal,
            confidence=self.confidence,
            people=self.people,
            topics=self.topics,
            claim=self.claim,
        )


@dataclass(frozen=True, slots=True)
class RefusedCandidate:
    """Something that is not kept, although the user may have asked for it."""

    reason: str
    """What it is: "a card number", "a password"."""
    turn: int
    asked: bool = False

    def sentence(self) -> str:
        """To be said to the user."""
        return f"I do not keep {self.reason}. A password manager is the right place for it."


Outcome = Candidate | RefusedCandidate


class Judge(Protocol):
    """Decides what of a turn is remembered. `who` is the user's name, "" where unknown."""

    def judge(self, turn: Turn, who: str = "") -> Sequence[Outcome]: ...
