"""Rows in and out of the tables. No transactions here: whoever calls has begun one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence

import numpy as np

from assistant.audio.types import Float32
from assistant.memory.base import Journal
from assistant.memory.retrieval.database import AMONG, among
from assistant.memory.retrieval.embedding import Embedder, decode, encode, units
from assistant.memory.retrieval.rows import IndexRow
from assistant.memory.retrieval.vectors import VectorEntry, Vectors

NEIGHBOURS = 0.5
"""Of the turns beside a turn, in its vector; the turn itself has 1."""
_BATCH = 2_000
"""Rows that are taken up at a time: other threads of the process need not wait for long."""
_SPACES = re.compile(r"\s+")


def key(text: str) -> str:
    """A subject or attribute as it is looked up: case and spaces do not matter."""
    return _SPACES.sub(" ", text.strip()).casefold()


class Writer:
    def __init__(self, db: sqlite3.Connection, embedder: Embedder | None) -> None:
        self._db = db
        self._embedder = embedder

    def known(self, journal: str) -> dict[str, tuple[int, bytes, bytes]]:
        """Row id, digest and digest of its own words, of each row of a journal."""
        rows = self._db.execute(
            "SELECT id, rowid, digest, own_digest FROM items WHERE journal = ?", (journal,)
        )
        return {id: (rowid, digest, own) for id, rowid, digest, own in rows}

    def insert(
        self, journal: Journal, rows: Sequence[IndexRow]
    ) -> tuple[list[VectorEntry], Float32 | None]:
        """Rows that are not there yet. Returns what the matrix of vectors needs of them, and the
        vectors; None where there are none."""
        (last,) = self._db.execute("SELECT coalesce(max(rowid), 0) FROM items").fetchone()
        vectors = self._vectors(rows)
        entries = [_entry(journal, row, rowid) for rowid, row in enumerate(rows, last + 1)]
        blobs = [None] * len(rows) if vectors is None else encode(vectors)
        self._db.executemany(
            f"""INSERT INTO items(rowid, at, category, persona, id, journal, turn, at_text, name,
            side, asks, digest, own_digest) VALUES({",".join("?" * 13)})""",
            [
                (
                    *entry,
                    row.id,
                    journal.id,
                    row.turn,
                    row.at.isoformat(),
                    row.name,
                    row.side or "",
                    row.text.rstrip().endswith("?"),
                    *row.digests(),
                )
                for entry, row in zip(entries, rows, strict=True)
            ],
        )
        self._db.executemany(
            "INSERT INTO kept VALUES(?,?,?)",
            [
                (entry.rowid, row.kept, blob)
                for entry, row, blob in zip(entries, rows, blobs, strict=True)
            ],
        )
        numbered = list(enumerate(rows, last + 1))
        self._db.executemany(
            "INSERT INTO words(rowid, own, near, far) VALUES(?,?,?,?)",
            [(rowid, row.text, row.near, row.far) for rowid, row in numbered],
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO people VALUES(?,?)",
            [(name, rowid) for rowid, row in numbered for name in row.people],
        )
        self._db.executemany(
            "INSERT INTO claims(subject, attribute, value, item) VALUES(?,?,?,?)",
            [
                (key(claim.subject), key(claim.attribute), claim.value, rowid)
                for rowid, row in numbered
                if row.memory and (claim := row.memory.claim)
            ],
        )
        return entries, vectors

    def drop(self, rowids: Sequence[int]) -> Sequence[int]:
        """Returns what it is given."""
        for rowid in rowids:
            for statement in (
                "DELETE FROM items WHERE rowid = ?",
                "DELETE FROM kept WHERE item = ?",
                "DELETE FROM words WHERE rowid = ?",
                "DELETE FROM people WHERE item = ?",
                "DELETE FROM claims WHERE item = ?",
            ):
                self._db.execute(statement, (rowid,))
        return rowids

    def drop_journal(self, journal: str) -> Sequence[int]:
        """Returns the row ids that are gone."""
        rows = self._db.execute("SELECT rowid FROM items WHERE journal = ?", (journal,))
        return self.drop([rowid for (rowid,) in rows])

    def drop_all(self) -> None:
        for table in ("items", "kept", "words", "people", "claims"):
            self._db.execute(f"DELETE FROM {table}")

    def _vectors(self, rows: Sequence[IndexRow]) -> Float32 | None:
        """Of each row: its own words, and in part those of the turns beside it."""
        if self._embedder is None or not rows:
            return None
        texts = list(dict.fromkeys(text for row in rows for text in (row.text, *row.beside)))
        place = {text: number for number, text in enumerate(texts)}
        sums = self._embedder.sums(texts)
        own = units(sums[[place[row.text] for row in rows]])
        beside = np.zeros_like(own)
        for number, row in enumerate(rows):
            for text in row.beside:
                beside[number] += sums[place[text]]
        vectors = units(own + np.float32(NEIGHBOURS) * units(beside))
        # As they will be read again, so that nothing is found otherwise after a start anew.
        return decode(encode(vectors))


def _entry(journal: Journal, row: IndexRow, rowid: int) -> VectorEntry:
    memory = row.memory
    category, persona = (memory.category, memory.persona) if memory else ("", journal.persona)
    return VectorEntry(rowid, row.at.timestamp(), category, persona)


def load_vectors(db: sqlite3.Connection) -> Vectors:
    """Of the whole index."""
    (count,) = db.execute("SELECT count(*) FROM items").fetchone()
    vectors = Vectors(lambda rowids: stored_vectors(db, rowids), count)
    cursor = db.execute(
        """SELECT items.rowid, at, category, persona, vector FROM items
        JOIN kept ON kept.item = items.rowid WHERE vector IS NOT NULL ORDER BY items.rowid"""
    )
    while rows := cursor.fetchmany(_BATCH):
        entries = [VectorEntry(*row[:4]) for row in rows]
        vectors.add(entries, decode([row[4] for row in rows]))
    return vectors


def stored_vectors(db: sqlite3.Connection, rowids: Sequence[int]) -> tuple[list[int], Float32]:
    """The row ids that have vectors, and these."""
    rows = db.execute(
        f"SELECT item, vector FROM kept WHERE item IN {AMONG} AND vector IS NOT NULL",
        (among(rowids),),
    ).fetchall()
    return [rowid for rowid, _ in rows], decode([vector for _, vector in rows])
