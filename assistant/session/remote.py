"""Serves a session to a front end in another process, by `session.protocol`.

Who may connect is for the caller to decide: whoever is served sees and may do all that the user at
the machine may. A front end that does not read gets, of what tells a state, the newest
only; where even that is too much, it is told why and dropped. Nobody else waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any

from assistant.calls.parser import ToolCall
from assistant.errors import AssistantError
from assistant.personas.loading import Persona
from assistant.session.events import (
    AnswerProgress,
    AudioChanged,
    CallsRunning,
    Dropped,
    LagChanged,
    LoadProgress,
    SessionEvent,
    StateChanged,
    StillThinking,
    UserSaid,
)
from assistant.session.frontend import SessionFrontend
from assistant.session.protocol import (
    VERSION,
    AnswerConfirm,
    AskBrains,
    AskDevices,
    AskLastAnswer,
    BrainsFound,
    CancelRequest,
    CommandRefused,
    ConfirmAsked,
    ConfirmWithdrawn,
    DevicesFound,
    Form,
    FrontendCommand,
    FrontendReply,
    Goodbye,
    Hello,
    LastAnswer,
    Levels,
    PersonaListed,
    ProtocolError,
    Replay,
    RequestDone,
    RequestFailed,
    RequestProgress,
    ServeClient,
    StopSession,
    Welcome,
    apply,
    check_version,
    decode_command,
    encode,
)
from assistant.session.protocol.answers import Asked, answer

Receive = Callable[[], Awaitable[bytes]]
"""The next message of the other side; empty at its end. May raise `OSError` or `ProtocolError`."""
Send = Callable[[bytes], Awaitable[None]]
"""Returns once there is room for more. May raise `OSError`."""

MAX_COMMAND = 64 * 1024
"""Bytes of one message of the other side's."""
MAX_WAITING = 1024 * 1024
"""Bytes that may wait for a front end to read: minutes of conversation."""
HELLO_WITHIN = 10.0
LEVELS_EVERY = 0.08
"""Seconds between two `Levels`."""
MOST_LEVELS = 50
"""Of a side in one: what came while nobody had time is not news."""
MOST_REQUESTS = 32
"""Of one front end's that may be under way."""
GOODBYE_WITHIN = 1.0
"""Seconds that the other side has to read why the connection ends."""
_STATES = (
    AnswerProgress,
    AudioChanged,
    CallsRunning,
    Dropped,
    LagChanged,
    LoadProgress,
    StateChanged,
    StillThinking,
)

log = logging.getLogger(__name__)


