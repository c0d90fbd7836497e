"""The page's HTTP side: files, the way in, and the WebSocket.

Nothing is served to who asks by a foreign name (DNS rebinding) or from a foreign page; the
conversation only to who has shown the token. The page may load nothing from elsewhere and run
nothing that is not a file of ours (Content Security Policy Level 3).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import cache
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from assistant.serving.access_control import AccessControl, Door, Refusal, read_body
from assistant.serving.connection_limits import ConnectionLimiter, place_of
from assistant.serving.web.connection import Conversation, PageConnection
from assistant.serving.web.entry import Entry

STATIC = Path(__file__).parent / "static"
MOST_PAGES = 16
"""Connected at a time."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}

log = logging.getLogger(__name__)


class _Token(msgspec.Struct):
    token: str


class PageApp:
    """`entry` knows who was let in; `conversation` is what pages show."""

    def __init__(self, entry: Entry, conversation: Conversation) -> None:
        self._entry = entry
        self._conversation = conversation
        self._pages: set[asyncio.Task[object]] = set()

    def app(self, control: AccessControl, connections: ConnectionLimiter) -> ASGIApp:
        routes = [
            Route("/", self._index),
            Route("/static/{name:path}", self._file),
            Route("/api/enter", self._is_in, methods=["GET"]),
            Route("/api/enter", self._enter, methods=["POST"]),
            WebSocketRoute("/ws", self._page),
        ]
        app = Starlette(routes=routes, exception_handlers={HTTPException: _told})
        app.router.redirect_slashes = False

        def refuse(asked: HTTPConnection) -> Refusal | None:
            return self._refusal(control, asked)

        return Door(_WithHeaders(app), refuse, _refused, connections)

    def close_pages(self) -> None:
        """Hang up on all of them. In the server's loop."""
        for page in self._pages:
            page.cancel()

    def _refusal(self, control: AccessControl, asked: HTTPConnection) -> Refusal | None:
        if (refusal := control.foreign(asked)) or asked.scope["type"] != "websocket":
            return refusal
        if "origin" not in asked.headers:
            return Refusal(403, "no page says that it asks")
        if not self._entry.knows(asked):
            return Refusal(401, "a token is needed first")
        if len(self._pages) >= MOST_PAGES:
            return Refusal(503, "too many pages are open")
        return None

    async def _index(self, request: Request) -> Response:
        return _file_response("index.html")

    async def _file(self, request: Request) -> Response:
        return _file_response(str(request.path_params["name"]))

    async def _is_in(self, request: Request) -> Response:
        return Response(status_code=204 if self._entry.knows(request) else 401)

    async def _enter(self, request: Request) -> Response:
        place = place_of(request.client.host if request.client else "")
        if (seconds := self._entry.wait(place)) > 0:
            later = {"Retry-After": str(int(seconds) + 1)}
            return _trouble(429, "too many wrong tokens", "Wait, then try again.", later)
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise HTTPException(415, "this must be application/json")
        body = await read_body(request, 2_000, 5.0)
        try:
            token = msgspec.json.decode(body, type=_Token).token
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise HTTPException(400, "this is no token") from None
        if not self._entry.admits(token, place):
            return _trouble(403, "this is not the token", "assistant web shows it when it starts.")
        response = Response(status_code=204)
        self._entry.give_cookie(response)
        return response

    async def _page(self, socket: WebSocket) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pages.add(task)
        try:
            name = browser_of(socket.headers.get("user-agent", ""))
            with contextlib.suppress(asyncio.CancelledError):
                await PageConnection(socket, self._conversation, name).run()
        finally:
            self._pages.discard(task)


class _WithHeaders:
    """Every answer says what the page may do."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name for name, _ in message["headers"]}
                message["headers"] += [
                    (name.lower().encode(), value.encode())
                    for name, value in HEADERS.items()
                    if name.lower().encode() not in there
                ]
            await send(message)

        await self._app(scope, receive, sent)


@cache
def _files() -> dict[str, Path]:
    """Those of the page, by the names they are asked for by."""
    files = (path for path in STATIC.rglob("*") if path.is_file())
    return {path.relative_to(STATIC).as_posix(): path for path in files}


def _file_response(name: str) -> Response:
    """Of the files that are there, and no other: a name is looked up, never followed."""
    path = _files().get(name)
    if path is None or path.suffix not in _TYPES:
        raise HTTPException(404, "there is no such file")
    return FileResponse(path, media_type=_TYPES[path.suffix])


def _refused(refusal: Refusal) -> Response:
    return _trouble(refusal.status, refusal.message, refusal.remedy)


def _trouble(
    status: int, message: str, remedy: str = "", headers: dict[str, str] | None = None
) -> Response:
    told = {"message": message, "remedy": remedy}
    return JSONResponse(told, status, {**(headers or {}), "Cache-Control": "no-store"})


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _trouble(error.status_code, error.detail)


_BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "Chrom": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "a Mac",
    "Linux": "Linux",
}


def browser_of(agent: str) -> str:
    """A browser as a person calls it, from its `User-Agent`: "Chrome on Android"."""
    browser = next((name for sign, name in _BROWSERS.items() if sign in agent), "a page")
    system = next((name for sign, name in _SYSTEMS.items() if sign in agent), "")
    return f"{browser} on {system}" if system else browser
