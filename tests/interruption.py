"""A command that is killed at one of the points where it changes a file.

It runs in a forked child, so that everything is loaded already; the child counts what Python is
about to do (audit events, PEP 578) and kills itself, as SIGKILL or a power cut would, before the
one that is asked for. What other programs do that it starts is not counted, only their start.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset(
    {
        "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
        "os.chmod", "subprocess.Popen",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Interrupted:
    killed: bool
    """False: it came to its end before."""
    calls: int
    """Points that were passed, the last one included."""
    what: str
    """What was about to be done."""


def interrupted(command: Callable[[], object], when: int, below: Path) -> Interrupted:
    """Run `command` in a child and kill it before its `when`th change of a file; 0: never. Of files
    that are opened only those `below` count. Raises `RuntimeError` where it fails."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _run(command, when, below, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        told = stream.read().decode("utf-8", "replace")
    _, status = os.waitpid(child, 0)
    points = [line for line in told.split("\n") if line.startswith("point ")]
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not killed and status:
        raise RuntimeError(f"it failed by itself: {told[-3000:]}")
    return Interrupted(killed, len(points), points[-1][6:] if points else "")


def points_of(command: Callable[[], object], below: Path) -> int:
    """How often `command` changes a file; it runs to its end."""
    return interrupted(command, 0, below).calls


def _run(command: Callable[[], object], when: int, below: Path, told: int) -> None:
    """Does not return."""
    count = 0

    def reach(what: str) -> None:
        nonlocal count
        count += 1
        os.write(told, f"point {what}\n".encode("utf-8", "replace"))
        if count == when:
            os.kill(os.getpid(), signal.SIGKILL)

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES or (event == "open" and _changes(arguments, below)):
            reach(f"{event} {arguments[0]}")

    sync = os.fsync

    def fsync(descriptor: int) -> None:
        reach("fsync")
        sync(descriptor)

    try:
        os.fsync = fsync
        sys.addaudithook(hear)
        command()
    except BaseException:
        os.write(told, traceback.format_exc().encode("utf-8", "replace"))
        os._exit(1)
    os._exit(0)


def _changes(arguments: tuple[Any, ...], below: Path) -> bool:
    path, _, flags = arguments
    return isinstance(flags, int) and bool(flags & _WRITES) and str(path).startswith(str(below))
