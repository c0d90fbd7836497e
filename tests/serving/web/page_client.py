"""A page as small as one can be: the way in, the WebSocket, and what it was told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

pytest.importorskip("starlette", reason="the page needs starlette")
pytest.importorskip("uvicorn", reason="the page needs uvicorn")
pytest.importorskip("websockets", reason="the page needs websockets")

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from assistant.audio.devices.switchable import SwitchableAudio
from assistant.config.schema import AudioConfig
from assistant.serving.access_control import AccessControl
from assistant.serving.connection_limits import ConnectionLimiter, Limits, open_sockets
from assistant.serving.web.entry import Entry
from assistant.serving.web.serving import OwnConversation, PageServer
from assistant.session.frontend import SessionFrontend
from tests.audio.devices.test_on_demand import on_demand

TOKEN = "a-token-of-these-tests-and-no-other"


class House:
    """A page's server around a session, as `assistant web` makes it."""

    def __init__(self, session: SessionFrontend, audio: SwitchableAudio, limits: Limits) -> None:
        self.audio = audio
        self.ended = False
        (self._listening,) = open_sockets("127.0.0.1", 0)
        self.port = self._listening.getsockname()[1]
        self.conversation = OwnConversation(session, audio, AudioConfig(), self._end)
        self.entry = Entry(TOKEN, self.port, secure=False)
        control = AccessControl(None, frozenset({"kitchen"}), what="conversation", has_pages=True)
        self.server = PageServer(
            self.conversation, self.entry, control, connections=ConnectionLimiter(limits)
        )

    def _end(self) -> None:
        self.ended = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def web(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False)

    async def cookie(self) -> str:
        async with self.web() as web:
            answer = await web.post("/api/enter", json={"token": TOKEN})
            assert answer.status_code == 204
            return answer.headers["set-cookie"].partition(";")[0]

    @contextlib.asynccontextmanager
    async def page(self, **hello: object) -> AsyncIterator[Page]:
        async with self.socket(Cookie=await self.cookie(), Origin=self.url) as socket:
            page = Page(socket)
            await page.say("Hello", version=1, confirms=True, replay=True, **hello)
            await page.until("Welcome")
            try:
                yield page
            finally:
                page.close()

    def socket(self, **headers: str) -> connect:
        return connect(
            f"ws://127.0.0.1:{self.port}/ws", additional_headers=headers, proxy=None, max_size=2**22
        )

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[House]:
        async with self.server.running([self._listening]):
            yield self


@contextlib.asynccontextmanager
async def house(
    session: SessionFrontend, *, machine: bool = False, limits: Limits | None = None
) -> AsyncIterator[House]:
    audio = SwitchableAudio(on_demand(), are_used=machine)
    audio.front.take = lambda state: None  # type: ignore[method-assign]
    await audio.start(session.take_frame, lambda text, remedy: None)
    try:
        async with House(session, audio, limits or Limits()).open() as made:
            yield made
    finally:
        await audio.stop()


class Page:
    """`seen` holds the messages that were read, in order; `sound` the binary ones."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.seen: list[dict[str, Any]] = []
        self.sound: list[bytes] = []
        self._there = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        self.code: int | None = None
        """With which it was hung up on."""

    async def say(self, kind: str, **fields: object) -> None:
        await self._socket.send(json.dumps({"type": kind, **fields}))

    async def send(self, message: str | bytes) -> None:
        await self._socket.send(message)

    async def until(self, kind: str, **fields: object) -> dict[str, Any]:
        """The next one that was not asked for yet, by these tests."""
        async with asyncio.timeout(10):
            while True:
                for place, each in enumerate(self.seen):
                    if each["type"] == kind and all(each[k] == v for k, v in fields.items()):
                        del self.seen[: place + 1]
                        return each
                self._there.clear()
                await self._there.wait()

    async def hung_up(self) -> int:
        await asyncio.wait_for(self._reading, 10)
        assert self.code is not None
        return self.code

    def close(self) -> None:
        self._reading.cancel()

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if isinstance(message, bytes):
                    self.sound.append(message)
                else:
                    self.seen.append(json.loads(message))
                self._there.set()
        except ConnectionClosed:
            pass
        self.code = self._socket.close_code
