"""Event loops: calls from other threads, tasks side by side or in the background, and their end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from types import FrameType, TracebackType
from typing import Any, Self

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a service manager, a terminal that was closed."""
EXIT_SECONDS = 2.6
"""A program that was told to end is gone by then."""


def post(loop: asyncio.AbstractEventLoop, function: Callable[..., Any], *values: object) -> None:
    """Call `function(*values)` in the loop, soon. A loop that has ended has nobody left to tell."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *values)


async def until_one_ends(*works: Coroutine[Any, Any, None]) -> None:
    """Run these side by side until the first is over, and end the others. Raises what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def wait_while(condition: Callable[[], bool], seconds: float, step: float = 0.1) -> None:
    """Until the condition holds no longer, looking every `step` seconds; for `seconds` at most."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while condition() and loop.time() < end:  # noqa: ASYNC110
        await asyncio.sleep(step)


log = logging.getLogger(__name__)


class BackgroundTasks:
    """Runs tasks whose faults cost the conversation nothing; they are in the log."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, work: Awaitable[None]) -> None:
        task = asyncio.create_task(_guarded(work))
        self._tasks.add(task)

        def over(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if isinstance(work, Coroutine):
                work.close()  # it may have been cancelled before it began

        task.add_done_callback(over)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()


async def _guarded(work: Awaitable[None]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        try:
            await work
        except Exception:
            log.exception("a background task ended")


class ExitDeadline:
    """Graceful shutdown with a limit: the process is gone `seconds` after a signal told it to end,
    whatever holds it up then (an event loop that gets no turn, a thread of a library's that never
    returns). What was acknowledged is on disk long before, so only the good-bye is lost.

    Stands around `asyncio.run`. `last_act` is called before the process is ended by force.
    """

    def __init__(
        self, seconds: float = EXIT_SECONDS, last_act: Callable[[], None] | None = None
    ) -> None:
        self._seconds = seconds
        self.last_act = last_act
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def on_signals(self, end: Callable[..., None]) -> None:
        """In the loop: at one of `STOP_SIGNALS` `end(number)` is called there when it has its turn;
        the time runs at once, even while the loop has none."""
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, end, number)
            # The loop is woken by the file descriptor, whichever handler runs.
            signal.signal(number, self._signalled)

    def begin(self, code: int) -> None:
        """The time runs from now on; from any thread. `code`: the exit code, where it runs out."""
        with self._lock:
            if self._timer is None:
                self._timer = threading.Timer(self._seconds, self._leave, (code,))
                self._timer.daemon = True
                self._timer.start()

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self.begin(128 + number)

    def _leave(self, code: int) -> None:
        log.error("told to end, and still here after %.1f s: left by force", self._seconds)
        with contextlib.suppress(Exception):
            if self.last_act is not None:
                self.last_act()
        os._exit(code)
