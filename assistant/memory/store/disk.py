"""Files of memory on disk, as `private_files` writes them, sealed where memory is; what fails is a
`MemoryFailure`."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from assistant.memory.base import MemoryFailure, NoRoom
from assistant.private_files import (
    is_temporary,
    make_missing,
    plain_files,
    sync_folder,
    write_whole,
)

# Cipher: what stands between memory and the disk, nothing or encryption.

SEALED = ".sealed"
"""The ending of a file that only its cipher can open."""


class Cipher(Protocol):
    """Seals the bytes of one file and opens them again."""

    ending: str
    """What is put behind the names of its files: "" or ".sealed"."""

    def seal(self, data: bytes) -> bytes: ...

    def open(self, data: bytes) -> bytes:
        """Raises `MemoryFailure` where it was sealed with another key or is damaged."""
        ...


class NoCipher:
    """No encryption: everything stays readable with any editor."""

    ending = ""

    def seal(self, data: bytes) -> bytes:
        return data

    def open(self, data: bytes) -> bytes:
        return data


PLAIN = NoCipher()


MAX_BYTES = 64_000_000
"""Size past which a file is none of ours."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_file(path: Path, data: bytes) -> None:
    """Raises `MemoryFailure`; then the file is as it was."""
    try:
        write_whole(path, data, close=False)
    except OSError as error:
        raise failure(path, error, "cannot be written") from None


def read_file(path: Path, cipher: Cipher = PLAIN) -> bytes:
    """What is in the file, opened where it is sealed. Raises `MemoryFailure`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MemoryFailure(f"{path}: is larger than 64 MB", "Move it elsewhere.")
        data = path.read_bytes()
    except OSError as error:
        raise failure(path, error, "cannot be read") from None
    if path.suffix != SEALED:
        return data
    if cipher.ending != SEALED:
        raise MemoryFailure(
            f"{path}: is encrypted, and encryption is off",
            "Switch encryption of memory on, or turn the files back with their key.",
        )
    try:
        return cipher.open(data)
    except MemoryFailure as error:
        raise MemoryFailure(f"{path}: {error.message}", error.remedy) from None


def delete_file(path: Path) -> bool:
    """Whether there was one. Raises `MemoryFailure`."""
    try:
        path.unlink()
        sync_folder(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise failure(path, error, "cannot be deleted") from None
    return True


def sweep(folder: Path) -> int:
    """Delete what a killed writer left half written; call it where nobody else writes."""
    return sum(delete_file(path) for path in plain_files(folder) if is_temporary(path))


def files_below(folder: Path) -> Iterator[Path]:
    """All files, hidden ones too; links are not followed, and version control is left alone."""
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        yield from (Path(base, name) for name in sorted(names))


def stamp(path: Path) -> str:
    """Changes whenever the file does; "" where there is none."""
    try:
        return mark_of(path.stat())
    except OSError:
        return ""


def mark_of(now: os.stat_result) -> str:
    return f"{now.st_mtime_ns:x}-{now.st_size:x}-{now.st_ino:x}"


def failure(path: Path, error: OSError, what: str) -> MemoryFailure:
    """The same for a person: `NoRoom` where that is why."""
    reason = (error.strerror or str(error)).lower()
    told = f"{path}: {what} ({reason})"
    if error.errno in _NO_ROOM:
        return NoRoom(told, "Free some room on that disk.", "the disk is full")
    remedy = "Is there room, and may you write there?"
    return MemoryFailure(told, remedy, f"my memory {what}")


# One writer at a time in a folder: of the threads here, and of all processes.

LOCK = ".lock"
PATIENCE = 20.0
"""Seconds that another process may take to write."""


class Busy(MemoryFailure):
    """Somebody else is writing."""


class Unlockable(MemoryFailure):
    """The folder cannot be written at all: what is in it can still be read."""


class FolderLock:
    """Can be taken again by who holds it. Makes the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads = threading.RLock()
        self._depth = 0

    @contextmanager
    def held(self, patience: float = PATIENCE) -> Iterator[None]:
        """Raises `Busy` after so many seconds, `Unlockable` where the folder cannot be written."""
        from filelock import FileLock, Timeout

        if not self._threads.acquire(timeout=patience):
            raise Busy(f"{self._folder}: is being written", "Wait for it.")
        try:
            if self._depth:
                yield
                return
            try:
                make_missing(self._folder)
                lock = FileLock(self._folder / LOCK, timeout=patience, mode=0o600)
                lock.acquire()
            except Timeout:
                raise Busy(
                    f"{self._folder}: another process has been writing for {patience:.0f} s",
                    "Wait for it, or end it.",
                ) from None
            except OSError as error:
                told = failure(self._folder, error, "cannot be written")
                raise Unlockable(told.message, told.remedy, told.spoken) from None
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                lock.release()
        finally:
            self._threads.release()
