"""One page's connection: a WebSocket in the server's event loop, a front end in the session's.

The server has a thread and an event loop of its own, so that sound and a busy conversation do not
wait for each other. What a page sends is bounded in size and rate; who sends more is hung up on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from assistant.loops import post
from assistant.serving.web.messages import (
    NUMBER_BYTES,
    SOUND_BYTES,
    FlushSound,
    PageMessage,
    ReleaseSound,
    SoundBuffer,
    SoundHolder,
    TakeSound,
    decode_page,
    encode_page,
)
from assistant.serving.web.sound import ELSEWHERE, SoundDesk
from assistant.session.remote import MAX_COMMAND

TEXTS_PER_SECOND = 40.0
TEXT_BURST = 120.0
SOUNDS_PER_SECOND = 75.0
"""Half more than real time, for what a page makes up after a stall."""
SOUND_BURST = 400.0
MOST_WAITING = 256
"""Commands that may wait for the session."""
MOST_SOUND = 100
"""Blocks (two seconds) that may wait for a page that does not take them; the oldest goes."""
POLICY = 1008
AWAY = 1001

log = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[bytes]]
Send = Callable[[bytes], Awaitable[None]]


class Conversation(Protocol):
    """What a page is connected to, in the session's loop."""

    loop: asyncio.AbstractEventLoop
    desk: SoundDesk | None
    """None: the sound cannot be carried."""

    async def serve(self, receive: Receive, send: Send) -> str:
        """As `session.remote.serve_session`."""


class RateLimit:
    """A token bucket: `rate` a second, `burst` at once."""

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._at = burst, clock()

    def take(self) -> bool:
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        self._left -= 1
        return self._left >= 0


class PageConnection:
    """`run` belongs to the server's loop; what `SoundPage` asks may be called from anywhere."""

    def __init__(self, socket: WebSocket, conversation: Conversation, name: str) -> None:
        self.name = name
        self._socket = socket
        self._conversation = conversation
        self._web = asyncio.get_running_loop()
        self._commands: asyncio.Queue[bytes] = asyncio.Queue()  # in the session's loop
        self._waiting = 0
        self._joined = False
        self._sound: deque[bytes] = deque()
        self._sound_there = asyncio.Event()
        self._number = 0

    async def run(self) -> None:
        await self._socket.accept()
        loop = self._conversation.loop
        serving = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._serve(), loop))
        receiving = asyncio.ensure_future(self._receive_all())
        works = {serving, receiving, asyncio.ensure_future(self._send_sound())}
        code = AWAY
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            code = POLICY if receiving in done else AWAY
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
            with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
                await self._socket.close(code)

    # --- in the session's loop ----------------------------------------------------------------

    async def _serve(self) -> None:
        try:
            reason = await self._conversation.serve(self._next_command, self._send)
            log.info("a page was left: %s", reason or "it closed")
        finally:
            if self._joined and self._conversation.desk is not None:
                self._conversation.desk.leave(self)

    async def _next_command(self) -> bytes:
        data = await self._commands.get()
        self._waiting -= 1
        return data

    async def _send(self, data: bytes) -> None:
        sending = asyncio.run_coroutine_threadsafe(self._send_text(data.decode()), self._web)
        await asyncio.wrap_future(sending)
        if not self._joined:  # it has been welcomed
            self._join()

    def _join(self) -> None:
        self._joined = True
        if (desk := self._conversation.desk) is not None:
            desk.join(self)
        else:
            self.tell_sound(SoundHolder("machine", False, "", can_take=False, why=ELSEWHERE))

    # --- from anywhere ------------------------------------------------------------------------

    def tell_sound(self, holder: SoundHolder) -> None:
        self._tell(encode_page(holder))

    def flush(self) -> None:
        post(self._web, self._sound.clear)
        self._tell(encode_page(FlushSound()))

    def play(self, pcm: bytes) -> None:
        post(self._web, self._queue_sound, pcm)

    def _tell(self, text: str) -> None:
        with contextlib.suppress(RuntimeError):
            telling = self._send_text(text)
            try:
                asyncio.run_coroutine_threadsafe(telling, self._web)
            except RuntimeError:
                telling.close()
                raise

    # --- in the server's loop -----------------------------------------------------------------

    async def _send_text(self, text: str) -> None:
        """Raises `OSError` where the page is gone."""
        try:
            await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionError("the page is gone") from error

    def _queue_sound(self, pcm: bytes) -> None:
        if len(self._sound) >= MOST_SOUND:
            self._sound.popleft()  # the page misses its number
        self._sound.append(self._number.to_bytes(NUMBER_BYTES, "little") + pcm)
        self._number = (self._number + 1) % 2**32
        self._sound_there.set()

    async def _send_sound(self) -> None:
        while True:
            await self._sound_there.wait()
            self._sound_there.clear()
            while self._sound:
                try:
                    await self._socket.send_bytes(self._sound.popleft())
                except (WebSocketDisconnect, RuntimeError):
                    return

    async def _receive_all(self) -> None:
        texts = RateLimit(TEXTS_PER_SECOND, TEXT_BURST)
        sounds = RateLimit(SOUNDS_PER_SECOND, SOUND_BURST)
        try:
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                if (sound := message.get("bytes")) is not None:
                    goes_on = sounds.take() and self._hear(sound)
                else:
                    goes_on = texts.take() and self._follow(message.get("text") or "")
                if not goes_on:
                    log.warning("a page sent too much, or what no page of ours sends")
                    break
        finally:
            post(self._conversation.loop, self._commands.put_nowait, b"")  # it has left

    def _hear(self, message: bytes) -> bool:
        if not NUMBER_BYTES < len(message) <= SOUND_BYTES:
            return False
        desk = self._conversation.desk
        remote = desk.remote_of(self) if desk is not None else None
        if remote is not None:
            remote.hear(int.from_bytes(message[:NUMBER_BYTES], "little"), message[NUMBER_BYTES:])
        return True

    def _follow(self, text: str) -> bool:
        if len(text) > MAX_COMMAND or self._waiting >= MOST_WAITING:
            return False
        try:
            about_sound = decode_page(text)
        except msgspec.ValidationError:
            return False
        if about_sound is not None:
            self._about_sound(about_sound)
        elif text:
            self._waiting += 1
            data = text.encode("utf-8", "replace")
            post(self._conversation.loop, self._commands.put_nowait, data)
        return True

    def _about_sound(self, message: PageMessage) -> None:
        desk = self._conversation.desk
        if desk is None:
            return
        match message:
            case TakeSound():
                post(self._conversation.loop, desk.take, self)
            case ReleaseSound():
                post(self._conversation.loop, desk.release, self)
            case SoundBuffer(buffered=buffered, latency=latency):
                if (remote := desk.remote_of(self)) is not None:
                    remote.buffered(buffered, latency)
