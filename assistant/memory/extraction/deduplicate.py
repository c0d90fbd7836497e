"""Deduplication: no memory twice, and newer corrects older."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from assistant.language.dates import DATE_OF
from assistant.language.tokens import gist
from assistant.memory.base import Claim, Journal, Memory, MemoryFailure, MemoryStore
from assistant.memory.extraction.candidates import Candidate
from assistant.memory.journal.escaping import whole_number

SURER = 0.1
"""What saying it again adds to the confidence."""
LASTING = frozenset(
    {"birthday", "birthplace", "blood type", "origin", "grew up", "native language"}
)
"""What cannot change: another value, unless told as a correction, contradicts and does not
correct. Both are then left to stand, so that it can be asked which is true."""
_log = logging.getLogger(__name__)


class KnownMemories:
    """Memories of the store and of the conversation, by claim and by words."""

    def __init__(self, store: MemoryStore, numbers: dict[str, int] | None = None) -> None:
        """`numbers`: the last that a memory of each journal was given; it is not given again, not
        where that memory was forgotten either."""
        self._store = store
        self._numbers = {} if numbers is None else numbers
        self._memories: dict[str, Memory] | None = None

    def take(self, draft: Candidate, journal: Journal, persona: str, at: datetime) -> Memory | None:
        """Put a draft into the journal; None where it was known: then it is only surer."""
        self._load(journal)
        assert self._memories is not None
        same = self._same(draft, journal.who)
        if same is not None:
            sure = 1.0 if draft.asked else min(0.99, max(same.confidence, draft.confidence) + SURER)
            if sure > same.confidence:
                self._change(replace(same, confidence=round(sure, 2)), journal)
            return None
        given = [_number(memory.id) for memory in journal.memories]
        number = 1 + max([*given, self._numbers.get(journal.id, 0)])
        self._numbers[journal.id] = number
        memory = draft.placed(f"{journal.id}/{number}", journal.id, persona, at)
        for older in self._corrected(draft, journal.who):
            self._change(replace(older, replaced_by=memory.id), journal)
        journal.memories.append(memory)
        self._memories[memory.id] = memory
        return memory

    def holds(self, draft: Candidate, journal: Journal) -> bool:
        """Whether it is remembered already."""
        self._load(journal)
        return self._same(draft, journal.who) is not None

    def forget(self, ids: Sequence[str]) -> None:
        gone = set(ids)
        if self._memories is not None:
            self._memories = {
                id: memory
                for id, memory in self._memories.items()
                if id not in gone and memory.journal not in gone
            }

    def _load(self, journal: Journal) -> None:
        if self._memories is None:
            try:
                found = self._store.memories()
            except MemoryFailure as error:
                _log.warning("memory: %s", error.message)
                found = ()
            self._memories = {memory.id: memory for memory in (*found, *journal.memories)}

    def _same(self, draft: Candidate, who: str) -> Memory | None:
        assert self._memories is not None
        words = gist(draft.text, who)
        for memory in self._memories.values():
            if memory.replaced_by:
                continue
            if _key(memory.claim) and _key(memory.claim) == _key(draft.claim):
                assert memory.claim is not None
                assert draft.claim is not None
                if _says_no_more(draft.claim, memory.claim):
                    return memory
            elif gist(memory.text, who) == words and (memory.claim or not draft.claim):
                return memory
        return None

    def _corrected(self, draft: Candidate, who: str) -> list[Memory]:
        assert self._memories is not None
        key = _key(draft.claim)
        if not key or (key[1] in LASTING and not (draft.corrects or draft.asked)):
            return []
        return [
            memory
            for memory in self._memories.values()
            if not memory.replaced_by
            and (
                (_key(memory.claim) == key and _makes_way(memory.claim, draft))
                or (memory.claim is None and gist(memory.text, who) == gist(draft.text, who))
            )
        ]

    def _change(self, memory: Memory, journal: Journal) -> None:
        """In this conversation's journal, or in the older one that it stands in."""
        assert self._memories is not None
        self._memories[memory.id] = memory
        if memory.journal == journal.id:
            journal.memories = [memory if m.id == memory.id else m for m in journal.memories]
            return
        try:
            older = self._store.read(memory.journal)
            older.memories = [memory if m.id == memory.id else m for m in older.memories]
            self._store.write(older)
        except MemoryFailure as error:
            _log.warning("memory: %s", error.message)


def _key(claim: Claim | None) -> tuple[str, str] | None:
    return (claim.subject.casefold(), claim.attribute.casefold()) if claim else None


def _says_no_more(new: Claim, old: Claim) -> bool:
    """The same value; of an appointment perhaps without the time of day that is known."""
    if new.value.casefold() == old.value.casefold():
        return True
    return new.attribute.startswith(DATE_OF) and old.value.startswith(f"{new.value} ")


def _makes_way(old: Claim | None, draft: Candidate) -> bool:
    """Of an appointment only where it is moved, or its time of day is told: there may be two."""
    if old is None or draft.claim is None or not draft.claim.attribute.startswith(DATE_OF):
        return True
    return draft.corrects or draft.claim.value.startswith(f"{old.value} ")


def _number(id: str) -> int:
    last = re.split(r"[/#.]", id)[-1]
    return whole_number(last)
