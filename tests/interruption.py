"""Ends a process at any one of its changes of files, as a power cut or `kill -9` does.

    for at, ending in every_interruption(work, prepare):
        assert what ending.told is there

`interrupted(work, at)` runs `work(tell)` in a forked child that kills itself just before its
`at`-th change of a file: opening one to write, renaming, deleting, making a folder, truncating,
syncing, starting a program that may, and what makes SQLite write for good. What `work` told by then
was acknowledged. What Python is about to do is heard of as audit events (PEP 578).
`strace_kill` does the same to a whole program, at every system call of a kind.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

Tell = Callable[[str], None]
Work = Callable[[Tell], object]
_CHANGES = frozenset(
    {
        "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink",
        "os.chmod", "subprocess.Popen",
    }
)  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_KEPT = ("BEGIN", "COMMIT", "VACUUM", "PRAGMA wal_checkpoint", "PRAGMA journal_mode")
_FAILED = 3
_TOLD, _POINT = "+", "."
FILE_CALLS = (
    "rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,ftruncate,truncate,fsync,"
    "fdatasync,pwrite64,link,linkat,symlink,symlinkat"
)
"""System calls that change a file or put it on disk."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended."""

    killed: bool
    told: tuple[str, ...]
    """What was acknowledged before."""
    points: tuple[str, ...]
    """The changes that it came to; of one that was killed the last was not made."""


def every_interruption(work: Work, prepare: Callable[[], None]) -> Iterator[tuple[int, Ending]]:
    """Runs `work` to each of its changes of files, after `prepare()` each time, and at last to its
    end."""
    at = 1
    while True:
        prepare()
        ending = interrupted(work, at)
        yield at, ending
        if not ending.killed:
            return
        at += 1


def interrupted(work: Work, at: int) -> Ending:
    """Kill `work` just before its `at`-th change of a file; 0: never. Fails the test where it
    raises."""
    if not hasattr(os, "fork"):
        pytest.skip("processes cannot be forked here")
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _run(work, at, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        lines = stream.read().decode("utf-8", "replace").split("\0")[:-1]
    _, status = os.waitpid(child, 0)
    told = tuple(line[1:] for line in lines if line[0] == _TOLD)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise AssertionError("what was to be interrupted failed by itself\n" + "\n".join(told))
    points = tuple(line[1:] for line in lines if line[0] == _POINT)
    return Ending(os.WIFSIGNALED(status), told, points)


def _run(work: Work, at: int, writing: int) -> None:
    """In the child; never returns."""

    def write(kind: str, words: str) -> None:
        os.write(writing, f"{kind}{words}\0".encode("utf-8", "replace"))

    def tell(words: str) -> None:
        write(_TOLD, words)

    code = 0
    try:
        _die_at(at, lambda what: write(_POINT, what))
        work(tell)
    except BaseException:
        tell(traceback.format_exc())
        code = _FAILED
    os._exit(code)


def _die_at(at: int, reach: Callable[[str], None]) -> None:
    left = at

    def change(what: str) -> None:
        nonlocal left
        reach(what)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in _CHANGES or (event == "open" and _to_write(arguments)):
            change(f"{event} {arguments[0]}")

    sync = os.fsync

    def counted_sync(descriptor: int) -> None:
        change("fsync")
        sync(descriptor)

    connect = sqlite3.connect

    def counted_connect(*arguments: object, **options: object) -> sqlite3.Connection:
        database = connect(*arguments, **options)  # type: ignore[call-overload]
        database.set_trace_callback(lambda said: said.startswith(_KEPT) and change(said))
        return database  # type: ignore[no-any-return]

    sys.addaudithook(hook)
    os.fsync = counted_sync
    sqlite3.connect = counted_connect  # type: ignore[assignment]


def _to_write(arguments: tuple[object, ...]) -> bool:
    path, mode, flags = (*arguments, None, None, None)[:3]
    if not isinstance(path, str | bytes):
        return False
    return bool(isinstance(flags, int) and flags & _WRITES) or (
        isinstance(mode, str) and any(letter in mode for letter in "wax+")
    )


def strace_kill(
    command: Sequence[str], environment: Mapping[str, str], at: int, calls: str = FILE_CALLS
) -> bool:
    """Run a program that is killed at its `at`-th call of `calls` (of any one thread); whether it
    was. Skips the test where strace is missing or not allowed."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    inject = f"inject={calls}:signal=SIGKILL:when={at}"
    done = subprocess.run(
        [strace, "-f", "-qqq", "-o", os.devnull, "-e", f"trace={calls}", "-e", inject, *command],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if "ptrace" in done.stderr and "not permitted" in done.stderr:
        pytest.skip("strace is not allowed here")
    return done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)


def copy_of(folder: Path, place: Path) -> None:
    """Have `place` hold what `folder` holds, and nothing else."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(folder, place, symlinks=True)
