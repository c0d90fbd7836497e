"""Worker thread: one that does things in the order in which they were handed to it.

Nothing that reads or writes memory may hold up the event loop. A daemon, and not an executor's
thread: those are joined at exit, so that one hanging disk would keep the program from ending.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")
_log = logging.getLogger(__name__)
_END = object()


class WorkerThread:
    """`idle(seconds)` is asked after each job and when its own answer has run out: it returns how
    many seconds may pass until it is asked again (None: until the next job)."""

    def __init__(self, name: str, idle: Callable[[], float | None] = lambda: None) -> None:
        self._name = name
        self._idle = idle
        self._jobs: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, job: Callable[[], object]) -> None:
        """Do this after all that lies there already. Errors are logged."""
        if self._closed:
            return
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()

    def ask(self, job: Callable[[], T]) -> Future[T]:
        """The same, with a result."""
        future: Future[T] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(job())
                except BaseException as error:
                    future.set_exception(error)

        if self._closed:
            future.cancel()
        else:
            self.put(run)
        return future

    async def wait(self, job: Callable[[], T]) -> T:
        """The same, for the event loop."""
        return await asyncio.wrap_future(self.ask(job))

    def close(self) -> None:
        """Do what lies there, and nothing after it."""
        if not self._closed:
            self._closed = True
            self._jobs.put(_END)

    def _work(self) -> None:
        pause: float | None = None
        while True:
            try:
                job = self._jobs.get(timeout=pause)
            except queue.Empty:
                job = None
            if job is _END:
                return
            try:
                if callable(job):
                    job()
                pause = self._idle()
            except Exception:
                _log.exception("%s", self._name)
                pause = None
