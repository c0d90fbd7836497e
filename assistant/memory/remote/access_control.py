"""Access control of a memory server (bearer token, `Host` against DNS rebinding, `Origin`): who is
let in, and how those are refused who are not."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.memory.remote.protocol import Trouble, encode
from assistant.serving.connection_limits import ConnectionLimiter

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_ONCE = ("authorization", "host", "origin", "content-type", "content-length")
"""Headers of which two would leave open which one counts."""


@dataclass(frozen=True, slots=True)
class AccessControl:
    """Who is let in."""

    token: str | None = None
    """None: everybody who reaches the port."""
    names: frozenset[str] = field(default=frozenset())
    """What this machine is called by its clients, besides "localhost" and its addresses."""

    def refusal(self, request: Request) -> Response | None:
        """None: come in."""
        for name in _ONCE:
            if len(request.headers.getlist(name)) > 1:
                return trouble(400, f"two headers {name}, and only one can count")
        if not self._is_host(request.headers.get("host", "")):
            return trouble(
                421, "this memory is not known by that name", "Ask for it by its address."
            )
        if "origin" in request.headers:
            return trouble(403, "web pages have no business in this memory")
        if not self.admits(request.headers.get("authorization", "")):
            refused = trouble(
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
    """Asks the access control before anything else is looked at, and tells the limiter whom it let
    in. Who is refused is hung up on."""

    def __init__(self, app: ASGIApp, gate: AccessControl, connections: ConnectionLimiter) -> None:
        self._app = app
        self._gate = gate
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if refusal := self._gate.refusal(Request(scope)):
            refusal.headers["Connection"] = "close"
            await _let_finish(receive)
            await refusal(scope, receive, send)
            return
        peer = scope["client"]
        self._connections.admit(peer)
        try:
            await self._app(scope, receive, send)
        finally:
            self._connections.rest(peer)


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


def trouble(status: int, message: str, remedy: str = "") -> Response:
    return json_response(status, Trouble(message, remedy))


def json_response(status: int, message: object) -> Response:
    return Response(encode(message), status, _HEADERS, "application/json")