async def serve_stream(
    session: SessionFrontend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> str:
    """`serve_session` over a stream, JSON lines both ways; the stream is closed. Make the reader
    with `limit=MAX_COMMAND`."""

    async def receive() -> bytes:
        try:
            return await reader.readline()
        except ValueError:
            raise ProtocolError("a line is too long", "send less at once") from None

    async def send(data: bytes) -> None:
        writer.write(data + b"\n")
        await writer.drain()

    try:
        return await serve_session(session, receive, send)
    finally:
        writer.close()
        try:
            async with asyncio.timeout(GOODBYE_WITHIN):
                await writer.wait_closed()
        except (OSError, TimeoutError):
            writer.transport.abort()


async def serve_session(
    session: SessionFrontend, receive: Receive, send: Send, form: Form = "json"
) -> str:
    """Serve one front end until it leaves, the session is stopped by it, or it cannot be served;
    returns why, "" where it left by itself."""
    connection = _RemoteFrontend(session, form)
    try:
        return await connection.run(receive, send)
    finally:
        connection.close()


class _RemoteFrontend:
    """What waits to be sent, and the questions that wait for an answer."""

    def __init__(self, session: SessionFrontend, form: Form) -> None:
        self._session = session
        self._form = form
        self._waiting: list[tuple[Hashable, bytes]] = []
        """Messages, each with a key: a newer one with the same key takes its place."""
        self._bytes = 0
        self._filled = asyncio.Event()
        self._over: asyncio.Future[Goodbye] = asyncio.get_running_loop().create_future()
        self._unsubscribe: Callable[[], None] | None = None
        self._leave_askers: Callable[[], None] | None = None
        self._levels: LevelTeller | None = None
        self._numbers = itertools.count(1)
        self._questions: dict[int, asyncio.Future[bool]] = {}
        self._requests: dict[int, asyncio.Task[None]] = {}

    # -- life ------------------------------------------------------------------------------

    async def run(self, receive: Receive, send: Send) -> str:
        sending = asyncio.create_task(self._send_all(send))
        receiving = asyncio.create_task(self._receive_all(receive))
        try:
            await asyncio.wait((sending, receiving, self._over), return_when="FIRST_COMPLETED")
        finally:
            for task in (sending, receiving):
                task.cancel()
            ends = await asyncio.gather(sending, receiving, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, OSError):
                log.error("while serving a front end", exc_info=end)
        if not self._over.done():
            return ""
        goodbye = self._over.result()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(GOODBYE_WITHIN):
                for data in (*(data for _, data in self._waiting), encode(goodbye, self._form)):
                    await send(data)
        return goodbye.reason

    def close(self) -> None:
        """Leave the session as it was; what was asked here is answered with no."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        if not self._over.done():
            self._over.cancel()
        for request in list(self._requests.values()):
            request.cancel()
        if self._leave_askers is not None:
            self._leave_askers()
        if self._levels is not None:
            self._levels.stop()

    def _end(self, reason: str, remedy: str = "") -> None:
        if not self._over.done():
            self._over.set_result(Goodbye(reason, remedy))

    # -- to the front end --------------------------------------------------------------------

    def _tell(self, event: SessionEvent) -> None:
        key: Hashable = None
        if isinstance(event, _STATES):
            key = type(event)
        elif isinstance(event, UserSaid):
            key = event.turn
        self._put(event, key)

    def _put(self, message: SessionEvent | FrontendReply, key: Hashable = None) -> None:
        if self._over.done():
            return
        data = encode(message, self._form)
        self._waiting.append((key, data))
        self._bytes += len(data)
        if self._bytes > MAX_WAITING:
            self._keep_newest()
        if self._bytes > MAX_WAITING:
            self._waiting.clear()
            self._end("too much waits to be read", "read faster, or connect again")
        self._filled.set()

    def _keep_newest(self) -> None:
        """Of messages with the same key."""
        seen: set[Hashable] = set()
        kept = []
        for key, data in reversed(self._waiting):
            if key not in seen:
                kept.append((key, data))
            if key is not None:
                seen.add(key)
        self._waiting = kept[::-1]
        self._bytes = sum(len(data) for _, data in kept)

    async def _send_all(self, send: Send) -> None:
        while True:
            await self._filled.wait()
            while self._waiting:
                _, data = self._waiting.pop(0)
                self._bytes -= len(data)
                await send(data)
            self._filled.clear()

    # -- from the front end ------------------------------------------------------------------

    async def _receive_all(self, receive: Receive) -> None:
        try:
            async with asyncio.timeout(HELLO_WITHIN):
                data = await receive()
            if data:
                hello = decode_command(data, self._form)
                if not isinstance(hello, Hello):
                    raise ProtocolError("the first message has to be Hello", "send it first")
                self._greet(hello)
            while data and (data := await receive()):
                await self._follow(data)
        except ProtocolError as error:
            self._end(str(error), error.remedy)
        except TimeoutError:
            self._end("there came no Hello", "send it first")

    async def _follow(self, data: bytes) -> None:
        """Do what this message asks."""
        try:
            await self._do(decode_command(data, self._form))
        except ProtocolError as error:
            self._put(CommandRefused(str(error), error.remedy))
        except Exception as error:
            log.exception("what a front end asked could not be done")
            self._put(CommandRefused(f"it could not be done: {error}", "see the log"))

    async def _do(self, command: FrontendCommand) -> None:
        match command:
            case Hello():
                self._greet(command)
            case AskBrains():
                self._put(BrainsFound(await self._session.brains()))
            case AskDevices():
                self._put(DevicesFound(await self._session.devices()))
            case AnswerConfirm(id=id, allowed=allowed):
                question = self._questions.get(id)
                if question is not None and not question.done():
                    question.set_result(allowed)
            case AskLastAnswer():
                self._put(LastAnswer(self._session.last_answer))
            case _ if isinstance(command, Asked):
                self._begin(command.id, answer(command, self._session))
            case ServeClient(id=id):
                self._begin(id, self._served(command))
            case CancelRequest(id=id):
                if request := self._requests.get(id):
                    request.cancel()
            case StopSession():
                await apply(command, self._session)
                self._end("the conversation is over")
            case _:
                await apply(command, self._session)

    def _greet(self, hello: Hello) -> None:
        """Raises `ProtocolError` where it speaks another version."""
        check_version(hello)
        session = self._session
        everyone = [_listed(each) for each in session.personas()]
        self._put(Welcome(VERSION, session.state, session.persona, everyone))
        if hello.replay:
            self._put(Replay(session.replay()))
        if hello.events:
            for event in session.standing():
                self._tell(event)
        if hello.events and self._unsubscribe is None:
            self._unsubscribe = session.subscribe(self._tell)
        if hello.confirms and self._leave_askers is None:
            self._leave_askers = session.askers.add(self._confirm)
        if hello.levels and self._levels is None:
            self._levels = LevelTeller(session, lambda levels: self._put(levels, key=Levels))

    async def _confirm(self, call: ToolCall) -> bool:
        id = next(self._numbers)
        self._questions[id] = asyncio.get_running_loop().create_future()
        self._put(ConfirmAsked(id, call))
        try:
            return await self._questions[id]
        finally:
            if self._questions.pop(id).cancelled():
                self._put(ConfirmWithdrawn(id))

    # -- requests that take a while ----------------------------------------------------------

    def _begin(self, id: int, answer: Coroutine[Any, Any, FrontendReply]) -> None:
        """Beside what else is asked here."""
        if id in self._requests or len(self._requests) >= MOST_REQUESTS:
            answer.close()
            why = "too much was asked at once" if id not in self._requests else "used id"
            self._put(RequestFailed(id, why, "wait until something is done"))
            return
        task = asyncio.create_task(self._answer(id, answer), name="front-end-request")
        self._requests[id] = task
        task.add_done_callback(lambda done: self._requests.pop(id, None))

    async def _answer(self, id: int, answer: Coroutine[Any, Any, FrontendReply]) -> None:
        try:
            self._put(await answer)
        except AssistantError as error:
            self._put(RequestFailed(id, error.message, error.remedy))
        except Exception as error:
            log.exception("what another program asked could not be done")
            self._put(RequestFailed(id, f"it could not be done: {error}", "see the log"))

    async def _served(self, command: ServeClient) -> FrontendReply:
        id = command.id

        def progress(text: str) -> None:
            self._put(RequestProgress(id, text), key=("progress", id))

        serve = self._session.serve_client
        return RequestDone(id, await serve(command.client, command.request, progress))


def _listed(persona: Persona) -> PersonaListed:
    colors, face = persona.colors.model_dump(), persona.face.model_dump()
    return PersonaListed(persona.slug, persona.name, persona.summary, colors, face)


class LevelTeller:
    """Tells how loud both sides are, about ten times a second."""

    def __init__(self, session: SessionFrontend, tell: Callable[[Levels], None]) -> None:
        self._histories = (session.input_levels, session.output_levels)
        self._told = [history.count for history in self._histories]
        self._tell = tell
        self._task = asyncio.create_task(self._run(), name="levels")

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LEVELS_EVERY)
            new = [self._new(side) for side in (0, 1)]
            if any(new):
                self._tell(Levels(*new))

    def _new(self, side: int) -> list[float]:
        history = self._histories[side]
        count = history.count
        new, self._told[side] = min(count - self._told[side], MOST_LEVELS), count
        return [round(float(level), 2) for level in history.snapshot(new).levels[::-1]]
