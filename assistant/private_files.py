"""Files and folders for nobody but the user: 0600 and 0700, whatever the umask, through no link.

What the program keeps tells what was said to it. So every file is made by one of these; what an
earlier version left open to others is closed when it is touched (`assistant doctor` finds the
rest). A link in the place of a file is an error, or is replaced: never followed to be written.

A file that is written anew is written atomically: beside its place, synced, and moved over it
(rename(2) replaces), so that a crash at any moment leaves the old one or the new one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

FILE = 0o600
FOLDER = 0o700
_OTHERS = 0o077
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Not through a link, and without waiting where it is a pipe."""
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{12}\.tmp")


@contextlib.contextmanager
def private_umask() -> Iterator[None]:
    """What libraries and other programs make meanwhile is private, too. Of the whole process."""
    before = os.umask(_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def make_folder(folder: Path) -> None:
    """With all above it that are missing, each 0700; one that is there is closed to others. Raises
    `OSError`."""
    make_missing(folder)
    close_to_others(folder)


def make_missing(folder: Path) -> None:
    """The same, but one that is there stays as it is: the user may have chosen it."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=FOLDER, exist_ok=True)


def close_to_others(path: Path) -> None:
    """Take their rights away, where there are any and it is ours: links and what belongs to
    somebody else stay as they are."""
    with contextlib.suppress(OSError):
        now = path.lstat()
        if stat.S_ISLNK(now.st_mode) or not now.st_mode & _OTHERS or not _is_ours(now):
            return
        path.chmod(stat.S_IMODE(now.st_mode) & ~_OTHERS)


def open_append(path: Path) -> int:
    """A descriptor that writes to the end of the file, which is made where it is not there. Raises
    `OSError`, for one where it is a link or no plain file."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NO_FOLLOW
    descriptor = os.open(path, flags, FILE)
    try:
        now = os.fstat(descriptor)
        if not stat.S_ISREG(now.st_mode):
            raise OSError(errno.EINVAL, "is no plain file", str(path))
        if now.st_mode & _OTHERS and _is_ours(now):
            os.fchmod(descriptor, FILE)
        if hasattr(os, "set_blocking"):
            os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def write_whole(
    path: Path, data: bytes, *, mode: int = FILE, close: bool = True, durable: bool = True
) -> None:
    """The old file or the new one, whole, whatever happens in between; a link in its place is
    replaced. Raises `OSError`.

    `close`: its folder is one of ours, and closed to others. `durable`: after a power cut, too,
    it is the new one; not worth the wait for what can be made again.
    """
    make_folder(path.parent) if close else make_missing(path.parent)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE)
        with os.fdopen(descriptor, "wb") as stream:
            if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
                fresh.chmod(mode)  # a umask may have taken our own rights
            stream.write(data)
            if durable:
                stream.flush()
                os.fsync(descriptor)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    if durable:
        sync_folder(path.parent)


def is_temporary(path: Path) -> bool:
    """Whether `write_whole` gave it its name: a process that was killed left it."""
    return _TEMPORARY.fullmatch(path.name) is not None


def sync_folder(folder: Path) -> None:
    """The names in it are on disk too (POSIX asks for this; elsewhere it may not be possible)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def plain_files(folder: Path) -> Iterator[Path]:
    """All plain files below a folder that is none but a folder: no link is gone through, neither in
    its place nor below it, and no link is named."""
    if folder.is_symlink():
        return
    for base, folders, names in os.walk(folder):
        folders.sort()
        for path in (Path(base, name) for name in sorted(names)):
            with contextlib.suppress(OSError):
                if stat.S_ISREG(path.lstat().st_mode):
                    yield path


def remove_tree(folder: Path) -> None:
    """A folder with all that is in it. Of a link the link goes, not what it leads to. Raises
    `OSError`."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder)


def scratch(below: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder for a while, in `below` (of ours); what a killed process left there goes first.

    Never in the system's folder for such things, which nobody sweeps while the machine runs.
    Raises `OSError`.
    """
    make_folder(below)
    sweep_scratch(below)
    return tempfile.TemporaryDirectory(
        prefix=f"{os.getpid()}-", dir=below, ignore_cleanup_errors=True
    )


@contextlib.contextmanager
def scratch_folder(below: Path) -> Iterator[Path]:
    """As `scratch`, for a block."""
    with scratch(below) as folder:
        yield Path(folder)


def sweep_scratch(below: Path) -> None:
    """Take away the scratch folders of processes that run no more."""
    with contextlib.suppress(OSError):
        for path in list(below.iterdir()):
            pid, dash, _ = path.name.partition("-")
            ours = dash and pid.isdecimal() and not path.is_symlink() and path.is_dir()
            if ours and not is_running(int(pid)):
                shutil.rmtree(path, ignore_errors=True)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # somebody else's
    return True


def open_to_others(folder: Path) -> list[Path]:
    """The folder itself and what is below it, where others may read, write or enter it, or where it
    is somebody else's. Links are neither followed nor judged: they have no rights of their own."""
    found = []
    for path in (folder, *_all_below(folder)):
        with contextlib.suppress(OSError):
            now = path.lstat()
            if stat.S_ISLNK(now.st_mode):
                continue
            if now.st_mode & _OTHERS or not _is_ours(now):
                found.append(path)
    return found


def is_writable_by_others(path: Path) -> bool:
    """Whether somebody else than the user (and root) could change it."""
    if os.name != "posix":
        return False
    now = path.stat()
    return bool(now.st_mode & 0o022) or now.st_uid not in (0, os.geteuid())


def _all_below(folder: Path) -> Iterator[Path]:
    if folder.is_symlink():
        return
    for base, folders, names in os.walk(folder):
        yield from (Path(base, name) for name in sorted(folders) + sorted(names))


def _is_ours(now: os.stat_result) -> bool:
    return os.name != "posix" or now.st_uid == os.geteuid()
