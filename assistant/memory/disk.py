"""Files of memory on disk: whole or not at all, and for nobody but the user.

A file is written beside its place, synced, and moved over it (rename(2) replaces atomically), so
that a crash at any moment leaves the old or the new one. Modes are 0600 and 0700.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from assistant.memory.base import MemoryFailure, NoRoom
from assistant.memory.vault import PLAIN, SEALED, Vault
from assistant.private_files import plain_files

MAX_BYTES = 64_000_000
"""Size past which a file is none of ours."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_INDEXES = ("index.sqlite", "index.sealed.sqlite", ".index")
_JOURNAL = re.compile(r"\d{4}-\d\d-\d\dT\d{6}-")
_TEMP = re.compile(r"\..+\.[0-9a-f]{12}\.tmp")


def write_file(path: Path, data: bytes) -> None:
    """Raises `MemoryFailure`; then the file is as it was."""
    temp = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        make_folder(path.parent)
        try:
            descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            temp.replace(path)
        finally:
            temp.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise failure(path, error, "cannot be written") from None


def read_file(path: Path, vault: Vault = PLAIN) -> bytes:
    """What is in the file, opened where it is sealed. Raises `MemoryFailure`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MemoryFailure(f"{path}: is larger than 64 MB", "Move it elsewhere.")
        data = path.read_bytes()
    except OSError as error:
        raise failure(path, error, "cannot be read") from None
    if path.suffix != SEALED:
        return data
    if vault.ending != SEALED:
        raise MemoryFailure(
            f"{path}: is encrypted, and encryption is off",
            "Switch encryption of memory on, or turn the files back with their key.",
        )
    try:
        return vault.open(data)
    except MemoryFailure as error:
        raise MemoryFailure(f"{path}: {error.message}", error.remedy) from None


def delete_file(path: Path) -> bool:
    """Whether there was one. Raises `MemoryFailure`."""
    try:
        path.unlink()
        _sync_folder(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise failure(path, error, "cannot be deleted") from None
    return True


def make_folder(folder: Path) -> None:
    """With all above it that are missing, each 0700. Raises `OSError`."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def sweep(folder: Path) -> int:
    """Delete what a killed writer left half written; call it where nobody else writes."""
    return sum(delete_file(path) for path in plain_files(folder) if is_temporary(path))


def is_temporary(path: Path) -> bool:
    """Whether `write_file` gave it its name, to be moved over another."""
    return _TEMP.fullmatch(path.name) is not None


def files_below(folder: Path) -> Iterator[Path]:
    """All files, hidden ones too; links are not followed, and version control is left alone."""
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        yield from (Path(base, name) for name in sorted(names))


def kept_files(folder: Path) -> Iterator[Path]:
    """Of the files in the folder of memory those that may hold what was remembered, copies that
    editors made of them too. Where the folder is a link to one of other things, these are none."""
    for path in files_below(folder):
        kept = path.relative_to(folder).parts[0] == "journals" or "profile" in path.name
        # Sealed: no other passphrase could be chosen while one of these lies there.
        if kept or path.suffix == SEALED or path.name.startswith(_INDEXES):
            yield path


def journal_files(folder: Path) -> Iterator[Path]:
    """All in the folder of the journals; where that is a link to one of other things, those that
    are called as journals are."""
    linked = folder.is_symlink()
    return (path for path in files_below(folder) if not linked or _JOURNAL.search(path.name))


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


def _sync_folder(folder: Path) -> None:
    """The new name is on disk too (POSIX asks for this; elsewhere it may not be possible)."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
