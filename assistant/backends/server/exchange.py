"""One conversation over an open connection: handshake, sound and words both ways, and the lag."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.server import protocol
from assistant.backends.server.failures import NoHandshake, ServerRefused
from assistant.backends.server.opus import OpusDecoder, OpusEncoder
from assistant.backends.server.protocol import Kind, Request, ServerReport
from assistant.frames import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE
from assistant.loops import until_one_ends

HANDSHAKE_TIMEOUT = 30.0
"""Seconds until the model has to be ours: a PersonaPlex server reads the prompt first."""
MOST_UNSENT = 12
"""Frames that wait for the network: one second."""
LAG_LIMIT = 2.0
"""Seconds that a ping may take before frames are held back: Kyutai's servers answer it only when
they have done what came before."""
ALLOWANCE = 5.0
"""Seconds of sound that may come before it is due; a server that sends more talks nonsense."""
IN_FLIGHT = 4
"""Virtual clock: frames that need no answer yet…"""
ANSWER_TIMEOUT = 2.0
"""…and seconds to wait for the answer of the others."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who answers, once the model is ours."""

    own: bool
    """Our own server, which understands requests."""
    hello: protocol.ServerHello | None = None


class Handler(Protocol):
    """Who is told what happens; called on the connection's thread."""

    def up(self, peer: Peer) -> None:
        """A fresh conversation begins."""

    def down(self) -> None:
        """The conversation is over; another one will follow or not."""

    def trouble(self, error: BackendError) -> None:
        """The connection was lost, or could not be made again."""

    def status(self, text: str) -> None: ...

    def sound(self, pcm: Float32) -> None:
        """float32 [n], 24 kHz, whatever length comes."""

    def text(self, piece: str) -> None: ...

    def report(self, report: ServerReport) -> None: ...

    def lag(self, seconds: float, dropped: int) -> None:
        """The server is behind, so many frames were dropped in all; 0 s: it has caught up."""


class Allowance:
    """So much for each frame sent, and no more than `most` at once."""

    def __init__(self, a_frame: float, most: float) -> None:
        self._a_frame = a_frame
        self._most = most
        self.left = most

    def frame(self) -> None:
        self.left = min(self._most, self.left + self._a_frame)

    def take(self, amount: float) -> bool:
        """Whether so much is still allowed."""
        if amount > self.left:
            return False
        self.left -= amount
        return True


async def shake_hands(socket: ClientConnection, handler: Handler, place: str) -> Peer:
    """Wait until the model is ours. Raises `ServerRefused`, `NoHandshake`."""
    own = socket.response is not None and protocol.OWN_HEADER in socket.response.headers
    deadline = time.monotonic() + HANDSHAKE_TIMEOUT
    ours = False
    told: int | None = None
    while True:
        kind, payload = protocol.split(await _before(socket, deadline)) or (None, b"")
        if kind == Kind.ERROR:
            raise ServerRefused(protocol.read_text(payload) or "no")
        if kind == Kind.HANDSHAKE:
            ours = True
        report = protocol.read_report(payload) if own and kind == Kind.METADATA else None
        if report is not None and report.queue is not None and report.queue != told:
            told = report.queue
            deadline = math.inf  # it is alive: it answers pings
            people = "one is" if told == 1 else f"{told} are"
            handler.status(f"waiting for {place}: {people} before you")
        hello = report.hello if report is not None else None
        if ours and (hello is not None or not own):
            return Peer(own, hello)


async def _before(socket: ClientConnection, deadline: float) -> bytes | str:
    left = None if math.isinf(deadline) else max(0.0, deadline - time.monotonic())
    try:
        # Not `wait_for`, which may swallow a cancellation where a message is there.
        async with asyncio.timeout(left):
            return await socket.recv()
    except TimeoutError:
        raise NoHandshake("takes the call, but does not begin to talk") from None
    except ConnectionClosed as closed:
        if closed.rcvd is not None and closed.rcvd.reason:
            raise ServerRefused(protocol.read_text(closed.rcvd.reason.encode())) from None
        raise NoHandshake("takes the call and hangs up before it talks") from None


