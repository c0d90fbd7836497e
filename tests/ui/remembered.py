"""A memory for the panel to show: the real one, over a store in a dictionary."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from assistant.memory.base import Category, Claim, Found, Journal, Memory, Turn
from assistant.memory.service import MemoryService
from assistant.session.events import MemoryRecalled
from tests.fakes import FakeMemoryStore

BEGAN = datetime(2026, 11, 20, 19, 5, tzinfo=timezone(timedelta(hours=1)))
PARROT = "The user's parrot is called Picasso."


def journal(*told: tuple[str, str, Category, Claim | None, float]) -> Journal:
    """A conversation of the butler's: what the user said, and what was remembered of it."""
    id = f"{BEGAN:%Y-%m-%dT%H%M%S}-butler"
    made = Journal(id, BEGAN, "butler")
    for number, (said, text, category, claim, confidence) in enumerate(told, 1):
        at = BEGAN + timedelta(minutes=number)
        turn = 2 * number - 1
        made.turns.append(Turn(turn, "user", "You", said, at))
        made.turns.append(Turn(turn + 1, "agent", "Butler", "Noted.", at))
        made.memories.append(
            Memory(f"{id}/{number}", text, category, at, "butler", turn, id, confidence,
                   claim=claim)
        )  # fmt: skip
    return made


def evening() -> Journal:
    """A parrot, a sister of two names, and more."""
    return journal(
        ("My sister is called Grace.", "The user's sister is called Grace.", "relational",
         Claim("user", "sister's name", "Grace"), 0.9),
        ("Remember that my parrot is called Picasso.", PARROT, "personal",
         Claim("user", "parrot's name", "Picasso"), 1.0),
        ("My sister's name is Ann.", "The user's sister is called Ann.", "relational",
         Claim("user", "sister's name", "Ann"), 0.9),
        ("I am writing a book about lighthouses.", "The user is writing a book about lighthouses.",
         "contextual", None, 0.8),
        ("I swim every Tuesday.", "The user swims every Tuesday.", "temporal", None, 0.8),
        ("I suppose I like jazz.", "The user likes jazz.", "personal",
         Claim("user", "likes", "jazz"), 0.4),
    )  # fmt: skip


def remembering(*journals: Journal, private: bool = False) -> MemoryService:
    return MemoryService(FakeMemoryStore(*journals), private=private)


def recalled(text: str = PARROT) -> MemoryRecalled:
    """That memory of the evening came to mind."""
    memory = next(each for each in evening().memories if each.text == text)
    return MemoryRecalled(
        found=(Found(memory.id, memory.text, memory.at, memory.persona, 1.0, memory),)
    )
