"""Files of memory on disk, as `private_files` writes them, sealed where memory is; what fails is a
`MemoryFailure`."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from assistant.memory.base import MemoryFailure, NoRoom
from assistant.memory.encryption.cipher import PLAIN, SEALED, Cipher
from assistant.private_files import is_temporary, plain_files, sync_folder, write_whole

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
