"""The server of `assistant serve` with fakes behind it, and the real clients of its users."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpx
import pytest

pytest.importorskip("starlette", reason="the server needs starlette")
pytest.importorskip("uvicorn", reason="the server needs uvicorn")
pytest.importorskip("websockets", reason="the server needs websockets")
pytest.importorskip("sphn", reason="the server needs sphn")
pytest.importorskip("python_multipart", reason="the server needs python_multipart")
pytest.importorskip("openai", reason="its client is openai")

import openai

from assistant.config.schema import Config
from assistant.frames import AnyEvent, Load
from assistant.serving.access_control import AccessControl
from assistant.serving.api.app import Api
from assistant.serving.api.engine import MakeProcess, SpeechService
from assistant.serving.connection_limits import Limits, open_sockets
from assistant.serving.conversations import Prepare
from assistant.session.factory import find_personas
from tests.fakes import FakeBackendProcess

TOKEN = "a-token-of-some-length"


class LoadedProcess(FakeBackendProcess):
    """A fake child that has loaded as soon as it is started."""

    def __init__(self, on_event: Callable[[AnyEvent], None]) -> None:
        super().__init__(Load(options={}, names=[]), on_event)

    def start(self) -> None:
        super().start()
        asyncio.get_running_loop().call_soon(self.come_up)


@dataclass
class Served:
    """`url` ends with `/v1`."""

    url: str
    service: SpeechService
    processes: list[LoadedProcess] = field(default_factory=list)

    @property
    def process(self) -> LoadedProcess:
        return self.processes[-1]

    @functools.cached_property
    def client(self) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(base_url=self.url, api_key=TOKEN, max_retries=0)

    @property
    def web(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20)


@contextlib.asynccontextmanager
async def serving(
    config: Config | None = None,
    *,
    make: MakeProcess | None = None,
    limits: Limits | None = None,
    prepare: Prepare = lambda dependencies: None,
    certificate: ssl.SSLContext | None = None,
) -> AsyncIterator[Served]:
    """`make`: a real backend in place of the fake one."""
    config = config or Config()
    processes: list[LoadedProcess] = []

    def fake(on_event: Callable[[AnyEvent], None]) -> LoadedProcess:
        processes.append(LoadedProcess(on_event))
        return processes[-1]

    service = SpeechService(make or fake)
    api = Api(service, find_personas(config), config, prepare=prepare)
    server = api.server(AccessControl(TOKEN), certificate, limits)
    sockets = open_sockets("127.0.0.1", 0)
    scheme = "https" if certificate else "http"
    url = f"{scheme}://127.0.0.1:{sockets[0].getsockname()[1]}/v1"
    await service.start()
    running = asyncio.create_task(server.serve(sockets=sockets))
    served = Served(url, service, processes)
    try:
        yield served
    finally:
        await served.client.close()
        server.should_exit = True
        await running
        await service.stop()
