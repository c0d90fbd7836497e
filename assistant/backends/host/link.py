"""The host's end of the wire to one child: takes its call, reads its events, queues commands.

Two daemon threads (one reads, one writes) stand between the event loop and the socket, so that a
child that hangs never holds up the screen.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection

import msgspec

from assistant.backends.host.send_queue import SendQueue
from assistant.backends.wire import MAX_MESSAGE, WireListener, decode_event
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    AgentText,
    AnyCommand,
    AnyEvent,
    AudioOut,
    CallSpelled,
    UtteranceEnded,
)
from assistant.loops import post

log = logging.getLogger(__name__)


_MOST_UNSEEN = 1_000
"""Events that were read and wait for the event loop; the child waits after that."""
_NUMBERS_A_CHILD = 1 << 36
"""No child makes so many utterances of its own."""


class ChildLink:
    """Belongs to the event loop. `on_call` is called once the child has called, `on_event` with
    every event after that, until `close` has returned. `child` counts the children from 1."""

    def __init__(
        self,
        listener: WireListener,
        child: int,
        on_call: Callable[[], None],
        on_event: Callable[[AnyEvent], None],
    ) -> None:
        self.hung_up = asyncio.Event()
        """The child cannot be heard any more: it closed its end, or what it sent makes no sense."""
        self.news = 0
        """Events that came, of whatever kind."""
        self._first = (child - 1) * _NUMBERS_A_CHILD
        self._listener = listener
        self._on_call = on_call
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._connection: Connection | None = None
        self._queue: SendQueue | None = None
        self._room = threading.Semaphore(_MOST_UNSEEN)
        self._reader = threading.Thread(target=self._read, name="wire-read", daemon=True)
        self._reader.start()

    def put(self, command: AnyCommand) -> bool:
        """Whether all of it is on its way (`SendQueue.put`). Goes nowhere before the child has
        called."""
        return self._queue is None or self._queue.put(command)

    @property
    def dropped(self) -> int:
        """Frames that were left out because the child did not take them in time."""
        return self._queue.dropped if self._queue is not None else 0

    async def close(self) -> None:
        """The child has ended. What it said last is still in the socket: it is read out first."""
        self._listener.wake()  # ends `accept` where the child ended before it called
        await asyncio.to_thread(self._reader.join, 1.0)
        self.cut()

    def cut(self) -> None:
        """Let go of the socket, whatever is still in it."""
        if self._queue is not None:
            self._queue.close(timeout=0.1)
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
            self._connection = None

    # -- the reading thread ----------------------------------------------------------------

    def _read(self) -> None:
        try:
            connection = self._listener.accept()
            post(self._loop, self._called, connection)
            self._read_events(connection)
        except (OSError, EOFError, AuthenticationError) as error:
            log.debug("the backend hung up: %r", error)
        post(self._loop, self.hung_up.set)

    def _read_events(self, connection: Connection) -> None:
        """Raises `EOFError` where the child closed its end, `OSError` where the socket broke or a
        message is larger than any honest one."""
        while True:
            data = connection.recv_bytes(MAX_MESSAGE)
            try:
                event = decode_event(data)
            except msgspec.DecodeError as error:
                log.warning("unreadable event from the backend: %s", error)
                continue
            # A loop that has ended makes no room; then nobody is left to be flooded.
            self._room.acquire(timeout=5.0)
            post(self._loop, self._came, event)

    def _came(self, event: AnyEvent) -> None:
        self._room.release()
        self.news += 1
        match event:
            case AudioOut() | AgentText() | UtteranceEnded() | CallSpelled():
                event = self._numbered_apart(event)
            case _:
                pass
        self._on_event(event)

    def _numbered_apart(
        self, event: AudioOut | AgentText | UtteranceEnded | CallSpelled
    ) -> AudioOut | AgentText | UtteranceEnded | CallSpelled:
        """Each child counts its own utterances from the same number. Where an earlier child's has
        been heard and is over, another of that number would never sound."""
        if self._first == 0 or event.utterance < FIRST_OWN_UTTERANCE:
            return event
        return msgspec.structs.replace(event, utterance=event.utterance + self._first)

    def _called(self, connection: Connection) -> None:
        self._connection = connection
        self._queue = SendQueue(connection)
        self._on_call()


# Futures by number, each done once its answer came: request and response over one connection.


class Waiters:
    """All on the event loop's thread."""

    def __init__(self) -> None:
        self._futures: dict[int, asyncio.Future[None]] = {}

    def __len__(self) -> int:
        return len(self._futures)

    def add(self, number: int) -> asyncio.Future[None]:
        """To be awaited; made before the question is sent."""
        waiter = asyncio.get_running_loop().create_future()
        self._futures[number] = waiter
        return waiter

    def answered(self, number: int) -> None:
        """Nobody need have asked."""
        waiter = self._futures.pop(number, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def release(self) -> None:
        """Let all of them go: no answer will come any more."""
        for number in list(self._futures):
            self.answered(number)
