"""`assistant doctor --audio`: both sides of the room on tape.

The streams, the queue and the echo canceller are those of a conversation; only an ear is held to
what goes into the canceller and what comes out of it.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from assistant.audio.devices.portaudio import THREAD, hung
from assistant.audio.devices.pulse import PulseWatch
from assistant.audio.probe import BlockClock, ProbePlan
from assistant.audio.types import Float32
from assistant.errors import AssistantError
from assistant.frames import SAMPLE_RATE

if TYPE_CHECKING:
    from assistant.audio.devices.live import LiveAudio
    from assistant.audio.frontend.frontend import FrontEnd

Progress = Callable[[float], None]
"""Told the seconds of the test sound that have been played."""

ECHO_SECONDS = 1.0
"""How long after the last sound its echo is waited for."""
_FIRST_SOUND = 2.0
"""Seconds in which devices that were opened must show a sign of life."""
_STUCK = 3.0
"""Seconds without anything played after which the speaker counts as stuck."""
_ASK_LIMIT = 2.0
_LOOK = 0.05
_UTTERANCE = 1


class CannotMeasure(AssistantError):
    """There are not both a microphone and a speaker (any more)."""


class Tap:
    """A `FrontEnd` that keeps what passes through the one it stands before."""

    def __init__(self, front: FrontEnd) -> None:
        self._front = front
        self.far = BlockClock()
        self.near = BlockClock()
        self.restarts = 0
        self._far: list[Float32] = []
        self._near: list[Float32] = []
        self._clean: list[Float32] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._front, name)  # voice, clean, describe …

    def played(self, pcm: Float32) -> None:
        self.far.tick(time.monotonic(), pcm.size, leaving=True)
        self._far.append(pcm.copy())
        self._front.played(pcm)

    def heard(self, pcm: Float32) -> Float32:
        self.near.tick(time.monotonic(), pcm.size, leaving=False)
        self._near.append(pcm.copy())
        cleaned = self._front.heard(pcm)
        self._clean.append(cleaned.copy())
        return cleaned

    def doubt(self) -> None:
        self._front.doubt()

    def restart(self) -> None:
        self.restarts += 1
        self._front.restart()

    def sound(self) -> tuple[Float32, Float32, Float32]:
        """What was played, what was heard, and what of it was handed on: float32, 24 kHz."""
        parts = (self._far, self._near, self._clean)
        played, heard, clean = (np.concatenate([np.zeros(0, np.float32), *p]) for p in parts)
        return played, heard, clean


@dataclass(frozen=True, slots=True)
class RoomRecording:
    """What is known after the test sound, and nothing worked out yet."""

    plan: ProbePlan
    far: Float32
    near: Float32
    clean: Float32
    far_clock: BlockClock
    near_clock: BlockClock
    microphone: str
    speaker: str
    problems: tuple[tuple[str, str], ...]
    """(text, remedy): what opening the devices told."""
    lost: dict[str, int]
    """Frames lost, by side."""
    restarts: int
    """How often the canceller had to begin anew because sound was missing."""
    described: str
    """The front end's own word for the status line."""
    proved: bool
    """The front end vouches for what it hands on to be free of the assistant's own voice."""


async def record(audio: LiveAudio, plan: ProbePlan, progress: Progress) -> RoomRecording:
    """Open the devices, play, listen, and let go of them. Raises `CannotMeasure`.

    Cancelled at any time, it silences the speaker and is over within a second.
    """
    tap = Tap(audio.sound.front)
    audio.sound.front = cast("FrontEnd", tap)
    problems: list[tuple[str, str]] = []
    await _answers()
    try:
        await audio.start(lambda number, frame: None, lambda *told: problems.append(told))
        if audio.microphone is None or audio.speaker is None:
            raise await _missing(audio, problems)
        names = audio.microphone, audio.speaker
        opening = tuple(problems)
        await _sign_of_life(audio, tap, problems)
        audio.playback.write(_UTTERANCE, plan.sound)
        audio.playback.end(_UTTERANCE)
        await _played(audio, plan, problems, progress)
        far, near, clean = tap.sound()
        return RoomRecording(
            plan,
            far,
            near,
            clean,
            tap.far,
            tap.near,
            *names,
            opening,
            audio.drops(),
            max(0, tap.restarts - 1),  # the first is the microphone's beginning
            audio.front.describe(),
            audio.front.clean,
        )
    finally:
        audio.playback.clear()
        await audio.stop()


async def _sign_of_life(audio: LiveAudio, tap: Tap, problems: list[tuple[str, str]]) -> None:
    """A stream that opens may still never run, as with a suspended device."""
    deadline = time.monotonic() + _FIRST_SOUND
    while not (tap.far.total and tap.near.total):
        if audio.microphone is None or audio.speaker is None:
            raise await _missing(audio, problems)
        if time.monotonic() > deadline:
            which = "speaker takes" if not tap.far.total else "microphone gives"
            raise CannotMeasure(
                f"The {which} no sound, though it could be opened.",
                "Choose another one (assistant devices), or restart the sound server.",
            )
        await asyncio.sleep(_LOOK)


async def _played(
    audio: LiveAudio, plan: ProbePlan, problems: list[tuple[str, str]], progress: Progress
) -> None:
    """Wait for the end of the sound and of its echo."""
    last, since = -1, time.monotonic()
    until: float | None = None
    while until is None or time.monotonic() < until:
        if audio.microphone is None or audio.speaker is None:
            raise await _missing(audio, problems)
        played = audio.playback.played(_UTTERANCE)
        progress(played / SAMPLE_RATE)
        now = time.monotonic()
        if played != last:
            last, since = played, now
        elif played < plan.sound.size and now - since > _STUCK:
            raise CannotMeasure("The speaker got stuck.", "Restart the sound server.")
        if played == plan.sound.size and until is None:
            until = now + ECHO_SECONDS + audio.output_delay()
        await asyncio.sleep(_LOOK)


async def _answers() -> None:
    """Behind a sound server that hangs there may seem to be no devices at all: it is asked first.

    Raises `CannotMeasure`. Twice, as a busy machine may be slow for once.
    """
    server = PulseWatch(lambda: None)
    if shutil.which("pactl") and not (await server.look() or await server.look()):
        raise _no_answer()


def _no_answer() -> CannotMeasure:
    trouble = hung()
    return CannotMeasure(trouble.message, trouble.remedy)


async def _missing(audio: LiveAudio, problems: list[tuple[str, str]]) -> CannotMeasure:
    """Why there are not both devices. PortAudio's thread has no time where PortAudio hangs."""
    answer = asyncio.wrap_future(THREAD.submit(lambda: None))
    await asyncio.wait({answer}, timeout=_ASK_LIMIT)
    if not answer.done():
        return _no_answer()
    sides = {"speaker": audio.speaker, "microphone": audio.microphone}
    absent = [name for name, device in sides.items() if device is None]
    refused = [each for each in problems if not each[0].startswith("There is no")]
    if refused:
        return CannotMeasure(*refused[-1])
    return CannotMeasure(
        f"There is no {' and no '.join(absent)}.",
        "Plug one in, or start the sound server (PipeWire or PulseAudio); `assistant devices` "
        "lists what there is.",
    )