class Exchange:
    """From the handshake until the connection ends. Everything on the event loop's thread."""

    def __init__(self, socket: ClientConnection, peer: Peer, handler: Handler) -> None:
        self.peer = peer
        self._socket = socket
        self._handler = handler
        self._encoder, self._decoder = OpusEncoder(), OpusDecoder()
        self._sound_left = Allowance(FRAME_SAMPLES, ALLOWANCE * SAMPLE_RATE)
        self._text_left = Allowance(50, 2_000)
        self._reports_left = Allowance(2, 100)
        self._unsent: deque[Float32] = deque()
        self._requests: deque[Request] = deque()
        self._something = asyncio.Event()
        self._answered = asyncio.Event()
        self._in_flight = 0.0
        self._slack = float(IN_FLIGHT)
        self._ping_sent: float | None = None
        self._lagging = False
        self.dropped = self._dropped_in_all = 0
        """Frames that were not sent."""

    async def run(self) -> None:
        """Returns never; raises what ended the connection."""
        try:
            await until_one_ends(self._read(), self._write(), self._measure())
        finally:
            self._answered.set()

    # -- out ---------------------------------------------------------------------------------

    def request(self, request: Request) -> None:
        self._requests.append(request)
        self._something.set()

    def push(self, frame: Float32, dropped_before: int) -> None:
        """Send float32 [1920], or drop it where the server or the network is behind."""
        behind = time.monotonic() - self._ping_sent if self._ping_sent is not None else 0.0
        if behind > LAG_LIMIT:
            self._drop(behind, dropped_before)
            return
        if len(self._unsent) >= MOST_UNSENT:
            self._unsent.popleft()
            self._drop(MOST_UNSENT * FRAME_SECONDS, dropped_before)
        self._unsent.append(frame)
        self._something.set()

    async def push_and_wait(self, frame: Float32) -> None:
        """Send, and wait until the server has answered all but the last few frames. One that does
        not answer frame for frame is waited for once, then no more."""
        self._unsent.append(frame)
        self._something.set()
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while self._unsent or self._in_flight > self._slack:
            self._answered.clear()
            left = max(0.0, deadline - time.monotonic())
            try:
                async with asyncio.timeout(left):
                    await self._answered.wait()
            except TimeoutError:
                self._slack = self._in_flight + len(self._unsent) + 1
                return

    def _drop(self, behind: float, dropped_before: int) -> None:
        self.dropped += 1
        self._dropped_in_all = dropped_before + self.dropped
        if not self._lagging or self.dropped % 12 == 0:
            self._handler.lag(behind, self._dropped_in_all)
        self._lagging = True

    async def _write(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            while self._requests:
                await self._socket.send(protocol.metadata(self._requests.popleft()))
            while self._unsent:
                frame = self._unsent.popleft()
                for allowance in (self._sound_left, self._text_left, self._reports_left):
                    allowance.frame()
                self._in_flight += 1
                await self._socket.send(protocol.sound(self._encoder.encode(frame)))
            self._answered.set()

    async def _measure(self) -> None:
        """How far behind the server is, once a second."""
        while True:
            self._ping_sent = time.monotonic()
            await (await self._socket.ping())
            self._ping_sent = None
            if self._lagging:
                self._lagging = False
                self._handler.lag(0.0, self._dropped_in_all)
            await asyncio.sleep(1.0)

    # -- in ----------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            parts = protocol.split(await self._socket.recv())
            if parts is None:
                continue
            kind, payload = parts
            if kind == Kind.SOUND:
                self._hear(payload)
            elif kind == Kind.TEXT:
                piece = protocol.read_text(payload)
                if piece and self._text_left.take(len(piece)):
                    self._handler.text(piece)
            elif kind == Kind.METADATA and self.peer.own:
                report = protocol.read_report(payload)
                if report is not None and self._reports_left.take(1):
                    self._handler.report(report)
            elif kind == Kind.ERROR:
                raise ServerRefused(protocol.read_text(payload) or "no")

    def _hear(self, payload: bytes) -> None:
        pcm, _ = self._decoder.decode(payload, int(self._sound_left.left))
        if not len(pcm):
            return
        self._sound_left.take(len(pcm))
        self._in_flight = max(0.0, self._in_flight - len(pcm) / FRAME_SAMPLES)
        self._answered.set()
        self._handler.sound(pcm)
