"""Our server with the echo backend behind it, and a client that knows nothing but the protocol."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("websockets", reason="the server needs websockets")
pytest.importorskip("sphn", reason="the server needs sphn")

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from assistant import frames as f
from assistant.backends.host.process import BackendProcess
from assistant.backends.server import protocol
from assistant.backends.server.opus import OpusDecoder, OpusEncoder
from assistant.serving.connection_limits import Limits
from assistant.serving.server import MoshiServer
from assistant.serving.settings import ServeSettings

LOUD = (0.3 * np.sin(np.arange(f.FRAME_SAMPLES) / 5)).astype(np.float32)
SILENT = np.zeros(f.FRAME_SAMPLES, np.float32)


async def until(condition: Callable[[], object], what: str = "") -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"it did not happen within 10 s {what}")


class Running:
    """A server that runs, what it told, and its backend."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.server: MoshiServer
        self.process: BackendProcess
        self.events: list[f.AnyEvent] = []

    @property
    def url(self) -> str:
        return self.server.address


@contextlib.asynccontextmanager
async def serving(
    backend: str = "echo", limits: Limits | None = None, **settings: Any
) -> AsyncIterator[Running]:
    running = Running()

    def make_process(on_event: Callable[[f.AnyEvent], None]) -> BackendProcess:
        running.process = BackendProcess(backend, f.Load(options={}, names=[]), on_event)
        return running.process

    ready = asyncio.Event()
    running.server = MoshiServer(
        ServeSettings(**{"port": 0, **settings}), make_process, running.told.append, limits
    )
    task = asyncio.create_task(running.server.run(ready.set))
    try:
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait((waiting, task), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if task.done():
            task.result()
        yield running
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Stranger:
    """A client as upstream's: handshake, Opus, text. It keeps all that it was sent."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.kinds: list[int] = []
        self.frames: list[np.ndarray] = []
        self.text = ""
        self.reports: list[protocol.ServerReport] = []
        self.error = ""
        self._encoder, self._decoder = OpusEncoder(), OpusDecoder()
        self.reading = asyncio.create_task(self._read())

    async def send(self, frame: np.ndarray) -> None:
        await self.socket.send(protocol.sound(self._encoder.encode(frame)))

    async def ask(self, **what: Any) -> None:
        await self.socket.send(protocol.metadata(protocol.Request(**what)))

    @property
    def talks(self) -> bool:
        return 0 in self.kinds

    @property
    def sound(self) -> np.ndarray:
        return np.concatenate([np.zeros(0, np.float32), *self.frames])

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                message = await self.socket.recv()
                assert isinstance(message, bytes)
                self.kinds.append(message[0])
                match message[0]:
                    case 1:
                        self.frames.append(self._decoder.decode(message[1:], 1 << 20)[0])
                    case 2:
                        self.text += message[1:].decode()
                    case 4:
                        report = protocol.read_report(message[1:])
                        assert report is not None
                        self.reports.append(report)
                    case 5:
                        self.error = message[1:].decode()


@contextlib.asynccontextmanager
async def stranger(url: str, *, own: bool = False, **options: Any) -> AsyncIterator[Stranger]:
    headers = {protocol.OWN_HEADER: protocol.VERSION} if own else {}
    headers |= options.pop("headers", {})
    async with connect(url, additional_headers=headers, **options) as socket:
        client = Stranger(socket)
        try:
            yield client
        finally:
            await socket.close()  # while it is read still: the answer to it stands behind the rest
            client.reading.cancel()
