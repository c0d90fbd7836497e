"""One client that has the model: its sound in, the model's out, and what it may ask for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

import numpy as np
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from assistant.audio.types import Float32
from assistant.backends.server import protocol
from assistant.backends.server.opus import OpusDecoder, OpusEncoder
from assistant.backends.server.protocol import Kind, PersonaRequest, ServerReport
from assistant.backends.wire import encode_pcm
from assistant.frames import (
    FRAME_SAMPLES,
    AgentText,
    AnyCommand,
    AnyEvent,
    AudioOut,
    CallSpelled,
    ChangePersona,
    Failed,
    Inject,
    Interrupt,
    Lag,
    PersonaPrompt,
    Push,
    Say,
    UtteranceEnded,
)
from assistant.language.delivery.prosody import limited
from assistant.loops import until_one_ends
from assistant.serving.stream import Outgoing

log = logging.getLogger(__name__)

MOST_UNSENT = 500
"""Messages that wait for a client that does not read: about 40 s of sound."""
MOST_ASKED = 200
"""Utterances that are remembered; fewer than `Outgoing` remembers to be over."""
MOST_UNSAID = 20_000
"""Characters that were asked for and are not said yet: about twenty minutes."""
MOST_UTTERANCES = 100
"""Utterances that are not over yet."""
MOST_UNANSWERED = 8
"""Requests that the backend may be given before it has done them; then the client waits."""
MOST_AT_ONCE = 64 * FRAME_SAMPLES
"""Samples in one message; an honest client sends one frame."""


class ClientGone(Exception):
    """The conversation is over; `reason` for the log, `code` for the closing message."""

    def __init__(self, reason: str, code: int = 1000) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


def persona_prompt(request: PersonaRequest) -> PersonaPrompt:
    """A client's persona; voices by plain name only, so that no path of ours can be asked for."""
    return PersonaPrompt(
        slug=request.slug,
        name=request.name,
        text=request.text,
        voice_prompt=protocol.plain_voice(request.voice_prompt),
        temperature=min(2.0, max(0.0, request.temperature)),
        text_temperature=min(2.0, max(0.0, request.text_temperature)),
    )


