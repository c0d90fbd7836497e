"""Memory for other machines: a `MemoryStore` behind HTTP (`http_protocol`).

Nobody is let in by what a browser sends along: a page's script may not ask (any `Origin` is
refused), nor may a name that an attacker points at this machine (the `Host` is checked, against
DNS rebinding), and where there is a token it is compared in constant time.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import logging
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant import __version__
from assistant.memory.base import MemoryFailure, MemoryStore
from assistant.memory.http_protocol import (
    MAX_BODY,
    ROOT,
    SERVICE,
    Forget,
    Hello,
    Known,
    Misunderstood,
    Search,
    Trouble,
    Wanted,
    Written,
    decode,
    encode,
    without_gone,
)
from assistant.memory.journal_head import is_journal_id

log = logging.getLogger(__name__)
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Gate:
    """Who is let in."""

    token: str | None = None
    """None: everybody who reaches the port."""
    names: frozenset[str] = field(default=frozenset())
    """What this machine is called by its clients, besides "localhost" and its addresses."""

    def refusal(self, request: Request) -> Response | None:
        """None: come in."""
        if not self._is_host(request.headers.get("host", "")):
            return _trouble(
                421, "this memory is not known by that name", "Ask for it by its address."
            )
        if "origin" in request.headers:
            return _trouble(403, "web pages have no business in this memory")
        if not self.admits(request.headers.get("authorization", "")):
            refused = _trouble(
                401, "a token is needed, and this is not it", "It is the server's --token-env."
            )
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        return None

    def admits(self, authorization: str) -> bool:
        if self.token is None:
            return True
        scheme, _, given = authorization.partition(" ")
        same = hmac.compare_digest(given.strip().encode(), self.token.encode())
        return same and scheme.lower() == "bearer"

    def _is_host(self, header: str) -> bool:
        """An address cannot be rebound; a name can."""
        ipv6, _, _ = header.removeprefix("[").partition("]")
        name = ipv6 if header.startswith("[") else header.partition(":")[0]
        if name.lower().rstrip(".") in {"localhost", *self.names}:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


class Door:
    """Asks the gate before anything else is looked at."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := self._gate.refusal(Request(scope))):
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class MemoryApi:
    """The requests, each on a thread of its own: a store reads files."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def app(self, gate: Gate) -> ASGIApp:
        routes = [
            ("", "GET", self._hello),
            ("/journals", "GET", self._journals),
            ("/journals/{id}", "GET", self._read),
            ("/journals/{id}", "PUT", self._write),
            ("/memories", "POST", self._memories),
            ("/search", "POST", self._search),
            ("/forget", "POST", self._forget),
        ]
        app = Starlette(
            routes=[
                Route(ROOT + path, _told(answer), methods=[method])
                for path, method, answer in routes
            ],
            exception_handlers={HTTPException: _no_such_page},
        )
        app.router.redirect_slashes = False
        return Door(app, gate)

    async def _hello(self, request: Request) -> object:
        return Hello(SERVICE, __version__)

    async def _journals(self, request: Request) -> object:
        return await run_in_threadpool(self._store.journals)

    async def _read(self, request: Request) -> object:
        return await run_in_threadpool(self._store.read, await self._existing(request))

    async def _existing(self, request: Request) -> str:
        id = str(request.path_params["id"])
        if not is_journal_id(id) or id not in await run_in_threadpool(self._store.journals):
            raise HTTPException(404, f'there is no journal "{id[:80]}"')
        return id

    async def _write(self, request: Request) -> object:
        written = decode(await _body(request), Written)
        if written.journal.id != request.path_params["id"]:
            raise Misunderstood("the journal is another than the address says")

        def keep() -> object:
            journal = written.journal
            if written.known != Known():
                there = journal.id in self._store.journals()
                now = self._store.read(journal.id) if there else None
                journal = without_gone(journal, written.known, now)
            self._store.write(journal)
            return journal

        return await run_in_threadpool(keep)

    async def _memories(self, request: Request) -> object:
        wanted = decode(await _body(request), Wanted)
        return await run_in_threadpool(self._store.memories, wanted.filters)

    async def _search(self, request: Request) -> object:
        asked = decode(await _body(request), Search)
        return await run_in_threadpool(self._store.search, asked.query, asked.filters, asked.limit)

    async def _forget(self, request: Request) -> object:
        return await run_in_threadpool(self._store.forget, decode(await _body(request), Forget).ids)


def _told(
    answer: Callable[[Request], Awaitable[object]],
) -> Callable[[Request], Awaitable[Response]]:
    """What comes out, or what went wrong, as JSON; the traceback goes to the log."""

    async def respond(request: Request) -> Response:
        try:
            return _json(200, await answer(request))
        except Misunderstood as error:
            return _trouble(400, f"not understood: {error}", "Are both sides of one version?")
        except MemoryFailure as failure:
            return _trouble(500, failure.message, failure.remedy)
        except (HTTPException, ClientDisconnect):
            raise
        except Exception:
            log.exception("memory server: %s %s", request.method, request.url.path)
            return _trouble(500, "something unexpected happened", "The server's log tells more.")

    return respond


async def _body(request: Request) -> bytes:
    """Raises `HTTPException` where it is too large or no JSON."""
    # A page's script can send anything but this without being asked about first.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "this must be application/json")
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            raise HTTPException(413, f"more than {MAX_BODY // 1_000_000} MB at a time")
    return bytes(data)


async def _no_such_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _trouble(error.status_code, error.detail)


def _trouble(status: int, message: str, remedy: str = "") -> Response:
    return _json(status, Trouble(message, remedy))


def _json(status: int, message: object) -> Response:
    return Response(encode(message), status, _HEADERS, "application/json")


class HttpServer(uvicorn.Server):  # type: ignore[misc]
    """Serves one store; `run(sockets=[…])` returns after `should_exit` is set."""

    def __init__(
        self, store: MemoryStore, gate: Gate, certificate: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(
            uvicorn.Config(
                MemoryApi(store).app(gate),
                log_config=None,  # what there is to say goes to our own log
                access_log=False,
                lifespan="off",
                ws="none",
                proxy_headers=False,
                server_header=False,
                limit_concurrency=64,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=5,
                ssl_context_factory=(lambda config, default: certificate) if certificate else None,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the command's business."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Raises `OSError`, `OverflowError`."""
    family, kind, protocol, _, place = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )[0]
    # Its protocol has to be named: asyncio answers without delay (TCP_NODELAY) only where it is,
    # and else each answer waits 40 ms for the client's delayed acknowledgement.
    listening = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(64)
    except BaseException:
        listening.close()
        raise
    return listening
