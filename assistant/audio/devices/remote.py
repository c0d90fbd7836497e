"""A microphone and a speaker on another device (a browser's page): their sound comes and goes over
the network, in blocks of 20 ms.

What is to be played leaves in real time, silence included, on a thread of its own: the event loop
has no time when the machine is busy. Echo is cancelled over there, where both sides are known
together.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from assistant.audio.base import OnFrame
from assistant.audio.devices.listing import Device
from assistant.audio.devices.loss_meter import LossMeter
from assistant.audio.devices.reblock import BlockQueue, frames_of
from assistant.audio.devices.sound_thread import (
    DeviceNotice,
    Handover,
    HeardFrame,
    Item,
    SoundThread,
    StateChange,
)
from assistant.audio.devices.streams import QUEUE_SECONDS, OpenStream
from assistant.audio.frontend.frontend import FrontEnd, FrontEndMirror, FrontEndState
from assistant.audio.levels import LevelHistory
from assistant.audio.playback.jitter import JitterBuffer
from assistant.config.schema import AudioConfig
from assistant.frames import SAMPLE_RATE

BLOCK_SAMPLES = 480
"""20 ms at 24 kHz, both ways."""
STOP_LIMIT = 0.7
MOST_BEHIND = 0.5
"""Seconds by which the pacing thread makes up for being late; after more, time has jumped."""
_TOLERANCE = 0.5
"""Seconds by which a network may be late without anything being lost."""
_SCALE = 32767.0


@dataclass(slots=True)
class _Streams:
    microphone: OpenStream | None
    speaker: OpenStream | None


class _Healthy:
    """Whoever is connected is there."""

    def is_gone(self, kind: Literal["input", "output"]) -> bool:
        return False

    def is_muted(self) -> bool:
        return False


class RemoteAudio:
    """One connection's. `send` gets PCM16 little-endian mono, 24 kHz, `BLOCK_SAMPLES` a time, on
    the pacing thread, and must return at once; `flush` is called where what was sent is not to be
    heard any more."""

    def __init__(
        self,
        name: str,
        config: AudioConfig,
        playback: JitterBuffer,
        front: FrontEndMirror,
        levels: tuple[LevelHistory, LevelHistory],
        *,
        send: Callable[[bytes], None],
        flush: Callable[[], None],
    ) -> None:
        """`name` as a person knows it; `levels` of input and output."""
        self.name = name
        self.playback = playback
        self._front = front
        self._send = send
        self._flush = flush
        self._streams = _Streams(_stream("input", name), _stream("output", name))
        self._handover = Handover(self._heard)
        # The browser has cancelled the echo already, and knows better how late it comes.
        own = config.model_copy(update={"headset": True})
        self._sound = SoundThread(FrontEnd(own), self._streams, _Healthy(), self._handover)
        self._sound.input_levels, self._sound.output_levels = levels
        self._on_frame: OnFrame = lambda number, frame: None
        self._on_problem: Callable[[str, str], None] = lambda text, remedy: None
        self._ends = threading.Event()
        self._pacing: threading.Thread | None = None
        self._expected: int | None = None
        self._missing = 0
        """Samples of the microphone's that never came; silence stands in their place."""
        self._delay = 0.0
        self.sent = 0
        """Blocks."""

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        self._on_frame, self._on_problem = on_frame, on_problem
        self._handover.open(asyncio.get_running_loop())
        self._sound.start()
        self.playback.on_cleared.append(self._flush)
        self._pacing = threading.Thread(target=self._pace, name="remote-sound", daemon=True)
        self._pacing.start()

    async def stop(self) -> None:
        """Returns within a second. Once only."""
        self._ends.set()
        if self._flush in self.playback.on_cleared:
            self.playback.on_cleared.remove(self._flush)
        if self._pacing is not None:
            await asyncio.to_thread(self._pacing.join, STOP_LIMIT)
        await self._sound.stop(STOP_LIMIT)
        self._on_frame = lambda number, frame: None

    def hear(self, number: int, pcm: bytes) -> None:
        """One block of the microphone's, numbered modulo 2³²; from any thread. What is odd in its
        length is cut off."""
        opened = self._streams.microphone
        if opened is None or self._ends.is_set():
            return
        samples = np.frombuffer(pcm[: len(pcm) & ~1], "<i2").astype(np.float32) / _SCALE
        missing = 0 if self._expected is None else (number - self._expected) % 2**32
        self._expected = (number + 1) % 2**32
        if 0 < missing < round(QUEUE_SECONDS * SAMPLE_RATE / BLOCK_SAMPLES):
            self._missing += missing * BLOCK_SAMPLES
            samples = np.concatenate((np.zeros(missing * BLOCK_SAMPLES, np.float32), samples))
        opened.queue.put(opened.called(), samples)
        self._sound.wake()

    def buffered(self, samples: int, latency: float = 0.0) -> None:
        """What the other side says of itself: samples that wait there, and the seconds between its
        speaker's buffer and the ear."""
        self._delay = max(0, samples) / SAMPLE_RATE + max(0.0, latency)

    def output_delay(self) -> float:
        return min(self._delay, 2.0)

    def drops(self) -> dict[str, int]:
        late = self.playback.dropped + self._sound.lost_output
        lost = self._sound.lost_frames + frames_of(self._missing)
        return {"microphone": lost, "speaker": frames_of(late)}

    # --- the speaker's side, on the pacing thread --------------------------------------------

    def _pace(self) -> None:
        began, sent = time.monotonic(), 0
        while not self._ends.is_set():
            now = time.monotonic()
            due = int((now - began) * SAMPLE_RATE) // BLOCK_SAMPLES
            if (due - sent) * BLOCK_SAMPLES > MOST_BEHIND * SAMPLE_RATE:
                began, sent, due = now, 0, 1
            for _ in range(due - sent):
                self._play(now)
            sent = due
            self._ends.wait(max(0.001, began + (sent + 1) * BLOCK_SAMPLES / SAMPLE_RATE - now))

    def _play(self, now: float) -> None:
        pcm = self.playback.read(BLOCK_SAMPLES)
        self.sent += 1
        self._send((np.clip(pcm, -1.0, 1.0) * _SCALE).astype("<i2").tobytes())
        if (speaker := self._streams.speaker) is not None:
            speaker.queue.put(now, pcm)
            self._sound.wake()

    # --- the microphone's, in the event loop -------------------------------------------------

    def _heard(self, item: Item) -> None:
        match item:
            case HeardFrame(number, samples, state):
                self._front.take(_as_remote(state))
                self._on_frame(number, samples)
            case StateChange(state):
                self._front.take(_as_remote(state))
            case DeviceNotice(text, remedy):
                self._on_problem(text, remedy)


def _as_remote(state: FrontEndState) -> FrontEndState:
    return replace(state, description="browser")


def _stream(kind: Literal["input", "output"], name: str) -> OpenStream:
    return OpenStream(
        device=Device(-1, name, "remote", kind, 1, SAMPLE_RATE, is_default=False),
        rate=SAMPLE_RATE,
        queue=BlockQueue(round(QUEUE_SECONDS * SAMPLE_RATE)),
        meter=LossMeter(SAMPLE_RATE, tolerance=_TOLERANCE),
    )
