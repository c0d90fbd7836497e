"""Manual edits: memories that a person wrote instead of saying them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from assistant.memory.base import Claim, Journal, Memory
from assistant.memory.journal.provenance import BY_HAND, SURE, memory_id, next_number, to_the_second

HAND = "by-hand"
"""Persona of the journals of what a person wrote into the profile; every persona may know it."""


def journal_of_hand(now: datetime) -> str:
    """Id of the journal for what is written on a day."""
    return f"{now:%Y-%m-%d}T000000-{HAND}"


def add_by_hand(journal: Journal, text: str, claim: Claim | None, now: datetime) -> Memory:
    """A new one, in the journal already."""
    memory = Memory(
        id=memory_id(journal.id, next_number(journal)),
        text=text,
        category="personal",
        at=to_the_second(now),
        persona=journal.persona,
        turn=BY_HAND,
        journal=journal.id,
        confidence=SURE,
        claim=claim,
    )
    journal.memories.append(memory)
    return memory


def correct_by_hand(
    journal: Journal, old: Memory, text: str, claim: Claim | None, now: datetime
) -> Memory:
    """The follower of `old`, in the journal already; `old` is history there."""
    new = replace(
        old,
        id=memory_id(journal.id, next_number(journal)),
        text=text,
        at=to_the_second(now),
        turn=BY_HAND,
        confidence=SURE,
        claim=claim,
        replaced_by="",
    )
    replace_by(journal, old.id, new.id)
    journal.memories.append(new)
    return new


def replace_by(journal: Journal, old: str, new: str) -> None:
    """The memory `old` of this journal is history, because of the memory `new`."""
    journal.memories = [
        replace(each, replaced_by=new) if each.id == old else each for each in journal.memories
    ]
