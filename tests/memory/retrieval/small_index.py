"""An index of a few lines, in SQLite with a write-ahead log, for the tests of the files."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from assistant.memory.base import ANY, Filters, Found, Journal
from assistant.memory.deletion.plan import plain


class SmallIndex:
    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.RLock()
        """One thread at a time, as an index promises."""
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False)
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA secure_delete=ON;"
            "CREATE TABLE IF NOT EXISTS said(journal, id, text, at, persona, score);"
            "CREATE TABLE IF NOT EXISTS stamps(journal PRIMARY KEY, stamp);"
        )
        self.updates = 0

    def update(self, journal: Journal) -> None:
        self.updates += 1
        rows: list[Found] = [
            Found(m.id, m.text, m.at, m.persona, 1.0) for m in journal.memories if not m.replaced_by
        ]
        rows += [
            Found(f"{journal.id}#{t.number}", t.text, t.at, journal.persona, 0.5)
            for t in journal.turns
        ]
        values = [
            (journal.id, row.id, row.text, row.at.isoformat(), row.persona, row.score)
            for row in rows
        ]
        with self._lock, self._db:
            self.remove(journal.id)
            self._db.executemany("INSERT INTO said VALUES (?, ?, ?, ?, ?, ?)", values)
            self._db.execute("INSERT INTO stamps VALUES (?, '')", [journal.id])

    def remove(self, journal_id: str) -> None:
        with self._lock, self._db:
            self._db.execute("DELETE FROM said WHERE journal = ?", [journal_id])
            self._db.execute("DELETE FROM stamps WHERE journal = ?", [journal_id])
        with self._lock:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def rebuild(self, journals: Iterable[Journal]) -> int:
        self.clear()
        return sum(self.update(journal) is None for journal in journals)

    def clear(self) -> None:
        for (id,) in self._db.execute("SELECT journal FROM stamps").fetchall():
            self.remove(id)

    def search(self, query: str, filters: Filters = ANY, limit: int = 10) -> Sequence[Found]:
        wanted = set(plain(query).split())
        with self._lock:
            rows = self._db.execute("SELECT id, text, at, persona, score FROM said").fetchall()
        found = [
            Found(id, text, datetime.fromisoformat(at), persona, score)
            for id, text, at, persona, score in rows
            if wanted <= set(plain(text).split())
        ]
        return sorted(found, key=lambda each: -each.score)[:limit]

    def stamps(self) -> Mapping[str, str]:
        with self._lock:
            return dict(self._db.execute("SELECT journal, stamp FROM stamps").fetchall())

    def stamp(self, journal_id: str, stamp: str) -> None:
        with self._lock, self._db:
            self._db.execute("UPDATE stamps SET stamp = ? WHERE journal = ?", [stamp, journal_id])

    def close(self) -> None:
        self._db.close()

    def paths(self) -> Sequence[Path]:
        if self._path is None:
            return []
        return [
            path for end in ("", "-wal", "-shm") if (path := Path(f"{self._path}{end}")).exists()
        ]
