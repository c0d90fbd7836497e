"""The three threads of a live conversation, and what lies between them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Protocol

from assistant.backends.moshi.clock import InputFrame
from assistant.backends.moshi.stepping import EncodedFrame
from assistant.backends.moshi.utterances import Moment

MOST_BETWEEN = 2
"""Frames between two of the threads: enough that none waits for another's jitter."""


class Frames(Protocol):
    """What each of the threads does with a frame."""

    def next_frame(self) -> InputFrame | None:
        """Wait for it; None when the conversation is over."""

    def hear(self, taken: InputFrame) -> EncodedFrame: ...

    def think(self, encoded: EncodedFrame) -> Moment | None: ...

    def speak(self, moment: Moment) -> None: ...

    def can_hurry(self) -> bool:
        """Something is awaited that `hurry` brings nearer."""

    def hurry(self) -> None: ...

    @property
    def is_pressed(self) -> bool:
        """What has time has no time any more."""

    def work_beside(self) -> None:
        """Nothing waits: do a little of what has time."""


class Stages:
    """The three threads of a live conversation."""

    def __init__(self, backend: Frames, fail: Callable[[Exception], None]) -> None:
        self._backend = backend
        self._fail = fail
        self._to_think: queue.SimpleQueue[EncodedFrame | Callable[[], None] | None] = (
            queue.SimpleQueue()
        )
        """Frames and commands, in the order they came; of frames no more than there is room."""
        self._room = threading.Semaphore(MOST_BETWEEN)
        self._to_speak: queue.Queue[Moment | None] = queue.Queue(MOST_BETWEEN)
        self._closed = False
        self._threads: list[threading.Thread] = []

    def start(self, first: Callable[[], None]) -> None:
        """`first` is done on the model's thread, and waited for. Raises what it raises."""
        done = threading.Event()
        errors: list[Exception] = []

        def warm_up() -> None:
            try:
                first()
            except Exception as error:
                errors.append(error)
            done.set()

        self.do(warm_up)
        self._start("moshi-think", self._think)
        done.wait()
        if errors:
            self._closed = True
            self._to_think.put(None)
            raise errors[0]
        self._start("moshi-speak", self._speak)
        self._start("moshi-hear", self._hear)

    def do(self, work: Callable[[], None]) -> None:
        self._to_think.put(work)

    def close(self) -> None:
        self._closed = True
        self._room.release()
        self._to_think.put(None)
        for thread in self._threads:
            thread.join(timeout=2.0)

    def _start(self, name: str, loop: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                loop()
            except Exception as error:
                self._fail(error)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _hear(self) -> None:
        while (taken := self._backend.next_frame()) is not None:
            encoded = self._backend.hear(taken)
            self._room.acquire()
            if self._closed:
                return
            self._to_think.put(encoded)

    def _think(self) -> None:
        while True:
            item = self._next()
            if item is None:
                self._put(None)
                return
            if not isinstance(item, EncodedFrame):
                item()
                continue
            self._room.release()
            moment = self._backend.think(item)
            if moment is not None:
                self._put(moment)
            if self._to_think.empty() or self._backend.is_pressed:
                self._backend.work_beside()

    def _next(self) -> EncodedFrame | Callable[[], None] | None:
        """Wait for something to do, and hurry on with the next persona meanwhile."""
        while self._backend.can_hurry():
            try:
                return self._to_think.get_nowait()
            except queue.Empty:
                self._backend.hurry()
        return self._to_think.get()

    def _put(self, moment: Moment | None) -> None:
        """Hand on, unless nobody takes it any more."""
        while True:
            try:
                self._to_speak.put(moment, timeout=0.5)
                return
            except queue.Full:
                if self._closed:
                    return

    def _speak(self) -> None:
        while (moment := self._to_speak.get()) is not None:
            self._backend.speak(moment)
