"""Turns all that is remembered from readable into sealed, and back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.memory.base import Index, MemoryFailure
from assistant.memory.disk import delete_file, files_below, read_file, sweep, write_file
from assistant.memory.files import JOURNALS
from assistant.memory.git_log import GitLog
from assistant.memory.journals import ENDING
from assistant.memory.lock import FolderLock
from assistant.memory.profile_edits import AS_MADE, NAME
from assistant.memory.saved_transcripts import transcripts_of
from assistant.memory.vault import SEALED, Vault


@dataclass(frozen=True, slots=True)
class Converted:
    files: int
    bytes: int
    """Of the words in them."""
    seconds: float


def convert(
    folder: Path,
    old: Vault,
    new: Vault,
    *,
    index: Index | None = None,
    transcripts: Path | None = None,
    caches: Sequence[Path] = (),
    history: GitLog | None = None,
) -> Converted:
    """Every file by itself: written anew, read again and compared, and only then the old deleted.

    Interrupted, it can be called again. Where `new` seals, `index` is emptied, closed and its files
    deleted (one in memory, or an encrypted one, has to take its place), `caches` are emptied, and
    the `history`, which holds the readable files, is cut off. Raises `MemoryFailure`; files that
    could not be converted are as they were.
    """
    started = time.monotonic()
    count = size = 0
    with FolderLock(folder).held():
        for path in list(_files(folder, transcripts)):
            written = _convert_one(path, old, new)
            count += written is not None
            size += written or 0
        sweep(folder)
        if new.ending:
            _leave_nothing(index, caches)
        if history is not None:
            history.squash()
    return Converted(count, size, time.monotonic() - started)


def _files(folder: Path, transcripts: Path | None) -> Iterator[Path]:
    endings = (ENDING, ENDING + SEALED)
    yield from (path for path in files_below(folder / JOURNALS) if path.name.endswith(endings))
    for name in (NAME, AS_MADE):
        for ending in ("", SEALED):
            if (path := folder / (name + ending)).exists():
                yield path
    yield from transcripts_of(transcripts)


def _convert_one(path: Path, old: Vault, new: Vault) -> int | None:
    """Bytes of it; None: it is as it should be."""
    sealed = path.suffix == SEALED
    target = path.with_name(path.name.removesuffix(SEALED) + new.ending)
    if target == path and not new.ending:
        return None
    if sealed and target != path and target.exists():
        delete_file(path)  # interrupted after writing; what is readable may have been edited since
        return None
    data = _read(path, old, new)
    write_file(target, new.seal(data))
    if read_file(target, new) != data:
        raise MemoryFailure(f"{target}: is not what was written", "Look after the disk.")
    if target != path:
        delete_file(path)
    return len(data)


def _read(path: Path, old: Vault, new: Vault) -> bytes:
    """It may have been converted before it was interrupted."""
    if path.suffix != SEALED or not new.ending:
        return read_file(path, old)
    try:
        return read_file(path, new)
    except MemoryFailure:
        if not old.ending:
            raise
        return read_file(path, old)


def _leave_nothing(index: Index | None, caches: Sequence[Path]) -> None:
    if index is not None:
        paths = list(index.paths())
        index.clear()
        index.close()
        for path in paths:
            delete_file(path)
    for cache in caches:
        for path in list(files_below(cache)):
            delete_file(path)
