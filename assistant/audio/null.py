"""No devices at all: for typed conversations and for programs that only read and write text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from assistant.audio.base import DeviceChoice, OnFrame
from assistant.audio.frontend.frontend import FrontEnd
from assistant.audio.levels import LevelHistory
from assistant.audio.playback.jitter import JitterBuffer
from assistant.config.schema import AudioConfig


class NullAudio:
    """`AudioIO` without microphone and speaker. No frames come, nobody reads `playback`."""

    def __init__(self) -> None:
        self.playback = JitterBuffer()
        self.front = FrontEnd(AudioConfig())
        self.input_levels = LevelHistory()
        self.output_levels = LevelHistory()
        self.microphone: str | None = None
        self.speaker: str | None = None

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        """Nothing is missing where nothing was asked for: `on_problem` is not called."""

    async def stop(self) -> None:
        """There is nothing to let go of."""

    async def devices(self) -> list[DeviceChoice]:
        """There is nothing to choose."""
        return []

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        """There is nothing to choose."""

    def drops(self) -> dict[str, int]:
        return {"microphone": 0, "speaker": 0}

    def output_delay(self) -> float:
        return 0.0
