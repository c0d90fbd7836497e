"""Devices that are open only while they are needed, for a session without a front end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from assistant.audio.base import DeviceChoice, OnFrame
from assistant.audio.devices.live import LiveAudio
from assistant.audio.types import Float32
from assistant.config.schema import AudioConfig
from assistant.frames import FRAME_SAMPLES

SILENT_FRAMES = 25
"""Two seconds of silence behind the last frame, so that a turn which was cut off ends."""


class OnDemandAudio:
    """`AudioIO` whose `start` opens nothing: `open` and `close` do, as often as need be.

    What hears the frames counts on as if there had been no time in between. What is queued when the
    devices are closed is gone.
    """

    def __init__(self, config: AudioConfig, make: Callable[..., LiveAudio] = LiveAudio) -> None:
        self._config = config
        self._make = make
        self._next = make(config)
        """Opened next: each is opened once."""
        self._live: LiveAudio | None = None
        self.playback = self._next.playback
        self.front = self._next.front
        self.input_levels = self._next.input_levels
        self.output_levels = self._next.output_levels
        self._on_frame: OnFrame = lambda number, frame: None
        self._on_problem: Callable[[str, str], None] = lambda text, remedy: None
        self._frames = 0
        """The number of the next frame."""
        self._first = 0
        """That of the first one since the devices were opened."""

    @property
    def microphone(self) -> str | None:
        return self._live.microphone if self._live is not None else None

    @property
    def speaker(self) -> str | None:
        return self._live.speaker if self._live is not None else None

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        self._on_frame, self._on_problem = on_frame, on_problem

    async def stop(self) -> None:
        await self.close()

    @property
    def is_open(self) -> bool:
        return self._live is not None

    async def open(self) -> None:
        """Returns after three seconds at the latest; `microphone` and `speaker` tell what there
        is."""
        live, self._live = self._next, self._next
        self._first = self._frames
        await live.start(self._heard, self._on_problem)

    async def close(self, *, clear: bool = True, ends_turn: bool = True) -> None:
        """Let go of the devices; nothing is heard from then on. Nothing where they are closed.
        `clear`: what is queued is not to be played any more. `ends_turn`: what the user was saying
        is over; else somebody else brings the next frame."""
        live, self._live = self._live, None
        if live is None:
            return
        if clear:
            self.playback.clear()
        await live.stop()
        self.front.voice = False
        for _ in range(SILENT_FRAMES if ends_turn else 0):
            self._hand_on(self._frames, np.zeros(FRAME_SAMPLES, np.float32))
        self._next = self._make(self._config, self.playback)
        self._next.front = self.front

    def _heard(self, number: int, samples: Float32) -> None:
        if self._live is not None:
            self._hand_on(self._first + number, samples)

    def _hand_on(self, number: int, samples: Float32) -> None:
        self._frames = number + 1
        self._on_frame(number, samples)

    async def devices(self) -> list[DeviceChoice]:
        return await (self._live or self._next).devices()

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        await (self._live or self._next).use_device(kind, name)

    def drops(self) -> dict[str, int]:
        return (self._live or self._next).drops()

    def output_delay(self) -> float:
        return self._live.output_delay() if self._live is not None else 0.0
