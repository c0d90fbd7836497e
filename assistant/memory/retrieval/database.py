"""The file of the index: how it is opened, what is in it, and how its words leave no trace."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.memory.base import MemoryFailure, NoRoom
from assistant.memory.store.disk import Busy
from assistant.private_files import make_missing

VERSION = 1
"""Of the tables below. A file of another version is made anew."""
LEAST_CACHE, MOST_CACHE = 2**20, 32 * 2**20
"""Bytes of the file that are kept in memory."""
Connect = Callable[[str], sqlite3.Connection]
"""Opens a file, in autocommit mode and for every thread: `plain_connect`, or one that decrypts."""
_SCHEMA = """
CREATE TABLE items(
    rowid INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    journal TEXT NOT NULL,
    turn INTEGER NOT NULL,
    persona TEXT NOT NULL,
    category TEXT NOT NULL,      -- of a memory; '' for a turn
    at REAL NOT NULL,            -- seconds since 1970
    at_text TEXT NOT NULL,       -- the same with its time zone
    name TEXT NOT NULL,
    side TEXT NOT NULL,
    asks INTEGER NOT NULL,       -- it is a question
    digest BLOB NOT NULL,
    own_digest BLOB NOT NULL
);
-- Apart, so that a search which looks at many items reads few pages.
CREATE TABLE kept(
    item INTEGER PRIMARY KEY,
    memory TEXT,                 -- JSON; NULL for a turn
    vector BLOB
);
CREATE INDEX items_journal ON items(journal, turn);
CREATE INDEX items_at ON items(at);
CREATE INDEX items_name ON items(name);
CREATE TABLE people(name TEXT NOT NULL, item INTEGER NOT NULL, PRIMARY KEY(name, item))
    WITHOUT ROWID;
CREATE INDEX people_item ON people(item);
CREATE TABLE claims(
    subject TEXT NOT NULL, attribute TEXT NOT NULL, item INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY(subject, attribute, item)  -- first in order, or SQLite 3.40 checks them wrongly
) WITHOUT ROWID;
CREATE INDEX claims_item ON claims(item);
CREATE VIRTUAL TABLE words USING fts5(own, near, far, tokenize='porter unicode61');
CREATE TABLE about(name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


AMONG = "(SELECT value FROM json_each(?))"
"""Instead of a mark for each value: a statement for every count of them would be kept, and some
hundred take megabytes."""


def among(values: Iterable[int] | Iterable[str]) -> str:
    """What `AMONG` takes."""
    return json.dumps(list(values))


class IndexUnusable(MemoryFailure):
    """The file of the index is damaged or of another version. Nothing is lost: whoever catches it
    deletes the files (`delete_index`) and makes the index anew from the journals."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "run `assistant memory rebuild`")


class IndexOutdated(IndexUnusable):
    """Sound, but of another version of this program or of the word vectors."""


def plain_connect(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=5.0, check_same_thread=False, isolation_level=None)


def open_database(path: Path | None, connect: Connect, vectors: str) -> sqlite3.Connection:
    """`vectors`: the name of what makes them; a file with others is of another version.

    Raises `IndexUnusable`, or `MemoryFailure` where the folder cannot be written.
    """
    with telling(path):
        if path is not None:
            make_missing(path.parent)
            # SQLite would make it readable for everybody; its log gets the mode of the file.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            path.chmod(0o600)
        db = connect(":memory:" if path is None else str(path))
        try:
            _prepare(db, path, vectors)
        except BaseException:
            db.close()
            raise
        return db


def _prepare(db: sqlite3.Connection, path: Path | None, vectors: str) -> None:
    db.execute("PRAGMA secure_delete=ON")
    db.execute("PRAGMA temp_store=MEMORY")  # no word goes into a temporary file
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")  # a lost last entry is made anew from its journal
    db.execute("PRAGMA wal_autocheckpoint=4000")  # pages: it waits for the disk each time
    db.execute(f"PRAGMA cache_size=-{_cache(path) // 1024}")  # KiB
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version == 0 and tables == 0:
        db.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version={VERSION};COMMIT;")
        db.execute("INSERT INTO about VALUES('vectors', ?)", (vectors,))
        # Bytes of word lists before they are merged: with more, making it anew is faster.
        db.execute("INSERT INTO words(words, rank) VALUES('hashsize', 16777216)")
        # Merging them less often keeps the slowest additions short.
        db.execute("INSERT INTO words(words, rank) VALUES('automerge', 16)")
        return
    if version != VERSION:
        raise IndexOutdated(f"{path} is an index of version {version}, not {VERSION}")
    (known,) = db.execute("SELECT value FROM about WHERE name='vectors'").fetchone() or ("",)
    if known != vectors:
        raise IndexOutdated(f"{path} was made with {known or 'no'} vectors, not {vectors}")


def _cache(path: Path | None) -> int:
    """Bytes: an eighth of the file as it is now. What the system has in its own cache costs nearly
    nothing to read again, but where it is encrypted: then a search of a large file needs as much.
    A young one fills the least soon, and what is talked of from then on takes no more."""
    size = path.stat().st_size if path is not None else 0
    return min(max(size // 8, LEAST_CACHE), MOST_CACHE)


@contextmanager
def telling(path: Path | None) -> Iterator[None]:
    """What SQLite and the disk say, as a `MemoryFailure`."""
    try:
        yield
    except MemoryFailure:
        raise
    except UnicodeEncodeError as error:
        raise MemoryFailure(f"what was said cannot be kept: {error}") from error
    except OSError as error:
        raise MemoryFailure(
            f"the index at {path} cannot be written: {(error.strerror or str(error)).lower()}",
            "check the rights of the data folder",
        ) from error
    except Exception as error:
        # By the names that PEP 249 gives them: SQLCipher's module has classes of its own.
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if "DatabaseError" not in kinds or "ProgrammingError" in kinds:
            raise  # a fault of this program
        raise _told(error, path, operational="OperationalError" in kinds) from error


def _told(error: Exception, path: Path | None, *, operational: bool) -> MemoryFailure:
    words = str(error)
    if "no such module" in words:
        return MemoryFailure(
            "this Python's SQLite has no full-text search (FTS5)",
            "run the assistant with a Python whose SQLite has it: most have",
        )
    # Tables that are missing mean that somebody else wrote the file.
    if operational and "no such" not in words and "malformed" not in words:
        told = f"the index {f'at {path}' if path else 'in memory'} cannot be used: {words}"
        if "locked" in words or "busy" in words:
            return Busy(told, "close the other program that uses it", "my memory is in use")
        if "full" in words:
            return NoRoom(told, "free some disk space", "the disk is full")
        return MemoryFailure(told, "free some disk space, or look at the folder's permissions")
    return IndexUnusable(f"{path or 'the index'} is damaged: {words}")


def files_of(path: Path | None) -> list[Path]:
    """The file and everything SQLite may put beside it, where they exist."""
    if path is None:
        return []
    names = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))]
    return [name for name in names if name.exists()]


def delete_index(path: Path) -> None:
    """Every file of it, whatever state it is in. Raises `MemoryFailure`."""
    with telling(path):
        for file in files_of(path):
            file.unlink(missing_ok=True)


def scrub(db: sqlite3.Connection) -> None:
    """Leave nothing of deleted rows: merging the word lists drops the words that only they had,
    VACUUM writes every page anew, and the write-ahead log is cut to nothing."""
    db.execute("INSERT INTO words(words) VALUES('optimize')")
    db.execute("VACUUM")
    (busy, *_) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise sqlite3.OperationalError("the log still holds what was removed: database is locked")
