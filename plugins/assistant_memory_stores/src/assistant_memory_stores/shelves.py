"""What stores of other makers have in common: whole journals to write, read and forget in."""

from __future__ import annotations

import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from assistant.memory.base import (
    ANY,
    Filters,
    Forgotten,
    Found,
    Journal,
    Memory,
    MemoryFailure,
    passes,
)
from assistant.memory.deletion.plan import forget_words_known
from assistant.memory.journal.merging import Gone, merge
from assistant.memory.remote.protocol import copy_of, encode
from assistant.memory.store.in_memory import newest_first, no_such, plan_of


class SharedStore(ABC):
    """A `MemoryStore` over something that can keep, give and delete journals.

    One thread at a time; other programs may use the same place, as far as its maker allows.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._written: dict[str, Journal] = {}
        self._gone: dict[str, Gone] = {}

    @abstractmethod
    def _ids(self) -> Sequence[str]:
        """Of all journals, in any order."""

    @abstractmethod
    def _get(self, id: str) -> Journal | None: ...

    @abstractmethod
    def _all(self) -> Sequence[Journal]: ...

    @abstractmethod
    def _put(self, journal: Journal, before: Journal | None) -> None:
        """Keep it in place of `before`."""

    @abstractmethod
    def _drop(self, journal: Journal) -> None: ...

    @abstractmethod
    def _hits(self, query: str, filters: Filters, limit: int) -> Sequence[Found]: ...

    @abstractmethod
    def _scrub(self) -> None:
        """See to it that nothing stays of what was dropped, as far as it is in our hands."""

    @abstractmethod
    def close(self) -> None: ...

    def write(self, journal: Journal) -> None:
        with self._lock:
            before = self._get(journal.id)
            gone = self._gone.setdefault(journal.id, Gone())
            merge(journal, self._written.get(journal.id), before, gone)
            if before is None and not (journal.turns or journal.memories):
                return
            clean = copy_of(journal)
            self._put(clean, before)
            self._written[journal.id] = clean

    def journals(self) -> Sequence[str]:
        with self._lock:
            return sorted(self._ids())

    def read(self, journal: str) -> Journal:
        with self._lock:
            found = self._get(journal)
        if found is None:
            raise no_such(journal)
        return found

    def memories(self, filters: Filters = ANY) -> Sequence[Memory]:
        with self._lock:
            kept = [memory for journal in self._all() for memory in journal.memories]
        return newest_first([m for m in kept if not m.replaced_by and passes(m, filters)])

    def search(self, query: str, filters: Filters = ANY, limit: int = 10) -> Sequence[Found]:
        with self._lock:
            return self._hits(query, filters, limit) if limit > 0 and query.strip() else []

    def forget(self, ids: Sequence[str]) -> Forgotten:
        with self._lock:
            journals = {journal.id: journal for journal in self._all()}
            plan = plan_of(ids, [copy_of(each) for each in journals.values()])
            for cut in plan.cuts:
                journal, before = cut.parsed.journal, journals[cut.parsed.journal.id]
                known = self._gone.setdefault(journal.id, Gone())
                known.memories |= cut.gone.memories
                known.turns |= cut.gone.turns
                known.words += cut.gone.words
                if cut.empty:
                    self._drop(before)
                else:
                    self._put(journal, before)
                self._written[journal.id] = journal
            forget_words_known()
            self._scrub()
            return plan.counts()


_journals = msgspec.json.Decoder(Journal)


def as_text(journal: Journal) -> str:
    return encode(journal).decode("utf-8")


def as_journal(text: str) -> Journal | None:
    """None where it is no journal of ours."""
    try:
        return _journals.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None


def compact(folder: Path) -> None:
    """Write SQLite's files below a folder anew: what was deleted stays in their free pages
    otherwise (https://www.sqlite.org/lang_vacuum.html). Raises `MemoryFailure`."""
    for path in (each for each in folder.rglob("*") if each.suffix in (".sqlite", ".db")):
        try:
            with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as database:
                database.execute("VACUUM")
        except sqlite3.Error as error:
            raise MemoryFailure(
                f"{path}: it is forgotten, but what is left of it cannot be wiped ({error})",
                "Close other programs that use it, and forget it again.",
            ) from None


def for_nobody_else(folder: Path) -> None:
    """Modes 0700 and 0600 all the way down."""
    for path in (folder, *folder.rglob("*")):
        with suppress(OSError):
            path.chmod(0o700 if path.is_dir() else 0o600)
