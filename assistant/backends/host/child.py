"""The child process of a backend: how it is started, ended, and how its end is told."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from assistant.backends.host.link import ChildLink
from assistant.backends.wire import WireListener
from assistant.frames import Load
from assistant.logs import MAX_BYTES
from assistant.models.environments import code_path
from assistant.private_files import make_folder, open_append, write_whole

_NO_TELEMETRY = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
"""onnxruntime makes itself a device id at import and keeps events to send; nobody asked."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A backend and what it is started with."""

    name: str
    load: Load
    python: str | None = None
    """Interpreter; None: ours."""


async def start_child(
    launch: Launch, listener: WireListener, log_path: Path | None
) -> asyncio.subprocess.Process:
    """Raises `OSError` where there is no such interpreter, or no room for a process."""
    with open_log(log_path) as log_file:
        process = await asyncio.create_subprocess_exec(
            launch.python or sys.executable,
            "-m",
            "assistant.backends.host.worker",
            launch.name,
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            env=_environment(launch, listener),
            start_new_session=True,
            pass_fds=listener.inherited,
        )
    listener.handed_over()
    return process


async def end_child(process: asyncio.subprocess.Process) -> None:
    """Wait a little for it to end by itself, then end it, then kill it."""
    for wait, number in ((0.7, signal.SIGTERM), (0.5, signal.SIGKILL), (0.5, None)):
        if process.returncode is not None:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), wait)
            return
        if number is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)


def kill_child(process: asyncio.subprocess.Process) -> None:
    """At once, whatever it does: a stopped process heeds no other signal."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def exit_in_words(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"


def trim_log(path: Path, longest: int = 4 * MAX_BYTES) -> None:
    """Where the log has become too long, keep its end in `<name>.1` and begin anew.

    The file is emptied, not replaced: a child that writes to it (at its end, always) goes on.
    """
    with contextlib.suppress(OSError):
        size = path.lstat().st_size
        if size <= longest or path.is_symlink():
            return
        with path.open("rb") as file:
            file.seek(size - MAX_BYTES)
            file.readline()  # its beginning was cut off
            write_whole(path.with_name(f"{path.name}.1"), file.read())
        os.truncate(path, 0)


def open_log(path: Path | None) -> contextlib.AbstractContextManager[IO[bytes] | int]:
    """Where a child writes what it says; nowhere, where there is no such file to be had."""
    if path is None:
        return contextlib.nullcontext(subprocess.DEVNULL)
    try:
        make_folder(path.parent)
        return os.fdopen(open_append(path), "ab")
    except OSError:
        return contextlib.nullcontext(subprocess.DEVNULL)


def _environment(launch: Launch, listener: WireListener) -> dict[str, str]:
    environment = {**_NO_TELEMETRY, **os.environ, **listener.environment()}
    if launch.python is not None:
        # Another interpreter does not know where we are installed.
        ours = str(code_path())
        theirs = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{ours}{os.pathsep}{theirs}" if theirs else ours
    return environment


# How the C library hands out memory to this process.

_M_ARENA_MAX = -8
"""From glibc's `malloc.h`; see mallopt(3)."""


def use_one_heap() -> None:
    """All threads that begin from now on take their memory from one heap.

    glibc gives each a heap of its own, up to eight for each core, and never fills the gaps of one
    with what another wants: over thousands of turns, which go through several threads, these grow
    by 1 kB a turn. The threads here wait for each other anyway. Does nothing where the C library
    is another.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


# Sees to it that a child that is of no use any more ends, whatever state it is in.

LOG_CHECK = 60.0
"""Seconds between two looks at how long the child's log has become."""
GRACE = 2.0
"""Seconds for a child that has hung up to end by itself."""


class Watchdog:
    """Watches one child until `cancel`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        link: ChildLink,
        owes: Callable[[], bool],
        *,
        patience: float,
        log_path: Path | None,
    ) -> None:
        """`owes()`: an answer of the child is outstanding; `patience`: seconds it may take."""
        self.reason = ""
        """Why it was killed, as the end of "the … backend": "did not answer for 15 s"."""
        self._process = process
        self._link = link
        self._owes = owes
        self._patience = patience
        self._log_path = log_path
        works = (self._until_it_hangs(), self._until_it_hung_up(), self._keep_log_short())
        self._tasks = [asyncio.create_task(work, name="backend-watch") for work in works]

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _until_it_hangs(self) -> None:
        """Counts its own ticks, not the clock's: where this program was held up itself (stopped by
        Ctrl-Z, a machine asleep), the child was given no chance to be heard."""
        silent, news, tick = 0.0, self._link.news, min(1.0, self._patience / 4)
        while silent < self._patience:
            await asyncio.sleep(tick)
            silent = silent + tick if self._owes() and news == self._link.news else 0.0
            news = self._link.news
        self._kill(f"did not answer for {silent:.0f} s")

    async def _until_it_hung_up(self) -> None:
        await self._link.hung_up.wait()
        await asyncio.sleep(GRACE)
        self._kill("broke off the connection")

    def _kill(self, reason: str) -> None:
        self.reason = reason
        kill_child(self._process)

    async def _keep_log_short(self) -> None:
        while self._log_path is not None:
            await asyncio.to_thread(trim_log, self._log_path)
            await asyncio.sleep(LOG_CHECK)
