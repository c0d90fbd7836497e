"""Microphone and speaker of a client on the other end of a WebSocket.

Its sound comes as fast as the client likes. Ours leaves as fast as it is rendered, while a speaker
of the session's own plays it in real time and is heard by nobody: it tells how much the client has
most likely heard, until that tells better (`heard`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Literal

import numpy as np

from assistant.audio.base import DeviceChoice, OnFrame
from assistant.audio.devices.reblock import Reblocker
from assistant.audio.levels import LevelHistory
from assistant.audio.playback.jitter import JitterBuffer
from assistant.audio.types import Float32
from assistant.frames import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE

TICK = 0.02
"""Seconds between two looks."""
_FRAMES_A_TICK = 4
"""Frames that are handed on at a time: sixteen times as fast as they were spoken, which the
backend keeps up with."""
MOST_WAITING = round(120 / FRAME_SECONDS)
"""Frames that may wait to be handed on."""
_LONGEST = 600.0
"""Seconds of speech that may be rendered ahead of being heard."""

OnSound = Callable[[int, Float32], None]
"""Sound of an utterance that leaves for the client."""


class SentPlayback(JitterBuffer):
    """Sends what is written at once; `read` only counts."""

    def __init__(self, on_sound: OnSound) -> None:
        super().__init__(max_seconds=_LONGEST)
        self._on_sound = on_sound
        self._heard: dict[int, int] = {}
        self._held: list[tuple[int, Float32]] | None = None
        """What is written while it is paused: an answer that the user may still add to."""

    def heard(self, utterance: int, samples: int) -> None:
        """The client has told how much of it was heard."""
        self._heard[utterance] = samples

    def played(self, utterance: int) -> int:
        known = self._heard.get(utterance)
        return super().played(utterance) if known is None else known

    def write(self, utterance: int, pcm: Float32) -> int:
        taken = super().write(utterance, pcm)
        if taken and self._held is not None:
            self._held.append((utterance, pcm))
        elif taken:
            self._on_sound(utterance, pcm)
        return taken

    def pause(self) -> None:
        super().pause()
        self._held = self._held or []

    def resume(self) -> None:
        super().resume()
        held, self._held = self._held, None
        for utterance, pcm in held or ():
            self._on_sound(utterance, pcm)

    def clear(self) -> dict[int, int]:
        if self._held is not None:
            self._held = []
        return super().clear()


class _ClientEars:
    """The client's own canceller has taken our voice out of its sound, or it wears headphones."""

    voice = False
    clean = True
    stumbles = False

    def __init__(self) -> None:
        self.on_voice: Callable[[bool], None] = lambda speaks: None

    def describe(self) -> str:
        return ""


class ClientAudio:
    """An `AudioIO`."""

    def __init__(self, on_sound: OnSound, *, speaks: bool = True) -> None:
        """Not `speaks`: answers are text."""
        self.playback = SentPlayback(on_sound)
        self.front = _ClientEars()
        self.input_levels = LevelHistory()
        self.output_levels = LevelHistory()
        self.microphone: str | None = "client"
        self.speaker: str | None = "client" if speaks else None
        self.listens = False
        """The models are loaded: what has come so far is handed on."""
        self._frames: deque[tuple[int, Float32]] = deque()
        self._reblocker = Reblocker()
        self._on_frame: OnFrame = lambda number, frame: None
        self._running: asyncio.Task[None] | None = None

    @property
    def seconds(self) -> float:
        """Sound that has come so far."""
        return self._reblocker.position / SAMPLE_RATE

    @property
    def waiting(self) -> int:
        """Frames that are not handed on yet."""
        return len(self._frames)

    def add(self, sound: Float32) -> None:
        """The client's sound: float32 [n], 24 kHz."""
        self._frames.extend(self._reblocker.push(sound))

    def forget(self) -> None:
        """What was not handed on yet was never said; silence stands in its place."""
        silence = np.zeros(FRAME_SAMPLES, np.float32)
        self._frames = deque((number, silence) for number, _ in self._frames)

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        self._on_frame = on_frame
        self._running = asyncio.create_task(self._run(), name="realtime-clock")

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()

    async def devices(self) -> list[DeviceChoice]:
        """There is nothing to choose."""
        return []

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        """There is nothing to choose."""

    def drops(self) -> dict[str, int]:
        return {"microphone": 0, "speaker": 0}

    def output_delay(self) -> float:
        return 0.0

    async def _run(self) -> None:
        """Plays as time passes; what comes late is made up for, so that the clock never drifts."""
        loop = asyncio.get_running_loop()
        began, played = loop.time(), 0
        while True:
            await asyncio.sleep(TICK)
            due = round((loop.time() - began) * SAMPLE_RATE)
            self.playback.read(min(due - played, SAMPLE_RATE))  # a machine that slept
            played = due
            for _ in range(min(_FRAMES_A_TICK, len(self._frames)) if self.listens else 0):
                number, frame = self._frames.popleft()
                self.input_levels.push(frame)
                self._on_frame(number, frame)
