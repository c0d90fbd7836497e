"""Recorder: what a conversation tells its memory, from any thread; a worker thread of its own
writes it down.

`heard` and `said` return at once; see `JournalWriter` for what becomes of them.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import TypeVar

from assistant.memory.base import (
    Forgotten,
    Journal,
    Memory,
    MemoryFailure,
    MemoryStore,
    Turn,
)
from assistant.memory.extraction import the_rules
from assistant.memory.extraction.candidates import Judge, Outcome
from assistant.memory.extraction.llm import Extracted
from assistant.memory.journal.writer import JournalWriter

# Worker thread: one that does things in the order in which they were handed to it.

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


T = TypeVar("T")


def _now() -> datetime:
    return datetime.now().astimezone()


class Recorder:
    """Collects the turns of one conversation and keeps what matters.

    `private`: nothing is kept, not even in memory. `walls`: what is told to one persona is no
    business of another, so that a change of persona begins a new journal. `write_every` is in
    seconds. Both are called on the recorder's thread: `on_problem(error)` once a failure,
    `on_kept(memory, asked)` for each memory that was not known, with whether the user asked for it.
    """

    def __init__(
        self,
        store: MemoryStore,
        *,
        who: str = "",
        private: bool = False,
        walls: bool = False,
        write_every: float = 300.0,
        judge: Judge | None = None,
        now: Callable[[], datetime] = _now,
        on_problem: Callable[[MemoryFailure], None] = lambda error: None,
        on_kept: Callable[[Memory, bool], None] = lambda memory, asked: None,
    ) -> None:
        self._writer = JournalWriter(
            store,
            who=who,
            private=private,
            walls=walls,
            write_every=write_every,
            judge=judge,
            now=now,
            on_problem=on_problem,
            on_kept=on_kept,
        )
        self._now = now
        self._worker = WorkerThread("memory-recorder", self._writer.when_idle)

    def warm(self) -> None:
        """Load what the first turn needs, beside whatever goes on."""
        self._worker.put(the_rules)

    # -- what the conversation tells (any thread, at once) -----------------------------------------

    def heard(self, text: str, persona: str, name: str = "You") -> None:
        """The user's turn."""
        self._turn(Turn(0, "user", name, text, self._now()), persona)

    def said(self, text: str, persona: str, name: str) -> None:
        """The assistant's: kept, and never learnt from."""
        self._turn(Turn(0, "agent", name, text, self._now()), persona)

    def _turn(self, turn: Turn, persona: str) -> None:
        if not self.private and turn.text.strip():
            self._worker.put(lambda: self._writer.take(turn, persona))

    async def remember(self, text: str, persona: str) -> Sequence[Outcome]:
        """Keep what the user asked for, now: what became of it, in drafts and refusals. Raises
        `MemoryFailure`. The turn itself comes by `heard`."""
        return await self._worker.wait(lambda: self._writer.remember(text, persona))

    async def acknowledge(self, text: str, persona: str) -> Sequence[Outcome]:
        """The user's last turn, of which the answer will say that it is remembered: on disk when
        this returns. What the judge made nothing of is kept as if it was asked for. Raises
        `MemoryFailure`."""
        return await self._worker.wait(lambda: self._writer.acknowledge(text, persona))

    async def write_taught(self) -> None:
        """Have written what the last turn taught; nothing else. Raises `MemoryFailure`."""
        await self._worker.wait(lambda: self._writer.write_taught())

    async def forget(self, ids: Sequence[str], also: Sequence[str] = ()) -> Forgotten:
        """Gone from this conversation's journal too; `also`: what the store takes along. Raises
        `MemoryFailure`."""
        return await self._worker.wait(lambda: self._writer.forget(ids, also))

    async def edit(self, edit: Callable[[], T]) -> T:
        """Change in the store what is known; this conversation's journal follows. Raises
        `MemoryFailure`."""
        return await self._worker.wait(lambda: self._writer.edit(edit))

    async def unread(self) -> list[Turn]:
        """Turns that no language model has judged yet."""
        return await self._worker.wait(lambda: self._writer.unread())

    async def learn(self, extracted: Extracted, persona: str) -> None:
        """A language model's verdict on some turns. What the rules had made of them stays where it
        is a fact or was asked for; where it is no more than a sentence, the model's word counts."""
        await self._worker.wait(lambda: self._writer.learn(extracted, persona))

    async def write(self) -> None:
        """Have all written that was told so far."""
        await self._worker.wait(lambda: self._writer.write())

    async def close(self) -> None:
        """The conversation is over: write it."""
        if not self.private:
            await self._worker.wait(self._writer.end)
        self._worker.close()

    @property
    def unwritten(self) -> list[Memory]:
        """What was learnt in this conversation and could not be written, or was not yet."""
        return self._writer.unwritten

    @property
    def journal(self) -> Journal | None:
        """The one that is being written; None before the first turn."""
        return self._writer.journal

    @property
    def ongoing(self) -> tuple[str, ...]:
        """The ids of the journals that hold what was said last."""
        return self._writer.ongoing

    @property
    def private(self) -> bool:
        return self._writer.private

    @property
    def who(self) -> str:
        """The user's name, "" where it is not known."""
        return self._writer.who

    @who.setter
    def who(self, name: str) -> None:
        self._writer.who = name
