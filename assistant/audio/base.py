"""What a session needs of sound, whether it comes from devices, from a file, or from nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from assistant.audio.levels import LevelHistory
from assistant.audio.types import Float32 as Float32

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


class Playback(Protocol):
    """What is to be played, in pieces that belong to utterances, and how much of each was. Sound is
    float32 [n], 24 kHz mono; counts are samples. `JitterBuffer` is the one that there is."""

    on_first_sample: list[Callable[[int], None]]
    """Told, from any thread, that an utterance's first sample was handed to the speaker."""
    on_finished: list[Callable[[int], None]]
    """Told, from any thread, that all of an ended utterance was."""

    @property
    def gain(self) -> float:
        """Volume from 0 to 1."""

    @gain.setter
    def gain(self, value: float) -> None: ...

    @property
    def is_sounding(self) -> bool:
        """Something is heard, or is queued and will be."""

    @property
    def queued(self) -> int:
        """Samples waiting to be played."""

    def write(self, utterance: int, pcm: Float32) -> int:
        """Queue; returns how many samples were taken: all or none."""

    def end(self, utterance: int, samples: int | None = None) -> None:
        """No more of this utterance will come; `samples` is how long it was in all."""

    def clear(self) -> dict[int, int]:
        """Fall silent, drop what is queued; utterance → how much of it was played."""

    def pause(self) -> None:
        """Fall silent, drop nothing."""

    def resume(self) -> None: ...

    def played(self, utterance: int) -> int: ...

    def read(self, n: int) -> Float32:
        """The next `n` samples, as the speaker takes them."""


class VoiceActivity(Protocol):
    """What the audio front end knows of the microphone's sound; see `FrontEnd`."""

    on_voice: Callable[[bool], None]
    """Told when the user's voice begins (voice onset) or ends."""
    voice: bool
    """The user's voice is there now."""
    clean: bool
    """The assistant's own voice is not in what is heard."""
    stumbles: bool
    """Sound was lost of late."""

    def describe(self) -> str:
        """For the status line."""


class AudioIO(Protocol):
    """Microphone and speaker. Everything here is called in the event loop and returns at once."""

    @property
    def playback(self) -> Playback:
        """What is to be played; knows how much of each utterance was."""

    @property
    def front(self) -> VoiceActivity:
        """What the microphone's sound went through; knows whether the user speaks just now."""

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
