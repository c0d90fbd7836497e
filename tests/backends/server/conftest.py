"""Our client, and servers that are scripted to behave like nobody should."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("websockets", reason="the client needs websockets")
pytest.importorskip("sphn", reason="the client needs sphn")

from websockets.asyncio.server import ServerConnection, serve

from assistant import frames as f
from assistant.backends.server.backend import MoshiServerBackend

NOISE = (0.2 * np.random.default_rng(0).standard_normal(1920)).astype(np.float32)
Script = Callable[[ServerConnection], Awaitable[None]]


class Client:
    """The backend as the worker drives it, and all that it told."""

    def __init__(self) -> None:
        self.events: list[f.AnyEvent] = []
        self.backend = MoshiServerBackend(self.events.append)
        self._number = 0

    async def load(self, url: str, **options: Any) -> str:
        options = {"url": url, "whisper": "none", "token_env": "MOSHI_TEST_TOKEN", **options}
        virtual = bool(options.pop("virtual_clock", False))
        command = f.Load(options=options, names=[], virtual_clock=virtual)
        return await asyncio.to_thread(self.backend.load, command)

    async def push(self, frame: np.ndarray = NOISE, count: int = 1) -> None:
        for _ in range(count):
            await asyncio.to_thread(self.backend.push, self._number, frame)
            self._number += 1

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def words(self) -> str:
        return "".join(event.text for event in self.of(f.AgentText))

    @property
    def samples(self) -> int:
        return sum(len(event.pcm) // 4 for event in self.of(f.AudioOut))


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client()
    yield client
    await asyncio.to_thread(client.backend.close)


@contextlib.asynccontextmanager
async def scripted(script: Script, port: int = 0, **options: Any) -> AsyncIterator[str]:
    """A server that does what `script` says; yields its address."""
    async with serve(script, "127.0.0.1", port, compression=None, **options) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/api/chat"


async def until(condition: Callable[[], object], what: str = "") -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"it did not happen within 10 s {what}")
