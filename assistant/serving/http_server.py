"""An HTTP server (uvicorn) whose connections are counted and timed, and how it runs until a signal
comes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from assistant.loops import STOP_SIGNALS
from assistant.serving.connection_limits import ConnectionLimiter
from assistant.serving.settings import ServeError


class HttpServer(uvicorn.Server):  # type: ignore[misc]
    """Serves an ASGI app; `serve(sockets=[…])` returns after `should_exit` is set."""

    def __init__(
        self,
        app: ASGIApp,
        connections: ConnectionLimiter,
        certificate: ssl.SSLContext | None = None,
        *,
        max_message: int = 0,
    ) -> None:
        """`max_message`: bytes of one WebSocket message; 0: it speaks none."""
        self.connections = connections
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                log_config=None,  # what there is to say goes to our own log
                access_log=False,
                lifespan="off",
                ws="websockets-sansio" if max_message else "none",
                ws_max_size=max_message or 1,
                ws_per_message_deflate=False,
                ws_ping_interval=10,
                ws_ping_timeout=20,
                proxy_headers=False,
                server_header=False,
                # uvicorn's own limit counts whoever is connected, silent ones too.
                limit_concurrency=None,
                backlog=128,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=5,
                ssl_context_factory=(lambda config, default: certificate) if certificate else None,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([self.connections.guard(each) for each in sockets or ()])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the command's business."""
        yield


async def serve_until_signal(server: HttpServer, sockets: list[socket.socket]) -> int:
    """Returns 128 and the signal's number. Raises `ServeError` where it ends by itself."""
    stopped: list[int] = []

    def stop(number: int) -> None:
        stopped.append(number)
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop, number)
    await server.serve(sockets=sockets)
    if not stopped:
        raise ServeError("the server ended by itself", "the log tells why")
    return 128 + stopped[0]
