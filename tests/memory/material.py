"""Conversations to be remembered, made by hand where a test needs to know each word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from assistant.memory.base import Category, Claim, Journal, Memory, Side, Turn

BEGAN = datetime(2026, 3, 2, 19, 5, tzinfo=UTC)


def journal(
    id: str = "2026-03-02T190500-jarvis",
    said: Sequence[str] = (),
    *,
    began: datetime = BEGAN,
    persona: str = "jarvis",
) -> Journal:
    """The user and the persona take turns; the user begins."""
    made = Journal(id, began, persona, who="Ada")
    for number, text in enumerate(said, 1):
        side: Side = "user" if number % 2 else "agent"
        name = "You" if side == "user" else persona.capitalize()
        made.turns.append(Turn(number, side, name, text, began + timedelta(seconds=10 * number)))
    return made


def remember(
    kept: Journal,
    text: str,
    category: Category = "personal",
    *,
    turn: int = 1,
    claim: Claim | None = None,
    people: tuple[str, ...] = (),
    topics: tuple[str, ...] = (),
    replaced_by: str = "",
) -> Memory:
    """A memory more in a journal."""
    memory = Memory(
        f"{kept.id}-{len(kept.memories) + 1}",
        text,
        category,
        kept.began + timedelta(seconds=10 * turn),
        kept.persona,
        turn,
        kept.id,
        people=people,
        topics=topics,
        claim=claim,
        replaced_by=replaced_by,
    )
    kept.memories.append(memory)
    return memory
