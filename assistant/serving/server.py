"""A Moshi server with our own backend behind it: one client talks, a few wait in line.

The backend is a process of its own, as in a session: nothing heavy is loaded here. What is said on
the wire stands in `assistant.backends.server.protocol`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket as sockets
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from assistant import __version__
from assistant.backends.base import BackendError
from assistant.backends.host.process import BackendProcess
from assistant.backends.server import protocol
from assistant.backends.server.protocol import PersonaRequest, ServerHello, ServerReport
from assistant.frames import (
    FRAME_BYTES,
    AnyEvent,
    ChangePersona,
    Failed,
    Interrupt,
    Push,
    Ready,
    Status,
)
from assistant.serving.connection_limits import (
    ConnectionLimiter,
    Limits,
    Peer,
    PlaceInLine,
    WaitingLine,
    open_sockets,
)
from assistant.serving.conversation import ClientGone, Conversation, discard, persona_prompt
from assistant.serving.settings import ServeError, ServeSettings, cannot_listen, tls_context
from assistant.serving.stream import Newest

log = logging.getLogger(__name__)

TRY_LATER = 1013
_ONCE = ("Authorization", "Host", "Origin", protocol.OWN_HEADER)
"""Headers of which two would leave open which one counts."""
MakeProcess = Callable[[Callable[[AnyEvent], None]], BackendProcess]


class MoshiServer:
    """`make_process(on_event)` gives the backend, not yet started; `tell(text)` is for a person."""

    def __init__(
        self,
        settings: ServeSettings,
        make_process: MakeProcess,
        tell: Callable[[str], None],
        limits: Limits | None = None,
    ) -> None:
        self._settings = settings
        self._process = make_process(self._on_event)
        self._tell = tell
        self.connections = ConnectionLimiter(limits)
        self._line = WaitingLine(settings.queue)
        self._talker: Conversation | None = None
        self._ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        self._failed: asyncio.Future[Failed] = asyncio.get_running_loop().create_future()
        self._frames = 0
        self._newest = Newest()
        self._stale = Newest()
        """Utterances up to these were for earlier clients."""
        self.port = settings.port
        """The real one once it listens."""

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until cancelled. Raises `ServeError` or `BackendError` where that cannot be."""
        async with self._listening():
            self._process.start()
            try:
                await asyncio.wait((self._ready, self._failed), return_when=asyncio.FIRST_COMPLETED)
                if self._ready.done():
                    self._check(self._ready.result())
                    on_ready()
                failed = await self._failed
                raise BackendError(failed.message, failed.remedy)
            finally:
                await self._process.stop()

    @property
    def address(self) -> str:
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        return f"{self._settings.scheme}://{host}:{self.port}{protocol.PATH}"

    # -- the door ----------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        settings = self._settings
        certificate = tls_context(settings)
        async with contextlib.AsyncExitStack() as stack:
            try:
                listening = open_sockets(settings.host, settings.port)
            except (OSError, OverflowError) as error:
                raise cannot_listen(settings, error) from None
            self.port = listening[0].getsockname()[1]
            for each in listening:
                await stack.enter_async_context(self._at(each, certificate))
            yield

    def _at(
        self, listening: sockets.socket, certificate: ssl.SSLContext | None
    ) -> contextlib.AbstractAsyncContextManager[object]:
        return serve(
            self._handle,
            sock=self.connections.guard(listening),
            ssl=certificate,
            # A browser tells which page it shows; none of them has any business here.
            origins=[None],
            compression=None,
            max_size=protocol.MAX_MESSAGE,
            open_timeout=self.connections.limits.stranger,
            ping_interval=10,
            ping_timeout=20,
            close_timeout=2,
            process_request=self._admit,
            process_response=_introduce,
            server_header=f"assistant/{__version__}",
            logger=_quiet_logger(),
        )

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        for name in _ONCE:
            if len(request.headers.get_all(name)) > 1:
                return connection.respond(
                    HTTPStatus.BAD_REQUEST, f"Two headers {name}, and only one can count.\n"
                )
        path, _, _ = request.path.partition("?")
        if path != protocol.PATH:
            return connection.respond(
                HTTPStatus.NOT_FOUND, f"This is a Moshi server; it talks at {protocol.PATH}.\n"
            )
        if not self._settings.admits(request.headers.get("Authorization")):
            refusal = connection.respond(HTTPStatus.UNAUTHORIZED, "A token is needed.\n")
            refusal.headers["WWW-Authenticate"] = "Bearer"
            return refusal
        try:
            asked_persona(request.path)
        except ValueError as error:
            return connection.respond(HTTPStatus.BAD_REQUEST, f"{error}\n")
        self.connections.admit(_peer_of(connection))
        return None

    # -- a client ----------------------------------------------------------------------------

    async def _handle(self, socket: ServerConnection) -> None:
        who = _name_of(socket)
        place = self._line.join()
        code, reason = 1000, ""
        try:
            if place is None:
                code, reason = TRY_LATER, "busy: all places in the line are taken"
                await socket.send(protocol.error(reason))
                self._tell(f"{who} was sent away: all places are taken")
            elif await self._wait(socket, place, who):
                await self._converse(socket, who)
        except ClientGone as gone:
            code, reason = gone.code, gone.reason
            self._tell(f"{who} is gone: {reason}")
        except ConnectionClosed:
            self._tell(f"{who} is gone")
        finally:
            if place is not None:
                self._line.leave(place)
            await socket.close(code, reason)

    async def _wait(self, socket: ServerConnection, place: PlaceInLine, who: str) -> bool:
        """Stand in line; False where the client leaves before its turn."""
        leaving = asyncio.create_task(discard(socket))
        try:
            told = 0
            while place.position > 0:
                if place.position != told:
                    told = place.position
                    self._tell(f"{who} waits, number {told} in the line")
                    await socket.send(protocol.metadata(ServerReport(queue=told)))
                place.changed.clear()
                changed = asyncio.create_task(place.changed.wait())
                await asyncio.wait((leaving, changed), return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                if leaving.done():
                    return False
            await asyncio.wait((leaving, self._ready), return_when=asyncio.FIRST_COMPLETED)
            return not leaving.done()
        finally:
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leaving

    async def _converse(self, socket: ServerConnection, who: str) -> None:
        request = socket.request
        assert request is not None  # the connection is open
        own = protocol.OWN_HEADER in request.headers
        # Our own clients ask later, when they know that we understand them.
        persona = PersonaRequest() if own else asked_persona(request.path)
        if not await _unless_gone(socket, self._begin_anew(persona)):
            return
        self._tell(f"{who} talks")
        self._talker = Conversation(
            socket,
            self._process.push_and_wait,
            self._process.send,
            self._process.caught_up,
            self._newest.next_said,
            own=own,
            first_frame=self._frames,
        )
        try:
            await self._talker.hold(self._hello(), self._settings.silent_after)
        finally:
            self._frames = self._talker.frames
            self._talker = None
            self._process.send(Interrupt())

    async def _begin_anew(self, persona: PersonaRequest) -> None:
        """A fresh conversation; when this returns, the last one has nothing more to report."""
        self._process.send(Interrupt())
        self._process.send(ChangePersona(persona_prompt(persona)))
        await self._process.push_and_wait(Push(self._frames, bytes(FRAME_BYTES)))
        self._frames += 1
        self._stale = self._newest.copy()

    # -- the backend -------------------------------------------------------------------------

    def _on_event(self, event: AnyEvent) -> None:
        number: int | None = getattr(event, "utterance", None)
        if number is not None:
            self._newest.see(number)
        match event:
            case Ready():
                if not self._ready.done():
                    self._ready.set_result(event)
                self._newest.restart()
                self._stale.restart()
                return
            case Failed(fatal=True):
                if not self._failed.done():
                    self._failed.set_result(event)
                return
            case Status(text=text):
                if not self._ready.done():
                    self._tell(text)
                return
            case Failed(message=message, remedy=remedy):
                self._tell(f"{message} – {remedy}" if remedy else message)
            case _:
                pass
        if self._talker is None or (number is not None and self._stale.covers(number)):
            return
        self._talker.take(event)
        if isinstance(event, Failed) and not self._process.ready.is_set():
            self._talker.backend_lost()

    def _check(self, ready: Ready) -> None:
        if not ready.capabilities.answers_by_itself:
            raise ServeError(
                f"{self._process.name} does not answer by itself, so there is nothing to serve",
                "serve moshi-torch or moshi-mlx",
            )

    def _hello(self) -> ServerHello:
        ready = self._ready.result()
        can = ready.capabilities
        return ServerHello(
            engine=ready.engine[:200],
            say=can.say,
            prosody=can.prosody,
            text_prompt=can.text_prompt,
            voice_prompt=can.voice_prompt,
            full_duplex=can.full_duplex,
        )


async def _unless_gone(socket: ServerConnection, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work; False, and it is left undone, where the client hangs up before."""
    doing = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(socket.wait_closed())
    try:
        await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
        return doing.done()
    finally:
        for task in (doing, leaving):
            task.cancel()


def asked_persona(path: str) -> PersonaRequest:
    """The persona in a request's query, as PersonaPlex's clients write it. Raises `ValueError` with
    what is wrong with it."""
    query = protocol.query_of(path)
    text, voice = query.get("text_prompt", ""), query.get("voice_prompt", "")
    if len(text) > protocol.MAX_TEXT:
        raise ValueError(f"text_prompt has more than {protocol.MAX_TEXT} characters")
    if voice and protocol.plain_voice(voice) is None:
        raise ValueError("voice_prompt is no plain name of a voice")
    return PersonaRequest(text=text, voice_prompt=voice or None)


def _introduce(connection: ServerConnection, request: Request, response: Response) -> None:
    response.headers[protocol.OWN_HEADER] = protocol.VERSION


def _peer_of(socket: ServerConnection) -> Peer | None:
    address = socket.remote_address
    return (str(address[0]), int(address[1])) if address else None


def _name_of(socket: ServerConnection) -> str:
    peer = _peer_of(socket)
    return f"{peer[0]}:{peer[1]}" if peer else "a client"


def _quiet_logger() -> logging.Logger:
    """Whoever calls and hangs up must not fill the log, nor may a header, which holds the token,
    get into it at any level."""
    quiet = logging.getLogger("assistant.serving.websockets")
    quiet.setLevel(logging.WARNING)
    quiet.addFilter(_is_no_broken_call)
    return quiet


def _is_no_broken_call(record: logging.LogRecord) -> bool:
    return record.msg != "opening handshake failed"
