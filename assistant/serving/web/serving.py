"""Runs the page's server beside a session: on a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable

from assistant.audio.devices.switchable import SwitchableAudio
from assistant.config.schema import AudioConfig
from assistant.errors import AssistantError
from assistant.loops import post, until_one_ends
from assistant.serving.access_control import AccessControl
from assistant.serving.connection_limits import ConnectionLimiter
from assistant.serving.http_server import HttpServer
from assistant.serving.web.app import PageApp
from assistant.serving.web.connection import Conversation, Receive, Send
from assistant.serving.web.entry import Entry
from assistant.serving.web.messages import MAX_MESSAGE
from assistant.serving.web.sound import SoundDesk
from assistant.session.clients.private_socket import SessionGone, connect, endpoints
from assistant.session.frontend import SessionFrontend
from assistant.session.protocol import Goodbye, encode
from assistant.session.remote import serve_session

STOP_LIMIT = 1.5
"""Seconds that the server has to end."""

log = logging.getLogger(__name__)


class OwnConversation:
    """A session of this process, whose sound pages may carry."""

    def __init__(
        self,
        session: SessionFrontend,
        audio: SwitchableAudio,
        config: AudioConfig,
        ended: Callable[[], None],
        *,
        greets: bool = False,
    ) -> None:
        """In the session's loop. `ended` is called when a page has stopped the session. `greets`:
        nobody was greeted at the start, so the first page that is heard is."""
        self.loop = asyncio.get_running_loop()
        self._session = session
        self._ended = ended
        self.desk: SoundDesk | None = SoundDesk(audio, config, session.greet if greets else None)

    async def serve(self, receive: Receive, send: Send) -> str:
        reason = await serve_session(self._session, receive, send)
        if reason == "the conversation is over":
            self._ended()
        return reason


class FollowedConversation:
    """The session of another process of the same user, by its private socket."""

    desk: SoundDesk | None = None

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()

    async def serve(self, receive: Receive, send: Send) -> str:
        try:
            sessions = [each for each in endpoints() if each.kind == "session"]
            if not sessions:
                raise SessionGone("no conversation runs here", "start one: assistant")
            reader, writer = await connect(sessions[0])
        except (OSError, AssistantError) as error:
            message = error.message if isinstance(error, AssistantError) else str(error)
            remedy = getattr(error, "remedy", "")
            with contextlib.suppress(OSError):
                await receive()
                await send(encode(Goodbye(message, remedy)))
            return message

        async def there() -> None:
            while data := await receive():
                writer.write(data.replace(b"\n", b" ") + b"\n")
                await writer.drain()

        async def back() -> None:
            while line := await reader.readline():
                await send(line.rstrip(b"\n"))

        try:
            with contextlib.suppress(OSError, ValueError):
                await until_one_ends(there(), back())
        finally:
            writer.close()
        return "the other side has ended"


class PageServer:
    """A thread; `running` is its life."""

    def __init__(
        self,
        conversation: Conversation,
        entry: Entry,
        control: AccessControl,
        certificate: ssl.SSLContext | None = None,
        connections: ConnectionLimiter | None = None,
    ) -> None:
        self._conversation = conversation
        self._pages = PageApp(entry, conversation)
        connections = ConnectionLimiter() if connections is None else connections
        app = self._pages.app(control, connections)
        self._server = HttpServer(app, connections, certificate, max_message=MAX_MESSAGE)
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextlib.asynccontextmanager
    async def running(self, sockets: list[socket.socket]) -> AsyncIterator[None]:
        """Serve meanwhile at these, which are closed at the end."""
        thread = threading.Thread(target=self._run, args=(sockets,), name="pages", daemon=True)
        thread.start()
        try:
            yield
        finally:
            if (desk := self._conversation.desk) is not None:
                desk.close()
            self._server.should_exit = True
            if self._loop is not None:
                post(self._loop, self._pages.close_pages)
            await asyncio.to_thread(thread.join, STOP_LIMIT)
            for each in sockets:
                each.close()

    def _run(self, sockets: list[socket.socket]) -> None:
        try:
            asyncio.run(self._serve(sockets))
        except Exception:
            log.exception("the page's server has failed")

    async def _serve(self, sockets: list[socket.socket]) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=sockets)
