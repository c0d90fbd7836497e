"""What a session needs of sound, whether it comes from devices, from a file, or from nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.audio.frontend.frontend import FrontEnd
from assistant.audio.levels import LevelHistory
from assistant.audio.playback.jitter import JitterBuffer

Float32 = NDArray[np.float32]
OnFrame = Callable[[int, Float32], None]
"""Called in the event loop with the frame's number (from 0; gaps are frames lost) and samples."""


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """A device that a person may choose."""

    kind: Literal["input", "output"]
    name: str
    is_default: bool
    """The system's default."""
    in_use: bool


class AudioIO(Protocol):
    """Microphone and speaker. Everything here is called in the event loop and returns at once."""

    playback: JitterBuffer
    """What is to be played; knows how much of each utterance was."""
    front: FrontEnd
    """What the microphone's sound goes through; knows whether the user speaks just now."""
    input_levels: LevelHistory
    output_levels: LevelHistory

    @property
    def microphone(self) -> str | None:
        """Name of the device in use, None where there is none."""

    @property
    def speaker(self) -> str | None: ...

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        """Open what there is. `on_problem(text, remedy)` is told what is missing or was lost."""

    async def stop(self) -> None:
        """Let go of the devices; returns within a second whatever they do."""

    async def devices(self) -> list[DeviceChoice]:
        """What there is to choose from, asked anew; microphones first. Returns within three
        seconds; raises `PortAudioUnavailable` where the sound server does not answer."""

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        """Go over to the device of that name, None: to the system's default. What becomes of it is
        told through `on_problem`, and `microphone` and `speaker` name what is in use then."""

    def drops(self) -> dict[str, int]:
        """Frames lost so far: "microphone" (nobody took them), "speaker" (came too late)."""

    def output_delay(self) -> float:
        """Seconds from `playback` to the ear, as far as the device tells."""
