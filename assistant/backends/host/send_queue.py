"""Bounded send queue with backpressure: what waits to be written on the wire, and what becomes of
it where the other end does not read.

Every queue has an end: a host that goes on asking of a child that hangs, or a child that speaks
faster than it is heard, must not fill the memory of either. What of it may go is decided by what it
means, see `SendQueue.put`.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

import msgspec

from assistant.backends.wire import MAX_MESSAGE, encode
from assistant.frames import (
    AnyCommand,
    AnyEvent,
    AudioOut,
    ChangePersona,
    Expect,
    Inject,
    Interrupt,
    Prefetch,
    Prefill,
    Push,
    Say,
    SetNames,
)

log = logging.getLogger(__name__)
Message = AnyCommand | AnyEvent

MOST_SAYINGS = 256
"""Pieces to say that wait at a time, and…"""
MOST_TEXT = 100_000
"""…their characters in all: an hour and a half of speech."""
MOST_CONTEXTS = 64
MOST_COMMANDS = 1_000
"""Commands that wait, whatever they are."""
MOST_SOUND = 64 * 1024 * 1024
"""Bytes of sound that wait; whoever makes more waits, too."""
SOUND_PIECE = 1024 * 1024
"""Bytes of sound in one message at most; a whole number of samples."""


class SendQueue:
    """A thread that writes, so that a child that does not read never holds up the event loop.

    When the pipe is gone the thread ends by itself; the reader sees the same and tells.
    """

    def __init__(self, connection: Connection, max_frames: int = 50) -> None:
        self._connection = connection
        self._max_frames = max_frames
        self._items: deque[Message | None] = deque()
        self._frames = self._sound = 0
        self._condition = threading.Condition()
        self._over = False
        self.dropped = 0
        """Frames that were left out."""
        self._thread = threading.Thread(target=self._run, name="wire-send", daemon=True)
        self._thread.start()

    def put(self, message: Message) -> bool:
        """Whether all of it will be sent. It is not, where the other end does not keep up:

        - frames (`Push`): the oldest goes, and is counted;
        - personas, names and lines to prepare: the newest counts, an older one that waits goes,
          unless something was still to be said as that persona;
        - what is to be said: no more than `MOST_SAYINGS`, `MOST_TEXT`; of what is past that only
          the end of its utterance is sent, and False is returned;
        - contexts (`Inject`): the oldest goes;
        - `Interrupt`: what waits to be said need not be;
        - sound of a child: the call waits until there is room.
        """
        with self._condition:
            if isinstance(message, AudioOut):
                self._append_sound(message)
                return True
            kept = self._fitted(message)
            if kept is not None:
                self._items.append(kept)
                self._condition.notify_all()
            return kept is message

    def close(self, timeout: float = 0.5) -> None:
        """Send what is queued, as far as `timeout` seconds allow, then stop."""
        with self._condition:
            self._items.append(None)
            self._condition.notify_all()
        self._thread.join(timeout)

    # -- what may wait (with the condition held) ---------------------------------------------------

    def _fitted(self, message: Message) -> Message | None:
        match message:
            case Push():
                while self._frames >= self._max_frames:
                    self._drop_oldest_frame()
                self._frames += 1
            case Say():
                return self._fitted_saying(message)
            case ChangePersona():
                self._drop_unused_persona()
            case SetNames() | Prefetch() | Expect():
                self._drop(lambda item: type(item) is type(message))
            case Prefill():
                wanted = (message.prompt.slug, message.swap)
                self._drop(
                    lambda item: (
                        isinstance(item, Prefill) and (item.prompt.slug, item.swap) == wanted
                    )
                )
            case Inject():
                contexts = [item for item in self._items if isinstance(item, Inject)]
                if len(contexts) >= MOST_CONTEXTS:
                    self._drop(lambda item: item is contexts[0])
            case Interrupt():
                self._drop(lambda item: isinstance(item, Say | Interrupt))
            case _:
                return message  # few, and each counts: to load, to settle, to close, any event
        if len(self._items) - self._frames >= MOST_COMMANDS:
            self._drop_oldest_command()
        return message

    def _fitted_saying(self, message: Say) -> Say | None:
        sayings = [item for item in self._items if isinstance(item, Say)]
        text = sum(len(item.text) for item in sayings) + len(message.text)
        if len(sayings) < MOST_SAYINGS and text <= MOST_TEXT:
            return message
        if message.final and len(sayings) < MOST_COMMANDS:
            return msgspec.structs.replace(message, text="") if message.text else message
        return None

    def _drop_unused_persona(self) -> None:
        """The last that waits, unless something is still to be said as it."""
        asked = (item for item in reversed(self._items) if isinstance(item, Say | ChangePersona))
        last = next(asked, None)
        if isinstance(last, ChangePersona):
            self._drop(lambda item: item is last)

    def _drop(self, is_meant: Callable[[Message | None], bool]) -> None:
        if any(is_meant(item) for item in self._items):
            self._items = deque(item for item in self._items if not is_meant(item))

    def _drop_oldest_command(self) -> None:
        kinds = ChangePersona | Prefill | Inject | Say | Interrupt
        oldest = next((item for item in self._items if isinstance(item, kinds)), None)
        if oldest is not None:
            self._drop(lambda item: item is oldest)

    def _drop_oldest_frame(self) -> None:
        for index, item in enumerate(self._items):
            if isinstance(item, Push):
                del self._items[index]
                self._frames -= 1
                self.dropped += 1
                return

    def _append_sound(self, event: AudioOut) -> None:
        """In pieces that the other end takes, when there is room."""
        for at in range(0, max(1, len(event.pcm)), SOUND_PIECE):
            piece = event
            if len(event.pcm) > SOUND_PIECE:
                piece = AudioOut(event.utterance, event.pcm[at : at + SOUND_PIECE])
            while self._sound >= MOST_SOUND and not self._over:
                self._condition.wait()
            self._sound += len(piece.pcm)
            self._items.append(piece)
            self._condition.notify_all()

    # -- the writing thread ------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (message := self._next()) is not None:
                if (data := _encoded(message)) is not None:
                    self._connection.send_bytes(data)
        except (OSError, ValueError):
            pass  # the other end is gone, or ours was closed
        finally:
            with self._condition:
                self._over = True
                self._condition.notify_all()

    def _next(self) -> Message | None:
        with self._condition:
            while not self._items:
                self._condition.wait()
            message = self._items.popleft()
            if isinstance(message, Push):
                self._frames -= 1
            elif isinstance(message, AudioOut):
                self._sound -= len(message.pcm)
                self._condition.notify_all()
            return message


def _encoded(message: Message) -> bytes | None:
    """None for what the other end would take for a broken wire: one message must not end all."""
    try:
        data = encode(message)
    except (ValueError, OverflowError, RecursionError) as error:
        log.warning("cannot be sent: %s: %s", type(message).__name__, error)
        return None
    if len(data) > MAX_MESSAGE:
        log.warning("too large to be sent: %s of %d bytes", type(message).__name__, len(data))
        return None
    return data


# What became of every frame that the backend was offered.


@dataclass(slots=True)
class FrameCounter:
    """Frames, counted. Each that was `offered` is in one of the others, or on its way."""

    offered: int = 0
    taken: int = 0
    """The child has acknowledged them."""
    dropped: int = 0
    """Left out, oldest first, because the child did not keep up."""
    lost: int = 0
    """With a child that ended before it had acknowledged them."""
    unheard: int = 0
    """No child was there: it was loading, or had ended."""
    _sent: int = 0
    """To the child that runs; with what it has taken and what was left out of that."""
    _taken: int = 0

    @property
    def on_the_way(self) -> int:
        """Offered to the child that runs, and not yet acknowledged. Those that are left out until
        it ends are among them: see `child_ended`."""
        return self._sent - self._taken

    def offer(self, *, there: bool) -> None:
        """A frame came; `there`: so is a child that it is sent to."""
        self.offered += 1
        if there:
            self._sent += 1
        else:
            self.unheard += 1

    def take(self) -> None:
        self.taken += 1
        self._taken += 1

    def child_ended(self, dropped: int) -> None:
        """`dropped` of the frames sent to it were left out."""
        self.dropped += dropped
        self.lost += self._sent - self._taken - dropped
        self._sent = self._taken = 0
