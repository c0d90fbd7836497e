"""What an index takes of the process's memory: little of each row, and nothing of each search."""

from __future__ import annotations

import sqlite3
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from assistant.memory.retrieval.embedding import load_embedder
from assistant.memory.retrieval.index import SqliteIndex
from benchmarks.memory.scale import ZipfSpeech, journals

A_ROW = 130
"""Bytes in memory of something that can be found; a line and its answer are two of them."""


class Listening(sqlite3.Connection):
    """Keeps what it was asked: as many statements are held in memory, with room for their values.
    Python holds the last 128."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.statements: set[str] = set()

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        self.statements.add(sql)
        return super().execute(sql, *values)


def listening(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, factory=Listening, isolation_level=None, check_same_thread=False)


def cache_bytes(index: SqliteIndex) -> int:
    (kib,) = index._db.execute("PRAGMA cache_size").fetchone()
    return -1024 * int(kib)


def full(path: Path, memories: int, **options: Any) -> SqliteIndex:
    index = SqliteIndex(path, **options)
    index.rebuild(journals(memories))
    return index


@pytest.mark.skipif(load_embedder() is None, reason="wordllama is not installed")
def test_a_row_takes_little_more_than_a_hundred_bytes(tmp_path: Path) -> None:
    few, many = full(tmp_path / "few.sqlite", 100), full(tmp_path / "many.sqlite", 2_000)
    taken = []
    for index in (few, many):
        tracemalloc.start(1)
        index.warm()
        taken.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert (taken[1] - taken[0]) / (len(many) - len(few)) < A_ROW
    few.close()
    many.close()


@pytest.mark.skipif(load_embedder() is None, reason="wordllama is not installed")
def test_a_conversation_that_begins_with_little_makes_no_room_as_it_grows(tmp_path: Path) -> None:
    """To make room means to copy: for a moment both are there, and then a gap."""
    index = full(tmp_path / "index.sqlite", 10)
    index.warm()
    assert index._vectors is not None
    before = [id(column) for column in index._vectors._columns()]
    for journal in journals(2_000, first=1):
        index.update(journal)
    assert len(index) > 6_000
    assert [id(column) for column in index._vectors._columns()] == before
    index.close()


def test_no_search_leaves_a_statement_of_its_own(tmp_path: Path) -> None:
    """However many rows are found, and however many names are asked for."""
    index = full(tmp_path / "index.sqlite", 300, connect=listening)
    assert isinstance(index._db, Listening)
    speech = ZipfSpeech(-1)
    for _ in range(3):
        index.search(speech.question())
    known = set(index._db.statements)
    for number in range(40):
        index.search(speech.question())
        index.update(next(journals(10, first=30 + number)))
        index.search(speech.question())
    written = {each for each in index._db.statements - known if each.startswith("SELECT")}
    assert len(written) <= 4, sorted(written)
    index.close()


def test_the_cache_is_as_large_as_the_file_needs(tmp_path: Path) -> None:
    """A young one is full after some hundred lines, and grows no more; a large one has more."""
    young = SqliteIndex(tmp_path / "young.sqlite")
    assert cache_bytes(young) == 2**20
    young.close()
    path = tmp_path / "old.sqlite"
    full(path, 4_000).close()
    old = SqliteIndex(path)
    assert 2**20 < cache_bytes(old) <= path.stat().st_size / 8
    old.close()