class Conversation:
    """From the handshake until the client leaves. `push(frame)` returns when the backend has taken
    a frame and told what it caused; `send` gives it any other command, and `caught_up()` waits
    until all of these are done; `new_number()` makes an utterance number that no other client has
    used."""

    def __init__(
        self,
        socket: ServerConnection,
        push: Callable[[Push], Awaitable[None]],
        send: Callable[[AnyCommand], None],
        caught_up: Callable[[], Awaitable[object]],
        new_number: Callable[[], int],
        *,
        own: bool,
        first_frame: int,
    ) -> None:
        self._socket = socket
        self._push = push
        self._send = send
        self._caught_up = caught_up
        self._new_number = new_number
        self._unanswered = 0
        self._unsaid: dict[int, int] = {}
        """Our number of an utterance → its characters that are not said yet."""
        self._told_too_much = False
        self._own = own
        self.frames = first_frame
        self._decoder = OpusDecoder()
        self._encoder = OpusEncoder()
        self._rest: Float32 = np.zeros(0, np.float32)
        self._numbers: dict[int, int] = {}
        """Client's number of an utterance → ours, and…"""
        self._clients: dict[int, int] = {}
        """…back."""
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue(MOST_UNSENT)
        self._too_slow = asyncio.Event()
        self.outgoing = Outgoing(self._send_sound, self._send_word, self.report, self._clients.get)

    async def hold(self, hello: protocol.ServerHello, silent_after: float) -> None:
        """Talk until the client leaves. Raises `ClientGone` where it has to go."""
        self._put(bytes((Kind.HANDSHAKE,)))
        self.report(ServerReport(hello=hello))
        await until_one_ends(
            self._listen(silent_after), self._write(), self._watch(), self._notice_leaving()
        )

    def take(self, event: AnyEvent) -> None:
        """What the backend reports while this client has it."""
        self._note_said(event)
        match event:
            case AudioOut() | AgentText() | UtteranceEnded() | CallSpelled():
                self.outgoing.take(event)
            case Lag(seconds=seconds, dropped=dropped):
                self.report(ServerReport(lag=protocol.Behind(seconds, dropped)))
            case Failed(message=message):
                self.report(ServerReport(notice=message[: protocol.MAX_TEXT]))
            case _:
                pass

    def backend_lost(self) -> None:
        """Another backend will take its place; nothing more comes of what this one was asked."""
        self._unsaid.clear()
        self.outgoing.backend_lost(list(self._clients))

    def report(self, report: ServerReport) -> None:
        if self._own:
            self._put(protocol.metadata(report))

    # -- in ----------------------------------------------------------------------------------

    async def _listen(self, silent_after: float) -> None:
        heard_at = time.monotonic()
        while True:
            left = heard_at + silent_after - time.monotonic()
            try:
                # Not `wait_for`, which may swallow a cancellation where a message is there.
                async with asyncio.timeout(max(0.0, left)):
                    message = await self._socket.recv()
            except TimeoutError:
                raise ClientGone(f"no sound for {silent_after:.0f} s", 1008) from None
            except ConnectionClosed:
                raise ClientGone("it left") from None
            if await self._take_message(message):
                heard_at = time.monotonic()

    async def _take_message(self, message: bytes | str) -> bool:
        """Whether there was sound in it."""
        parts = protocol.split(message)
        if parts is None:
            return False
        kind, payload = parts
        if kind == Kind.SOUND:
            return await self._hear(payload)
        if kind == Kind.METADATA and (request := protocol.read_request(payload)) is not None:
            await self._obey(request)
        return False

    async def _hear(self, payload: bytes) -> bool:
        pcm, _ = self._decoder.decode(payload, MOST_AT_ONCE)
        self._rest = np.concatenate((self._rest, pcm))
        while len(self._rest) >= FRAME_SAMPLES:
            frame, self._rest = self._rest[:FRAME_SAMPLES], self._rest[FRAME_SAMPLES:]
            await self._push(Push(self.frames, encode_pcm(frame)))
            self._unanswered = 0
            self.frames += 1
            self.outgoing.frame_heard()
        return len(pcm) > 0

    async def _obey(self, request: protocol.Request) -> None:
        if request.interrupt:
            self._send(Interrupt())
            self._cut()
        if request.persona is not None:
            self._cut()
            self._send(ChangePersona(persona_prompt(request.persona)))
        if request.inject:
            self._send(Inject(request.inject))
        if request.say is not None:
            self._say(request.say)
        self._unanswered += 1
        if self._unanswered >= MOST_UNANSWERED:
            # Who asks faster than it is done is not read meanwhile: nothing is lost, nothing grows.
            await self._caught_up()
            self._unanswered = 0

    def _cut(self) -> None:
        self._unsaid.clear()
        self.outgoing.cut(self._clients)

    def _say(self, say: protocol.SayRequest) -> None:
        rate = min(3.0, max(0.3, say.rate))
        new = say.utterance not in self._numbers
        if new and max(len(self._unsaid), self.outgoing.waiting) >= MOST_UTTERANCES:
            self._tell_too_much()
            return
        text = say.text
        if sum(self._unsaid.values()) + len(text) > MOST_UNSAID:
            self._tell_too_much()
            text = ""  # its end is passed on, so that what was said of it so far is over
        if text or say.final:
            number = self._ours(say.utterance, say.final)
            self._unsaid[number] = self._unsaid.get(number, 0) + len(text)
            self._send(Say(number, text, say.final, rate, limited(say.prosody)))

    def _note_said(self, event: AnyEvent) -> None:
        match event:
            case AgentText(utterance=number, text=text) if number in self._unsaid:
                self._unsaid[number] = max(0, self._unsaid[number] - len(text))
            case UtteranceEnded(utterance=number) if self._unsaid.pop(number, None) is not None:
                self._told_too_much = False
            case _:
                pass

    def _tell_too_much(self) -> None:
        """Once, until something was said."""
        if not self._told_too_much:
            self._told_too_much = True
            self.report(
                ServerReport(notice="too much to say at once: what is past the limit is left out")
            )

    def _ours(self, theirs: int, final: bool) -> int:
        """Our number for a client's utterance; `final` frees theirs for another one."""
        number = self._numbers.get(theirs)
        if number is None:
            number = self._numbers[theirs] = self._new_number()
            self._clients[number] = theirs
        if final:
            del self._numbers[theirs]
        for book in (self._numbers, self._clients):
            if len(book) > MOST_ASKED:
                del book[next(iter(book))]
        return number

    # -- out ---------------------------------------------------------------------------------

    def _send_sound(self, frame: Float32) -> None:
        self._put(protocol.sound(self._encoder.encode(frame)))

    def _send_word(self, word: str) -> None:
        self._put(protocol.text(f" {word}"))

    def _put(self, message: bytes) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._outbox.put_nowait(message)
            return
        self._too_slow.set()

    async def _watch(self) -> None:
        await self._too_slow.wait()
        raise ClientGone("it does not take its sound in time", 1008)

    async def _notice_leaving(self) -> None:
        """Also while the backend holds up everything else."""
        await self._socket.wait_closed()
        raise ClientGone("it left")

    async def _write(self) -> None:
        while True:
            message = await self._outbox.get()
            try:
                await self._socket.send(message)
            except ConnectionClosed:
                raise ClientGone("it left") from None


async def discard(socket: ServerConnection) -> None:
    """Read what comes and forget it, until it ends."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await socket.recv()
