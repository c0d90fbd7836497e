"""What is taken out of a journal that is still being written, and the id that a new one gets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from assistant.memory.base import Journal, Memory


def free_id(at: datetime, persona: str, taken: Collection[str]) -> str:
    """Of this second, or of the next in which no other conversation began."""
    while (id := f"{at:%Y-%m-%dT%H%M%S}-{persona}") in taken:
        at += timedelta(seconds=1)
    return id


def drop(journal: Journal, away: set[str]) -> None:
    """Memories and turns of these ids ("<journal>#<number>" for a turn), and what was promised in
    them."""
    journal.memories = [each for each in journal.memories if each.id not in away]
    journal.turns = [each for each in journal.turns if f"{journal.id}#{each.number}" not in away]
    left = {memory.text for memory in journal.memories}
    journal.commitments = [text for text in journal.commitments if text in left]


def doubted(journal: Journal, turns: Collection[int]) -> list[Memory]:
    """What the rules made of these turns and is no more than a sentence."""
    return [
        memory
        for memory in journal.memories
        if memory.turn in turns and memory.claim is None and memory.confidence < 1
    ]


def withdraw(journal: Journal, memories: Sequence[Memory], instead: Collection[str]) -> None:
    """Take these out; what they promised stays where it is said `instead`, or elsewhere still."""
    journal.memories = [memory for memory in journal.memories if memory not in memories]
    kept = {*instead, *(memory.text for memory in journal.memories)}
    dropped = {memory.text for memory in memories} - kept
    journal.commitments = [text for text in journal.commitments if text not in dropped]
