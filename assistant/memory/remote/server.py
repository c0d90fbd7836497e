"""Memory for other machines: a `MemoryStore` behind HTTP (`http_protocol`).

Nobody is let in by what a browser sends along: a page's script may not ask (any `Origin` is
refused), nor may a name that an attacker points at this machine (the `Host` is checked, against
DNS rebinding), and where there is a token it is compared in constant time. Nobody else waits for
who says nothing or little: `assistant.serving.connection_limits` counts and times connections, and
bodies are timed here.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from assistant import __version__
from assistant.memory.base import MemoryFailure, MemoryStore
from assistant.memory.journal.front_matter import is_journal_id
from assistant.memory.remote.protocol import (
    MAX_BODY,
    ROOT,
    SERVICE,
    Forget,
    KnownJournal,
    ListRequest,
    MemoryServerHello,
    Misunderstood,
    Search,
    Written,
    decode,
    without_gone,
)
from assistant.memory.remote.responses import json_response, refused, trouble
from assistant.serving.access_control import AccessControl, Door, read_body
from assistant.serving.connection_limits import ConnectionLimiter, Limits
from assistant.serving.http_server import HttpServer

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)
BODY_SECONDS = 20.0
"""In which a body has to be there, however slowly it comes."""
MOST_AT_WORK = 16
"""Requests that the store works on at a time; only who was let in is counted."""
WORK_SECONDS = 10.0
"""That a request waits for its turn."""


class MemoryApi:
    """The requests, each on a thread of its own: a store reads files."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._work = asyncio.Semaphore(MOST_AT_WORK)

    def app(self, gate: AccessControl, connections: ConnectionLimiter) -> ASGIApp:
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
        return Door(app, gate.refusal, refused, connections)

    async def _hello(self, request: Request) -> object:
        return MemoryServerHello(SERVICE, __version__)

    async def _journals(self, request: Request) -> object:
        return await self._do(self._store.journals)

    async def _read(self, request: Request) -> object:
        return await self._do(self._store.read, await self._existing(request))

    async def _existing(self, request: Request) -> str:
        id = str(request.path_params["id"])
        if not is_journal_id(id) or id not in await self._do(self._store.journals):
            raise HTTPException(404, f'there is no journal "{id[:80]}"')
        return id

    async def _write(self, request: Request) -> object:
        written = decode(await _body(request), Written)
        if written.journal.id != request.path_params["id"]:
            raise Misunderstood("the journal is another than the address says")

        def keep() -> object:
            journal = written.journal
            if written.known != KnownJournal():
                there = journal.id in self._store.journals()
                now = self._store.read(journal.id) if there else None
                journal = without_gone(journal, written.known, now)
            self._store.write(journal)
            return journal

        return await self._do(keep)

    async def _memories(self, request: Request) -> object:
        wanted = decode(await _body(request), ListRequest)
        return await self._do(self._store.memories, wanted.filters)

    async def _search(self, request: Request) -> object:
        asked = decode(await _body(request), Search)
        return await self._do(self._store.search, asked.query, asked.filters, asked.limit)

    async def _forget(self, request: Request) -> object:
        return await self._do(self._store.forget, decode(await _body(request), Forget).ids)

    async def _do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """On a thread, when it is its turn."""
        try:
            async with asyncio.timeout(WORK_SECONDS):
                await self._work.acquire()
        except TimeoutError:
            raise HTTPException(503, "too much is asked of this memory at once") from None
        try:
            done: T = await run_in_threadpool(work, *args, **kwargs)
            return done
        finally:
            self._work.release()


def _told(
    answer: Callable[[Request], Awaitable[object]],
) -> Callable[[Request], Awaitable[Response]]:
    """What comes out, or what went wrong, as JSON; the traceback goes to the log."""

    async def respond(request: Request) -> Response:
        try:
            return json_response(200, await answer(request))
        except Misunderstood as error:
            return trouble(400, f"not understood: {error}", "Are both sides of one version?")
        except MemoryFailure as failure:
            return trouble(500, failure.message, failure.remedy)
        except (HTTPException, ClientDisconnect):
            raise
        except Exception:
            log.exception("memory server: %s %s", request.method, request.url.path)
            return trouble(500, "something unexpected happened", "The server's log tells more.")

    return respond


async def _body(request: Request) -> bytes:
    """Raises `HTTPException` where it is too large or no JSON."""
    # A page's script can send anything but this without being asked about first.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "this must be application/json")
    return await read_body(request, MAX_BODY, BODY_SECONDS)


async def _no_such_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = trouble(error.status_code, error.detail)
    if error.status_code in (408, 413):
        # What is left of the body would be read for nothing.
        response.headers["Connection"] = "close"
    return response


def memory_server(
    store: MemoryStore,
    gate: AccessControl,
    certificate: ssl.SSLContext | None = None,
    limits: Limits | None = None,
) -> HttpServer:
    """Serves one store."""
    connections = ConnectionLimiter(limits)
    return HttpServer(MemoryApi(store).app(gate, connections), connections, certificate)
