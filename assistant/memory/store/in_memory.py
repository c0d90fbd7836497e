"""A store that leaves nothing behind: for as long as the program runs, and no longer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from assistant.memory.base import (
    ANY,
    Filters,
    Forgotten,
    Found,
    Index,
    Journal,
    Memory,
    MemoryFailure,
    passes,
)
from assistant.memory.deletion.journals import DeletionPlan, DeletionTarget
from assistant.memory.journal.format import Parsed
from assistant.memory.journal.merging import Gone, drop_gone
from assistant.memory.remote.protocol import copy_of


def _new_index() -> Index:
    from assistant.memory.retrieval.index import SqliteIndex

    return SqliteIndex(None)


class InMemoryStore:
    """A `MemoryStore`; may be used from several threads."""

    def __init__(self, make_index: Callable[[], Index] = _new_index) -> None:
        self._make_index = make_index
        self._index: Index | None = None
        self._journals: dict[str, Journal] = {}
        self._gone: dict[str, Gone] = {}
        self._lock = threading.RLock()

    def write(self, journal: Journal) -> None:
        with self._lock:
            self.strike(journal)
            if journal.turns or journal.memories:
                self._put(copy_of(journal))
            else:
                self.drop(journal.id)

    def journals(self) -> Sequence[str]:
        with self._lock:
            return sorted(self._journals)

    def read(self, journal: str) -> Journal:
        with self._lock:
            if journal in self._journals:
                return copy_of(self._journals[journal])
        raise no_such(journal)

    def memories(self, filters: Filters = ANY) -> Sequence[Memory]:
        with self._lock:
            holding = [m for m in self._all() if not m.replaced_by and passes(m, filters)]
        return newest_first(holding)

    def search(self, query: str, filters: Filters = ANY, limit: int = 10) -> Sequence[Found]:
        with self._lock:
            return self._index.search(query, filters, limit) if self._index is not None else []

    def forget(self, ids: Sequence[str]) -> Forgotten:
        with self._lock:
            plan = plan_of(ids, [copy_of(journal) for journal in self._journals.values()])
            for cut in plan.cuts:
                journal = cut.parsed.journal
                known = self._gone.setdefault(journal.id, Gone())
                known.memories |= cut.gone.memories
                known.turns |= cut.gone.turns
                known.words += cut.gone.words
                if cut.empty:
                    self.drop(journal.id)
                else:
                    self._put(journal)
            return plan.counts()

    def strike(self, journal: Journal) -> None:
        """Take out of a conversation what was forgotten here."""
        with self._lock:
            if gone := self._gone.get(journal.id):
                drop_gone(journal, gone)

    def drop(self, id: str) -> None:
        """Have no journal of this id any more; it may come again."""
        with self._lock:
            if self._journals.pop(id, None) is not None and self._index is not None:
                self._index.remove(id)

    def _put(self, journal: Journal) -> None:
        if self._index is None:
            self._index = self._make_index()
        self._journals[journal.id] = journal
        self._index.update(journal)

    def _all(self) -> list[Memory]:
        return [memory for journal in self._journals.values() for memory in journal.memories]


def newest_first(memories: Sequence[Memory]) -> list[Memory]:
    return sorted(memories, key=lambda memory: (memory.at, memory.id), reverse=True)


def no_such(journal: str) -> MemoryFailure:
    return MemoryFailure(
        f'there is no journal "{journal[:80]}"', "`assistant memory list` names those there are."
    )


def plan_of(ids: Sequence[str], journals: Sequence[Journal]) -> DeletionPlan:
    """What is taken out of these journals, which are all there are, when `ids` are forgotten."""
    wanted = set(ids)
    memories = [memory for journal in journals for memory in journal.memories]
    parsed = [Parsed(journal) for journal in journals]
    names = {id.partition("#")[0].partition("/")[0] for id in wanted}
    names |= {memory.journal for memory in memories if memory.id in wanted}
    named = [each for each in parsed if each.journal.id in names]
    return DeletionTarget(named, memories, wanted).plan(parsed)
