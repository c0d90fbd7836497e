"""A voice channel as a session's microphone and speaker.

One thread is the clock: every 20 ms it takes what people have said (`streams`), decides who is
heard (`floor`), and sends 20 ms of the assistant's voice; every fourth time it hands a frame to the
event loop, whether anybody speaks or not. The event loop may be busy, the clock is not.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Literal, Protocol

import discord
import numpy as np

from assistant.audio.base import DeviceChoice, OnFrame
from assistant.audio.devices.reblock import Reblocker, frames_of
from assistant.audio.devices.sound_thread import Handover, HeardFrame, Item
from assistant.audio.frontend.frontend import FrontEnd, FrontEndMirror
from assistant.audio.levels import LevelHistory
from assistant.audio.playback.jitter import JitterBuffer
from assistant.audio.resample import StreamResampler
from assistant.audio.types import Float32
from assistant.config.schema import AudioConfig
from assistant.discord.floor import BLOCK, TICK, Floor
from assistant.discord.rtp import SILENCE, Packet
from assistant.discord.streams import UserStream
from assistant.frames import SAMPLE_RATE

OUTPUT_DELAY = 0.15
"""Seconds from us to the ears of the others: the way there, and what their programs hold back."""
_TAIL = 5
"""Frames of silence that end what is said, so that decoders do not make up a continuation
(Discord's documentation, Voice Connections, section Voice Data Interpolation)."""
_RATE = 48_000
_MOST_PEOPLE = 64
_CLOSING = 100
"""Ticks of silence behind a channel that was left, so that a turn which was cut off ends."""
_BEHIND = 0.5
"""Seconds that the clock may lag before it lets them go."""

log = logging.getLogger(__name__)


class Line(Protocol):
    """What carries the assistant's voice: `voice.Voice`. Called on the clock's thread."""

    @property
    def name(self) -> str:
        """What people call the channel."""

    def send_opus(self, packet: bytes) -> None:
        """20 ms. Never raises."""

    def speaking(self, now: bool) -> None:
        """Show that the assistant speaks, or has ended."""


class Mouth:
    """The assistant's voice, 24 kHz mono in, Opus of 48 kHz stereo out."""

    def __init__(self) -> None:
        self._encoder = discord.opus.Encoder(application="voip", bitrate=64, signal_type="voice")
        self._resampler = StreamResampler(SAMPLE_RATE, _RATE)
        self._rest = np.zeros(0, np.float32)
        self._silent: int | None = None
        """Blocks since it was heard last; None: it is silent, and everybody knows."""

    def send(self, block: Float32, line: Line) -> None:
        """Float32 [480]: sent where there is sound in it, or has just been."""
        if np.any(block):
            if self._silent is None:
                line.speaking(True)
            self._silent = 0
        elif self._silent is None:
            return
        else:
            self._silent += 1
        if self._silent > _TAIL:
            line.send_opus(SILENCE)
            if self._silent >= 2 * _TAIL:
                self._end(line)
            return
        self._rest = np.concatenate((self._rest, self._resampler.process(block)))
        while self._rest.size >= 2 * BLOCK:
            part, self._rest = self._rest[: 2 * BLOCK], self._rest[2 * BLOCK :]
            line.send_opus(self._encode(part))

    def _end(self, line: Line) -> None:
        self._silent = None
        self._resampler = StreamResampler(SAMPLE_RATE, _RATE)
        self._rest = np.zeros(0, np.float32)
        line.speaking(False)

    def _encode(self, part: Float32) -> bytes:
        both = np.repeat(np.clip(part, -1.0, 1.0), 2)
        pcm = np.round(both * 32767).astype(np.int16).tobytes()
        return bytes(self._encoder.encode(pcm, self._encoder.SAMPLES_PER_FRAME))


class DiscordAudio:
    """`AudioIO` that a voice channel is plugged into by `attach`, and taken out of by `detach`.

    Without one, no frames come, and what is said goes by unheard in its own time.
    """

    def __init__(self, config: AudioConfig, floor: Floor | None = None) -> None:
        """Raises `discord.opus.OpusNotLoaded` where libopus is missing."""
        self.playback = JitterBuffer()
        self.input_levels = LevelHistory()
        self.output_levels = LevelHistory()
        # Nobody hears the assistant through our "microphone": each voice comes by itself.
        self._front = FrontEnd(config.model_copy(update={"headset": True}))
        self.front = FrontEndMirror(self._front.state())
        self.floor = floor or Floor()
        self.bad_packets = 0
        """That were no Opus, of those who have left."""
        self._mouth = Mouth()
        self._streams: dict[int, UserStream] = {}
        self._line: Line | None = None
        self._reblocker = Reblocker()
        self._heard_ticks = 0
        self._silence_due = 0
        """Ticks of silence that are still heard although there is no channel."""
        self._handover = Handover(self._take)
        self._on_frame: OnFrame = lambda number, frame: None
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def microphone(self) -> str | None:
        line = self._line
        return line.name if line is not None else None

    @property
    def speaker(self) -> str | None:
        return self.microphone

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        """The clock begins; there is no problem to tell: who joins is told by the bot."""
        self._on_frame = on_frame
        self._handover.open(asyncio.get_running_loop())
        self._front.warm()
        self._thread = threading.Thread(target=self._run, name="discord-audio", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        self._ending.set()
        self.detach()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 0.5)

    def attach(self, line: Line) -> None:
        """From now on this is what is heard and spoken into."""
        with self._lock:
            self._line = line

    def detach(self) -> None:
        """Nobody hears and is heard; what was to be said is dropped."""
        with self._lock:
            if self._line is not None:
                self._silence_due = _CLOSING
            self._line = None
            self._streams.clear()
            self.floor.clear()
        self.playback.clear()

    def put(self, user: int, packet: Packet) -> None:
        """Somebody's packet, opened; from any thread."""
        stream = self._streams.get(user)
        if stream is None:
            with self._lock:
                if self._line is None or len(self._streams) >= _MOST_PEOPLE:
                    return
                stream = self._streams.setdefault(user, UserStream())
        stream.put(packet)

    def enter(self, user: int) -> None:
        """Somebody joined: makes ready what hears him, 0.1 s. From any thread but the loop's."""
        detector = self.floor.make_detector()
        with self._lock:
            self.floor.enter(user, detector)
            if (stream := self._streams.get(user)) is not None:
                stream.begin()

    def leave(self, user: int) -> None:
        """Somebody left: what he had said is heard to its end."""
        with self._lock:
            stream = self._streams.get(user)
            if stream is not None:
                stream.end()

    def people(self) -> list[int]:
        """Who has spoken, by user id, and has not left."""
        return list(self._streams)

    # -- the clock's thread ----------------------------------------------------------------------

    def tick(self) -> None:
        """20 ms pass."""
        sound = self.playback.read(BLOCK)
        self.output_levels.push(sound)
        with self._lock:
            line = self._line
            if line is None and not self._silence_due:
                return
            heard = self._hear()
            self._silence_due = max(0, self._silence_due - 1) if line is None else 0
        if line is not None:
            self._mouth.send(sound, line)
        self.input_levels.push(heard)
        for number, frame in self._reblocker.push(self._front.heard(heard)):
            self._handover.put(HeardFrame(number, frame, self._front.state()))

    def _hear(self) -> Float32:
        blocks = {user: stream.tick() for user, stream in self._streams.items()}
        self._heard_ticks += 1
        heard = self.floor.hear(blocks, self._heard_ticks * TICK)
        for user in [user for user, stream in self._streams.items() if stream.is_over]:
            self.bad_packets += self._streams.pop(user).bad
            self.floor.leave(user)
        return heard.sound

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ending.is_set():
            due += TICK
            now = time.monotonic()
            if due < now - _BEHIND:
                due = now  # the machine slept
            self._ending.wait(max(0.0, due - now))
            try:
                self.tick()
            except Exception:
                log.exception("a tick of the voice channel")

    def _take(self, item: Item) -> None:
        """In the event loop."""
        if isinstance(item, HeardFrame):
            self.front.take(item.state)
            self._on_frame(item.number, item.samples)

    # -- the rest of `AudioIO` ---------------------------------------------------------------------

    async def devices(self) -> list[DeviceChoice]:
        """There is nothing to choose: /join and /leave do it."""
        return []

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        """There is nothing to choose."""

    def drops(self) -> dict[str, int]:
        waited = frames_of(self.floor.dropped * BLOCK)
        return {
            "microphone": self._handover.shed + waited,
            "speaker": frames_of(self.playback.dropped),
        }

    def output_delay(self) -> float:
        return OUTPUT_DELAY if self._line is not None else 0.0
