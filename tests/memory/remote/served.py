"""A memory server in a thread, on a real port, that can be stopped and started again."""

from __future__ import annotations

import asyncio
import ssl
import threading
from types import TracebackType

from assistant.memory.base import MemoryStore
from assistant.memory.remote.server import memory_server
from assistant.serving.access_control import AccessControl
from assistant.serving.connection_limits import Limits, open_sockets
from assistant.serving.http_server import HttpServer

TOKEN = "a-token-for-tests"


class Served:
    """`with Served(store) as served`: it is up."""

    def __init__(
        self,
        store: MemoryStore,
        token: str | None = TOKEN,
        limits: Limits | None = None,
        certificate: ssl.SSLContext | None = None,
    ) -> None:
        self.store = store
        self.limits = limits
        self.certificate = certificate
        self._gate = AccessControl(token, frozenset({"kitchen"}), what="memory")
        self._port = 0
        self._server: HttpServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self._port}"

    @property
    def place(self) -> tuple[str, int]:
        return "127.0.0.1", self._port

    @property
    def server(self) -> HttpServer:
        assert self._server is not None
        return self._server

    def start(self) -> None:
        if self._server is not None:
            return
        (listening,) = open_sockets("127.0.0.1", self._port)
        self._port = listening.getsockname()[1]
        server = self._server = memory_server(self.store, self._gate, self.certificate, self.limits)

        def run() -> None:
            with listening:
                asyncio.run(server.serve(sockets=[listening]))

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = None

    def __enter__(self) -> Served:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
