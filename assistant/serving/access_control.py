"""Access control of what we serve over HTTP: bearer token, `Host` against DNS rebinding, `Origin`
against other pages in the user's browser. Who is refused is told why, and hung up on."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from assistant.serving.connection_limits import ConnectionLimiter
from assistant.serving.settings import is_loopback

SAFE_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Of every answer that is made for who asks."""
_ONCE = ("authorization", "host", "origin", "content-type", "content-length")
"""Headers of which two would leave open which one counts."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is not let in: an HTTP status and words."""

    status: int
    message: str
    remedy: str = ""


MakeResponse = Callable[[Refusal], Response]
"""A refusal as the service writes its errors."""


@dataclass(frozen=True, slots=True)
class AccessControl:
    """Who is let in."""

    token: str | None = None
    """None: everybody who reaches the port."""
    names: frozenset[str] = field(default=frozenset())
    """What this machine is called by its clients, besides "localhost" and its addresses."""
    what: str = "server"
    """What is served, in a word: for messages."""
    has_pages: bool = False
    """Its own pages may ask; else nothing in a browser may."""

    def refusal(self, request: HTTPConnection) -> Refusal | None:
        """None: come in."""
        if refused := self.foreign(request):
            return refused
        if not self.admits(request.headers.get("authorization", "")):
            return Refusal(
                401, "a token is needed, and this is not it", "It is the server's --token-env."
            )
        return None

    def foreign(self, request: HTTPConnection) -> Refusal | None:
        """As `refusal`, of everything but the token."""
        headers = request.headers
        for name in _ONCE:
            if len(headers.getlist(name)) > 1:
                return Refusal(400, f"two headers {name}, and only one can count")
        host = headers.get("host", "")
        if not self._is_host(host):
            return Refusal(
                421, f"this {self.what} is not known by that name", "Ask for it by its address."
            )
        origin = headers.get("origin")
        if origin is not None and not (self.has_pages and _is_same(origin, request)):
            return Refusal(403, f"other web pages have no business in this {self.what}")
        return None

    def admits(self, authorization: str) -> bool:
        if self.token is None:
            return True
        scheme, _, given = authorization.partition(" ")
        return self.is_token(given.strip()) and scheme.lower() == "bearer"

    def is_token(self, given: str) -> bool:
        """Compared in constant time; whatever is given, bytes that are no text included."""
        wanted = (self.token or "").encode()
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted)

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


def _is_same(origin: str, request: HTTPConnection) -> bool:
    """Whether a page of ours asks: scheme, host and port are those it was loaded from (RFC 6454,
    section 5)."""
    scheme = {"ws": "http", "wss": "https"}.get(request.url.scheme, request.url.scheme)
    try:
        asked = urlsplit(f"{scheme}://{request.headers.get('host', '')}")
        page = urlsplit(origin)
        return (
            page.scheme == asked.scheme
            and page.hostname == asked.hostname
            and _port(page.port, page.scheme) == _port(asked.port, asked.scheme)
        )
    except ValueError:
        return False


def _port(given: int | None, scheme: str) -> int:
    return given if given is not None else {"https": 443}.get(scheme, 80)


def names_of_this_machine(host: str, names: Iterable[str] = ()) -> frozenset[str]:
    """Names, in small letters, by which clients may ask for what listens at `host`."""
    known = {host, *names}
    if not is_loopback(host):
        with contextlib.suppress(OSError):
            own = socket.gethostname().lower()
            known |= {own, f"{own.removesuffix('.local')}.local"}
    return frozenset(name.lower().rstrip(".") for name in known)


class Door:
    """Asks `refuse` before anything else is looked at, and tells the limiter whom it let in: who is
    refused is hung up on, a WebSocket before it is accepted."""

    def __init__(
        self,
        app: ASGIApp,
        refuse: Callable[[HTTPConnection], Refusal | None],
        respond: MakeResponse,
        connections: ConnectionLimiter,
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._respond = respond
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        if refusal := self._refuse(HTTPConnection(scope)):
            await self._send_away(refusal, scope, receive, send)
            return
        peer = scope["client"]
        self._connections.admit(peer)
        try:
            await self._app(scope, receive, send)
        finally:
            self._connections.rest(peer)

    async def _send_away(
        self, refusal: Refusal, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose(1008, refusal.message)(scope, receive, send)
            return
        response = self._respond(refusal)
        response.headers["Connection"] = "close"
        if refusal.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        await _let_finish(receive)
        await response(scope, receive, send)


async def _let_finish(receive: Receive) -> None:
    """A little of what a refused client is still sending, so that it reads why: an end in the
    middle of what it says would be all that it sees (RFC 9112, section 9.6)."""
    left = 65_536
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


async def read_body(request: Request, most: int, seconds: float) -> bytes:
    """The body of a request. Raises `HTTPException`: 413 where it has more than `most` bytes, 408
    where it is not there within `seconds`."""
    too_large = HTTPException(413, f"more than {most // 1_000_000} MB at a time")
    if int(request.headers.get("content-length", "0")) > most:
        raise too_large
    data = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                data += chunk
                if len(data) > most:
                    raise too_large
    except TimeoutError:
        raise HTTPException(408, f"not all of it came within {seconds:g} s") from None
    return bytes(data)
