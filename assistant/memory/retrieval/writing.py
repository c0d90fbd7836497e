"""Rows in and out of the tables. No transactions here: whoever calls has begun one."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import msgspec
import numpy as np

from assistant.audio.types import Float32
from assistant.memory.base import Journal, Memory, Side, Turn
from assistant.memory.retrieval.database import AMONG, among
from assistant.memory.retrieval.embedding import Embedder, decode, encode, units
from assistant.memory.retrieval.vectors import VectorEntry, Vectors

# A journal as the rows of the index: its turns with their neighbours, and its memories.


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One thing that can be found."""

    id: str
    text: str
    near: str
    """What gives it its sense: the turns beside it, or the claim and topics of a memory."""
    far: str
    """The turns next to those."""
    at: datetime
    name: str = ""
    """Who said it, lower case; empty for a memory."""
    side: Side | None = None
    turn: int = 0
    memory: Memory | None = None
    kept: str | None = None
    """The memory as JSON."""
    beside: tuple[str, ...] = ()
    """The turns before and after, that a turn's vector has a part of."""
    people: tuple[str, ...] = ()

    def digests(self) -> tuple[bytes, bytes]:
        """Of all that the index holds of it, and of its own words alone: when the first changes
        the row is written anew; when the second does, old words must go without a trace."""
        own = f"{self.text}\0{self.name}\0{self.kept or ''}".encode("utf-8", "replace")
        around = f"{self.near}\0{self.far}\0{self.at}\0{self.side}".encode("utf-8", "replace")
        return blake2b(own + b"\0" + around, digest_size=16).digest(), blake2b(
            own, digest_size=16
        ).digest()


def rows_of(journal: Journal) -> list[IndexRow]:
    """Turns that are empty are left out, as are memories that were corrected: they are history."""
    journal = encodable(journal)
    said = [turn for turn in journal.turns if turn.text.strip()]
    rows = [_turn_row(journal, said, at) for at in range(len(said))]
    rows += [_memory_row(memory) for memory in journal.memories if not memory.replaced_by]
    return list({row.id: row for row in rows}.values())


def load_memory(kept: str) -> Memory:
    """What `IndexRow.kept` holds."""
    return _decoder.decode(kept)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Memory)
_journals = msgspec.json.Decoder(Journal)


def encodable(journal: Journal) -> Journal:
    """A terminal may hand over bytes that are no text as lone surrogates, and a file may name them:
    no index can hold these. The same journal where there are none."""
    try:
        _encoder.encode(journal)
        return journal
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(journal), ensure_ascii=False)
        return _journals.decode(text.encode("utf-8", "replace"))


def _turn_row(journal: Journal, said: Sequence[Turn], at: int) -> IndexRow:
    turn = said[at]

    def beside(distance: int) -> tuple[str, ...]:
        places = (at - distance, at + distance)
        return tuple(said[place].text for place in places if 0 <= place < len(said))

    return IndexRow(
        id=f"{journal.id}#{turn.number}",
        text=turn.text,
        near=" ".join(beside(1)),
        far=" ".join(beside(2)),
        at=turn.at,
        name=turn.name.lower(),
        side=turn.side,
        turn=turn.number,
        beside=beside(1),
    )


def _memory_row(memory: Memory) -> IndexRow:
    claim = memory.claim
    about = [claim.subject, claim.attribute, claim.value] if claim else []
    return IndexRow(
        id=memory.id,
        text=memory.text,
        near=" ".join([*about, *memory.people, *memory.topics]),
        far="",
        at=memory.at,
        turn=memory.turn,
        memory=memory,
        kept=_encoder.encode(memory).decode("utf-8"),
        people=tuple(dict.fromkeys(person.lower() for person in memory.people)),
    )


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
