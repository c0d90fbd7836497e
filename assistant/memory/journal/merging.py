"""A conversation goes on while its file is edited by hand: both end up in the journal.

Three states are compared: `base`, as it was last written; `disk`, as it is now; and `mine`, as the
conversation has it. What a person changed on disk wins; what they deleted stays deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from assistant.memory.base import Journal, Memory, Turn
from assistant.memory.journal.provenance import memory_id, next_number

Entry = TypeVar("Entry", Memory, Turn)


@dataclass(slots=True)
class Gone:
    """What was taken out of a journal, by hand or by forgetting, and may not come back."""

    memories: set[str] = field(default_factory=set)
    turns: set[int] = field(default_factory=set)
    words: list[str] = field(default_factory=list)
    """Topics, commitments, moods and names."""

    def add(self, journal: Journal) -> None:
        """All that it holds."""
        self.memories.update(memory.id for memory in journal.memories)
        self.turns.update(turn.number for turn in journal.turns)
        self.words += [*journal.topics, *journal.commitments, journal.mood, journal.who]

    def join(self, other: Gone) -> None:
        self.memories |= other.memories
        self.turns |= other.turns
        self.words += other.words

    def holds(self, memories: Sequence[str]) -> bool:
        """Whether one of these is among what was taken out."""
        return any(id in self.memories for id in memories)


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What was new of what was taken in."""

    journals: int
    memories: int
    turns: int


def merge(mine: Journal, base: Journal | None, disk: Journal | None, gone: Gone) -> None:
    """Bring `mine` up to date. `disk`: None where the file is gone; `base`: None where it was not
    written before, so that `mine` counts alone."""
    if base is not None and disk is None:
        gone.add(base)
    elif base is not None and disk is not None:
        _renumber(mine, base, disk)
        _merge_head(mine, base, disk)
        mine.memories = _merge_entries(
            mine.memories, base.memories, disk.memories, gone.memories, lambda memory: memory.id
        )
        mine.turns = _merge_entries(
            mine.turns, base.turns, disk.turns, gone.turns, lambda turn: turn.number
        )
    drop_gone(mine, gone)


def join(here: Journal, other: Journal) -> tuple[int, int]:
    """Add what `here` lacks; returns how many memories and turns that were."""
    ids = {memory.id for memory in here.memories}
    texts = {memory.text for memory in here.memories}
    numbers = {turn.number for turn in here.turns}
    memories = [m for m in other.memories if m.id not in ids and m.text not in texts]
    turns = [turn for turn in other.turns if turn.number not in numbers]
    here.memories += memories
    here.turns += turns
    here.turns.sort(key=lambda turn: turn.number)
    return len(memories), len(turns)


def drop_gone(mine: Journal, gone: Gone) -> None:
    mine.memories = [each for each in mine.memories if each.id not in gone.memories]
    mine.turns = [each for each in mine.turns if each.number not in gone.turns]
    words = {word for word in gone.words if word}
    mine.topics = [each for each in mine.topics if each not in words]
    mine.commitments = [each for each in mine.commitments if each not in words]
    mine.mood = "" if mine.mood in words else mine.mood
    mine.who = "" if mine.who in words else mine.who


def _renumber(mine: Journal, base: Journal, disk: Journal) -> None:
    """Both sides may have given the same number to something new; the file's keeps it."""
    before = {memory.id for memory in base.memories}
    taken = {memory.id: memory.text for memory in disk.memories if memory.id not in before}
    number = max(next_number(mine), next_number(disk))
    ids: dict[str, str] = {}
    for memory in mine.memories:
        if taken.get(memory.id, memory.text) != memory.text:
            ids[memory.id] = memory_id(mine.id, number + len(ids))
    if ids:
        mine.memories = [
            replace(
                each,
                id=ids.get(each.id, each.id),
                replaced_by=ids.get(each.replaced_by, each.replaced_by),
            )
            for each in mine.memories
        ]


def _merge_head(mine: Journal, base: Journal, disk: Journal) -> None:
    for name in ("who", "mood", "persona", "ended"):
        if getattr(disk, name) != getattr(base, name):
            setattr(mine, name, getattr(disk, name))
    for name in ("topics", "commitments"):
        before, now = getattr(base, name), getattr(disk, name)
        if now != before:
            later = [each for each in getattr(mine, name) if each not in before]
            setattr(mine, name, [*now, *(each for each in later if each not in now)])


def _merge_entries(
    mine: Iterable[Entry],
    base: Iterable[Entry],
    disk: Iterable[Entry],
    gone: set[Any],
    key: Callable[[Entry], str | int],
) -> list[Entry]:
    before = {key(each): each for each in base}
    now = {key(each): each for each in disk}
    held = {key(each): each for each in mine}
    gone.update(id for id in before if id not in now or id not in held)
    for id, entry in now.items():
        edited = id in before and entry != before[id]
        if edited or (id not in before and id not in held):
            held[id] = entry
    return [entry for id, entry in held.items() if id not in gone]


# What is taken out of a journal that is still being written, and the id that a new one gets.


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
