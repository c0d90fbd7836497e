"""What a process holds: memory, files, threads. From /proc, or from `ps` where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ResourceSample:
    """Host and child at one moment."""

    at: float
    """Seconds of simulated time."""
    host_mb: float
    child_mb: float
    """Resident; 0 while there is no child."""
    child: int
    """Which child it is, counted from 0."""
    files: int
    threads: int
    tasks: int
    """Of the host."""


def take_sample(at: float, child: int, child_pid: int | None) -> ResourceSample:
    return ResourceSample(
        at=at,
        host_mb=resident_mb(os.getpid()),
        child_mb=resident_mb(child_pid) if child_pid is not None else 0.0,
        child=child,
        files=open_files(),
        threads=threading.active_count(),
        tasks=len(asyncio.all_tasks()),
    )


def resident_mb(pid: int) -> float:
    """Memory of a process that is in use, in MB (10⁶ bytes); 0 where there is no such process."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6
    if Path("/proc/self").exists():
        return 0.0
    _, shown = _ps("-o", "rss=", "-p", str(pid))
    return int(shown) * 1024 / 1e6 if shown.isdigit() else 0.0


def open_files() -> int:
    """Open descriptors of this process."""
    return len(os.listdir("/dev/fd"))  # noqa: PTH208


def children(pid: int) -> list[int]:
    """Processes that this one has started and that still run."""
    asking, shown = _ps("-A", "-o", "pid=,ppid=,stat=")
    rows = [line.split()[:3] for line in shown.splitlines() if len(line.split()) >= 3]
    return [
        int(child)
        for child, parent, state in rows
        if int(parent) == pid and not state.startswith("Z") and int(child) != asking
    ]


def growth(values: list[float], *, warm: float = 0.25, window: float = 0.15) -> float | None:
    """How much larger the values are at the end than after warming up, as a part of that: the
    median of the last `window` over the median of as much from `warm` on, less one. None where
    there are too few to tell."""
    n = max(3, round(len(values) * window))
    start = round(len(values) * warm)
    if len(values) < start + 2 * n:
        return None
    return median(values[-n:]) / median(values[start : start + n]) - 1


def longest_life(samples: list[ResourceSample]) -> list[ResourceSample]:
    """The samples of the child that lived longest."""
    lives: dict[int, list[ResourceSample]] = {}
    for sample in samples:
        if sample.child_mb:
            lives.setdefault(sample.child, []).append(sample)
    return max(lives.values(), key=len, default=[])


def _ps(*arguments: str) -> tuple[int, str]:
    """Its own process, and what it shows."""
    try:
        with subprocess.Popen(["ps", *arguments], stdout=subprocess.PIPE, text=True) as process:
            return process.pid, process.communicate()[0].strip()
    except OSError:
        return 0, ""
