"""Turns all that is remembered from readable into sealed, and back.

Whatever interrupts it, nothing is lost: each file is written anew, read again and compared before
the old one goes. And nothing is forgotten half-way: a marker is made first and removed last, and
whoever opens memory and finds one, or anything readable that should not be, goes on with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.memory.base import Index, MemoryFailure
from assistant.memory.store.contents import (
    DECRYPTING,
    ENCRYPTING,
    INDEX,
    MARKERS,
    SEALED_INDEX,
    Places,
    delete_all,
    index_files,
    ours,
    readable,
    sounds,
    temporary,
)
from assistant.memory.store.disk import (
    PLAIN,
    SEALED,
    Cipher,
    FolderLock,
    delete_file,
    read_file,
    sweep,
    write_file,
)
from assistant.memory.store.git import GitLog


@dataclass(frozen=True, slots=True)
class Converted:
    files: int
    bytes: int
    """Of the words in them."""
    seconds: float


def convert(
    folder: Path,
    old: Cipher,
    new: Cipher,
    *,
    index: Index | None = None,
    transcripts: Path | None = None,
    caches: Sequence[Path] = (),
    history: GitLog | None = None,
) -> Converted:
    """Every file by itself. Interrupted, it can be called again, and leaves its marker until then.

    Where `new` seals, `index` is emptied and closed (one in memory, or an encrypted one, has to
    take its place), its files are deleted, and `caches` are emptied. The `history`, which holds the
    files as they were, is cut off. Raises `MemoryFailure`; files that could not be converted are as
    they were.
    """
    started = time.monotonic()
    places = Places(folder, transcripts, caches)
    count = size = 0
    with FolderLock(folder).held():
        resumed = any((folder / name).exists() for name in MARKERS)
        _mark(folder, old, new)
        for path in list(ours(places)):
            written = _convert_one(path, old, new)
            count += written is not None
            size += written or 0
        for place in places.all():
            sweep(place)
        if new.ending:
            _close(index)
            delete_all([*index_files(folder), *sounds(caches)])
        else:
            delete_all(index_files(folder, SEALED_INDEX))
        if history is not None and (count or resumed or not history.clean):
            history.squash()
        delete_all([folder / name for name in MARKERS])
    return Converted(count, size, time.monotonic() - started)


def begin(folder: Path, old: Cipher, new: Cipher) -> None:
    """Put the marker there, before anything of this is done. Raises `MemoryFailure`."""
    with FolderLock(folder).held():
        _mark(folder, old, new)


def _mark(folder: Path, old: Cipher, new: Cipher) -> None:
    if new.ending:
        write_file(folder / ENCRYPTING, new.seal(b"memory is being sealed"))
        delete_file(folder / DECRYPTING)
    elif old.ending:
        write_file(folder / DECRYPTING, old.seal(b"memory is being made readable"))
        delete_file(folder / ENCRYPTING)


def is_unfinished(places: Places, history: GitLog | None) -> bool:
    """Whether anything can be read that should be sealed."""
    return (
        any((places.folder / name).exists() for name in MARKERS)
        or bool(readable(places) or temporary(places) or index_files(places.folder, INDEX))
        or bool(sounds(places.caches))
        or (history is not None and not history.clean)
    )


def finish_decrypting(
    places: Places, history: GitLog | None, key: Callable[[Path], Cipher]
) -> None:
    """Go on where a marker tells that memory was being converted, and the settings that nothing is
    sealed. `key(file)` is asked for what opens a file. Raises `MemoryFailure`."""
    if not any((places.folder / name).exists() for name in MARKERS):
        return
    marker = places.folder / DECRYPTING
    sealed = [path for path in ours(places) if path.suffix == SEALED]
    if sealed and not marker.exists():
        raise MemoryFailure(
            f"memory was being encrypted, which was interrupted: {len(sealed)} files are sealed,"
            " and memory.encryption is off",
            "`assistant memory encrypt` finishes it, `assistant memory decrypt` undoes it.",
        )
    old: Cipher = PLAIN
    if sealed:
        try:
            old = key(marker)
        except MemoryFailure as failure:
            raise MemoryFailure(
                f"memory was being decrypted, which was interrupted, and {len(sealed)} files are"
                f" still sealed: {failure.message}",
                f"{failure.remedy} `assistant memory decrypt` finishes it.".strip(),
            ) from None
    convert(
        places.folder,
        old,
        PLAIN,
        transcripts=places.transcripts,
        caches=places.caches,
        history=history,
    )


def _convert_one(path: Path, old: Cipher, new: Cipher) -> int | None:
    """Bytes of it; None: it is as it should be."""
    sealed = path.suffix == SEALED
    if sealed == bool(new.ending) and not (old.ending and new.ending):
        return None
    target = path.with_name(path.name.removesuffix(SEALED) + new.ending)
    if sealed and target != path and target.exists() and not _is_newer(path, target):
        delete_file(path)  # interrupted after writing; what is readable may have been edited since
        return None
    data = _read(path, old, new)
    write_file(target, new.seal(data))
    if read_file(target, new) != data:
        raise MemoryFailure(f"{target}: is not what was written", "Look after the disk.")
    if target != path:
        delete_file(path)
    return len(data)


def _is_newer(path: Path, other: Path) -> bool:
    """An assistant that was running all the while may have gone on sealing."""
    return path.stat().st_mtime_ns > other.stat().st_mtime_ns


def _read(path: Path, old: Cipher, new: Cipher) -> bytes:
    """It may have been converted before it was interrupted."""
    if path.suffix != SEALED or not new.ending:
        return read_file(path, old)
    try:
        return read_file(path, new)
    except MemoryFailure:
        if not old.ending:
            raise
        return read_file(path, old)


def _close(index: Index | None) -> None:
    if index is not None:
        paths = list(index.paths())
        index.clear()
        index.close()
        delete_all(paths)
