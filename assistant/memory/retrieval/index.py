"""What is looked things up in: one SQLite file, made from the journals and never the truth.

Whatever is in it can be made anew, with the same results. A turn is found by its own words, by
those of its neighbours, and by meaning; a memory by its sentence, its claim, people and topics.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from assistant.memory.base import ANY, Filters, Found, Journal, Memory
from assistant.memory.retrieval.database import (
    AMONG,
    Connect,
    IndexUnusable,
    among,
    delete_index,
    files_of,
    open_database,
    plain_connect,
    scrub,
    telling,
)
from assistant.memory.retrieval.embedding import Embedder, load_embedder, units
from assistant.memory.retrieval.ranking import DEFAULT_WEIGHTS, Hit, Ranking, Weights, conditions
from assistant.memory.retrieval.relevance import parse_query
from assistant.memory.retrieval.vectors import Vectors
from assistant.memory.retrieval.writing import (
    IndexRow,
    Writer,
    encodable,
    key,
    load_memory,
    load_vectors,
    rows_of,
)
from assistant.memory.store.disk import Busy

__all__ = ["IndexUnusable", "SqliteIndex", "delete_index"]

MOST = 10_000
"""Hits of one search, however many are asked for: SQLite takes as many values twice."""
_NONE = (0, b"", b"")


_STAMP = "journal "
_UNSCRUBBED = "unscrubbed"
"""Rows were deleted of which bytes may still be in the file."""


class SqliteIndex:
    """Can be used from several threads, and by several processes at a time.

    All of it raises `MemoryFailure`; `IndexUnusable` where the file is damaged or of another
    version and has to be deleted and made anew.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        connect: Connect = plain_connect,
        embedder: Embedder | None = None,
        weights: Weights = DEFAULT_WEIGHTS,
    ) -> None:
        """`path`: None keeps it in memory. `embedder`: None takes the one that is installed."""
        self._path = path
        self._lock = threading.RLock()
        self._embedder = embedder or load_embedder()
        self._weights = weights
        name = self._embedder.name if self._embedder else "no"
        self._db = open_database(path, connect, name)
        self._writer = Writer(self._db, self._embedder)
        self._vectors: Vectors | None = None
        self._speakers: set[str] | None = None
        self._rows = 0
        self._seen = -1
        self._scrub_what_was_interrupted()

    def paths(self) -> list[Path]:
        """Every file of it there is now."""
        return files_of(self._path)

    def update(self, *journals: Journal) -> None:
        """Hold what journals say now, in place of what was held of them. Only what has changed is
        written; where words are gone, no byte of them stays (`remove`)."""
        with self._using():
            with self._transaction():
                gone = [self._write(journal) for journal in journals]
                if any(gone):
                    self._note_unscrubbed()
            if any(gone):
                self._scrub()

    def rebuild(self, journals: Iterable[Journal]) -> int:
        """Hold these journals and nothing else; returns how many."""
        with self._using():
            if self._db.execute("SELECT 1 FROM items LIMIT 1").fetchone():
                self._empty()
            count = 0
            with self._transaction():
                for journal in journals:
                    self._write(journal, fresh=True)
                    count += 1
            self._vectors = self._speakers = None
            self._db.execute("INSERT INTO words(words) VALUES('optimize')")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return count

    def remove(self, *journal_ids: str) -> None:
        """Whole journals, without a trace: afterwards no byte of their text is in any file of the
        index. The file is written anew, which takes time with its size: remove many at once."""
        with self._using():
            with self._transaction():
                for journal_id in journal_ids:
                    self._forget(self._writer.drop_journal(journal_id))
                    self._db.execute("DELETE FROM about WHERE name = ?", (_STAMP + journal_id,))
                self._note_unscrubbed()
            self._scrub()

    def ids(self) -> set[str]:
        """Of every turn and memory it holds."""
        with self._using():
            return {id for (id,) in self._db.execute("SELECT id FROM items")}

    def stamps(self) -> dict[str, str]:
        """The stamp that each journal was last given, by its id."""
        with self._using():
            rows = self._db.execute(
                "SELECT name, value FROM about WHERE name GLOB ?", (_STAMP + "*",)
            )
            return {name.removeprefix(_STAMP): value for name, value in rows}

    def stamp(self, journal_id: str, stamp: str) -> None:
        """Keep the mark of the file that a known journal was last read from."""
        with self._using(), self._transaction():
            self._db.execute("REPLACE INTO about VALUES(?, ?)", (_STAMP + journal_id, stamp))

    def clear(self) -> None:
        """Everything, without a trace."""
        with self._using():
            self._empty()

    def warm(self) -> None:
        """Read what the first search needs, so that it does not have to wait (2 s of a slow core
        for 100,000 memories and their turns)."""
        with self._using():
            self._refresh()

    def check(self) -> None:
        """Read all of it and raise `IndexUnusable` where something is wrong, which a search may
        not notice. Takes time with its size."""
        with self._using():
            (told,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
            if told != "ok":
                raise IndexUnusable(f"{self._path or 'the index'} is damaged: {told}")
            self._db.execute("INSERT INTO words(words) VALUES('integrity-check')")

    def close(self) -> None:
        """Can be called twice."""
        with self._lock, telling(self._path):
            self._db.close()

    def search(self, query: str, filters: Filters = ANY, limit: int = 10) -> list[Found]:
        """Best first. Without a telling word in it ("what did I say?") the newest that the
        filters let through. Scores compare only within one search. A turn is left out where a
        memory made from it is found as well."""
        with self._using():
            self._refresh()
            assert self._vectors is not None
            assert self._speakers is not None
            if limit < 1:
                return []
            limit = min(limit, MOST)
            parsed = parse_query(query, self._speakers)
            if not parsed.words:
                if len(parsed.speakers) == 1 and not filters.person:
                    filters = replace(filters, person=next(iter(parsed.speakers)))
                return self._newest(filters, limit)
            vector = None
            if self._embedder is not None:
                (meant,) = units(self._embedder.sums([parsed.meaning]))
                vector = meant if meant.any() else None
            hits = Ranking(self._db, self._rows, self._vectors, self._weights).hits(
                parsed, vector, filters, limit
            )
            return self._found(hits, limit)

    def facts(self, subject: str, attribute: str = "") -> list[Memory]:
        """What holds of a subject ("user") and an attribute ("parrot's name"), newest first;
        without an attribute, all of the subject. Case and spaces do not matter."""
        with self._using():
            also = " AND claims.attribute = ?" if attribute else ""
            rows = self._db.execute(
                f"""SELECT memory FROM claims JOIN items ON items.rowid = claims.item
                JOIN kept ON kept.item = claims.item WHERE claims.subject = ?{also}
                ORDER BY items.at DESC, items.rowid DESC""",
                (key(subject), key(attribute)) if attribute else (key(subject),),
            )
            return [load_memory(text) for (text,) in rows]

    def __len__(self) -> int:
        """Turns and memories."""
        with self._using():
            (count,) = self._db.execute("SELECT count(*) FROM items").fetchone()
            return int(count)

    def _write(self, journal: Journal, fresh: bool = False) -> bool:
        """Returns whether words were there that are not any more."""
        journal = encodable(journal)
        rows = rows_of(journal)
        if fresh:
            self._add(journal, rows)
            return False
        known = self._writer.known(journal.id)
        now = {row.id: (row, row.digests()) for row in rows}
        changed = [row for row, (all, _) in now.values() if known.get(row.id, _NONE)[1] != all]
        stale = {row.id for row in changed} | (known.keys() - now.keys())
        stale &= known.keys()
        if not changed and not stale:
            return False
        self._forget(self._writer.drop([known[id][0] for id in stale]))
        self._add(journal, changed)
        # What was corrected is still in its journal: only words that are gone must leave no trace.
        corrected = {memory.id for memory in journal.memories if memory.replaced_by}
        return any(
            now[id][1][1] != known[id][2] if id in now else id not in corrected for id in stale
        )

    def _add(self, journal: Journal, changed: Sequence[IndexRow]) -> None:
        entries, vectors = self._writer.insert(journal, changed)
        self._rows += len(changed)
        if self._vectors is not None and vectors is not None:
            self._vectors.add(entries, vectors)
        if self._speakers is not None:
            self._speakers.update(row.name for row in changed if row.name)

    def _forget(self, rowids: Collection[int]) -> None:
        self._rows -= len(rowids)
        if self._vectors is not None:
            self._vectors.remove(rowids)

    def _empty(self) -> None:
        with self._transaction():
            self._writer.drop_all()
            self._db.execute("DELETE FROM about WHERE name GLOB ?", (_STAMP + "*",))
            self._note_unscrubbed()
        self._scrub()
        self._vectors = self._speakers = None

    def _note_unscrubbed(self) -> None:
        self._db.execute("REPLACE INTO about VALUES(?, '')", (_UNSCRUBBED,))

    def _scrub(self) -> None:
        scrub(self._db)
        self._db.execute("DELETE FROM about WHERE name = ?", (_UNSCRUBBED,))

    def _scrub_what_was_interrupted(self) -> None:
        with self._using():
            query = "SELECT 1 FROM about WHERE name = ?"
            if self._db.execute(query, (_UNSCRUBBED,)).fetchone():
                with suppress(Busy):  # whoever uses it will have to close first
                    self._scrub()

    def _newest(self, filters: Filters, limit: int) -> list[Found]:
        where, values = conditions(filters)
        rows = self._db.execute(
            f"SELECT rowid FROM items WHERE 1 {where} ORDER BY at DESC, rowid DESC LIMIT ?",
            (*values, 2 * limit),
        )
        return self._found([Hit(rowid, 0.0) for (rowid,) in rows], limit)

    def _found(self, hits: Sequence[Hit], limit: int) -> list[Found]:
        best = {hit.rowid: hit.score for hit in hits[: 2 * limit]}
        rows = self._db.execute(
            f"""SELECT items.rowid, id, journal || '#' || turn, at_text, persona, memory, own
            FROM items JOIN words ON words.rowid = items.rowid JOIN kept ON kept.item = items.rowid
            WHERE items.rowid IN {AMONG}""",
            (among(best),),
        ).fetchall()
        told = {source for *_, source, _, _, memory, _ in rows if memory}
        by_rowid = {
            rowid: Found(
                id,
                text,
                datetime.fromisoformat(at),
                persona,
                best[rowid],
                load_memory(memory) if memory else None,
            )
            for rowid, id, _, at, persona, memory, text in rows
            if memory or id not in told
        }
        return [by_rowid[rowid] for rowid in best if rowid in by_rowid][:limit]

    def _refresh(self) -> None:
        """Read the vectors and names, the first time or when another process has written."""
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        if self._vectors is not None and version == self._seen and self._speakers is not None:
            return
        self._seen = version
        self._vectors = load_vectors(self._db)
        (self._rows,) = self._db.execute("SELECT count(*) FROM items").fetchone()
        rows = self._db.execute("SELECT DISTINCT name FROM items WHERE name <> ''")
        self._speakers = {name for (name,) in rows}

    @contextmanager
    def _using(self) -> Iterator[None]:
        with self._lock, telling(self._path):
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            self._vectors = self._speakers = None
            with suppress(Exception):  # SQLite may have done it
                self._db.execute("ROLLBACK")
            raise
