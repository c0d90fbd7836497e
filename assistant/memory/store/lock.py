"""One writer at a time in a folder: of the threads here, and of all processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.memory.base import MemoryFailure
from assistant.memory.store.disk import failure
from assistant.private_files import make_missing

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
