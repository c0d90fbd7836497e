"""Looking at other processes, as a person does with `ps`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

_PROC = Path("/proc")
PATIENCE = 60.0
"""Seconds to wait for what should take one: machines are slow and busy."""


def _status(pid: int) -> dict[str, str]:
    """Fields of /proc/PID/status; empty where there is no such process (any more)."""
    with contextlib.suppress(OSError):
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return {}


def is_alive(pid: int) -> bool:
    """Whether it runs; what has ended and waits to be asked for its exit code does not."""
    return _status(pid).get("State", "Z")[0] != "Z"


def children(pid: int) -> list[int]:
    """Processes that this one has started and that run. Skips the test without /proc."""
    if not _PROC.is_dir():
        pytest.skip("there is no /proc here")
    numbers = [int(path.name) for path in _PROC.glob("[0-9]*")]
    return [n for n in numbers if _status(n).get("PPid") == str(pid) and is_alive(n)]


def descendants(pid: int) -> list[int]:
    return [n for child in children(pid) for n in (child, *descendants(child))]


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return ""


def until(condition: Callable[[], bool], what: str, show: Callable[[], str] = str) -> None:
    """Wait until `condition` holds; fails with `what` did not happen and what `show` shows."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"in vain waited until {what}\n{show()}")
        time.sleep(0.1)
