"""What a scripted user does, act by act. Times are seconds on the virtual clock.

An act begins when the one before it is over. What the user says is written down with what it was
meant as, because that is what the measures compare the assistant's behaviour with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE
from benchmarks.simulator.audio import STEP_SAMPLES
from benchmarks.simulator.driver import Driver
from benchmarks.simulator.sounds import SoundKind, sound
from benchmarks.simulator.tape import LiveTape

Meant = Literal["turn", "overtaken", "barge_in", "stop", "backchannel", "sound", "typed", "fault"]
"""`turn` wants an answer; `overtaken` does too, but the user goes on before it can come; `barge_in`
wants the assistant to stop and then an answer; `stop` only that it stops; `backchannel` and `sound`
want nothing at all; a `fault` is nobody's deed, but what comes of it is not the assistant's fault.
"""
PATIENCE = 45.0
"""Seconds that a user waits for the assistant to begin or to end, before going on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that the user did: `begin` and `end` of what could be heard of it."""

    meant: Meant
    text: str
    begin: float
    end: float
    paused: bool = False
    """There was a pause in the middle, and the turn was not over."""


class Renders(Protocol):
    def say(self, text: str) -> Float32: ...


class Stage:
    """Where acts happen: the driver, the user's mouth, and the list of deeds."""

    def __init__(self, driver: Driver, tape: LiveTape, voice: Renders, seed: int) -> None:
        self.driver = driver
        self.tape = tape
        self.voice = voice
        self.seed = seed
        self.deeds: list[Deed] = []
        self._queue = np.zeros(0, np.float32)
        driver.mouth = self._mouth

    def _mouth(self, now: float) -> Float32:
        block = self._queue[:STEP_SAMPLES]
        self._queue = self._queue[STEP_SAMPLES:]
        return np.pad(block, (0, STEP_SAMPLES - block.size))

    async def utter(self, sound: Float32, meant: Meant, text: str, *, paused: bool = False) -> None:
        """Let the user's mouth make this, and stay until it has."""
        begin = self.driver.now
        end = begin + sound.size / SAMPLE_RATE
        self.deeds.append(Deed(meant=meant, text=text, begin=begin, end=end, paused=paused))
        self._queue = sound
        await self.driver.until(lambda: not self._queue.size, sound.size / SAMPLE_RATE + 1)


class Act(Protocol):
    async def perform(self, stage: Stage) -> None: ...


@dataclass(frozen=True, slots=True)
class ScriptSay:
    """`words` are sentences, and between them pauses in seconds."""

    words: str | tuple[str | float, ...]
    meant: Meant = "turn"

    async def perform(self, stage: Stage) -> None:
        words = (self.words,) if isinstance(self.words, str) else self.words
        pieces = [
            stage.voice.say(w) if isinstance(w, str) else np.zeros(round(w * SAMPLE_RATE))
            for w in words
        ]
        text = " ".join(w for w in words if isinstance(w, str))
        pcm = np.concatenate(pieces).astype(np.float32)
        await stage.utter(pcm, self.meant, text, paused=len(words) > 1)


@dataclass(frozen=True, slots=True)
class Make:
    """A sound that is no words."""

    kind: SoundKind

    async def perform(self, stage: Stage) -> None:
        seed = stage.seed + len(stage.deeds)
        await stage.utter(sound(self.kind, seed), "sound", self.kind)


@dataclass(frozen=True, slots=True)
class Type:
    text: str

    async def perform(self, stage: Stage) -> None:
        now = stage.driver.now
        stage.deeds.append(Deed(meant="typed", text=self.text, begin=now, end=now))
        await stage.driver.session.send_text(self.text)
        await stage.driver.session.settled()


@dataclass(frozen=True, slots=True)
class Wait:
    """Silence."""

    seconds: float

    async def perform(self, stage: Stage) -> None:
        await stage.driver.run(self.seconds)


@dataclass(frozen=True, slots=True)
class WhenSpeaking:
    """Until the assistant has been heard for `seconds`."""

    seconds: float

    async def perform(self, stage: Stage) -> None:
        tape = stage.tape
        await stage.driver.until(lambda: tape.spoken_for >= self.seconds, PATIENCE)


@dataclass(frozen=True, slots=True)
class WhenFinished:
    """Until the assistant has answered and been silent for `seconds`."""

    seconds: float = 0.8

    async def perform(self, stage: Stage) -> None:
        driver, tape = stage.driver, stage.tape
        asked = driver.now
        begun = lambda: tape.quiet_for < driver.now - asked  # noqa: E731
        await driver.until(begun, PATIENCE)
        await driver.until(lambda: tape.quiet_for >= self.seconds and _at_rest(driver), PATIENCE)


@dataclass(frozen=True, slots=True)
class Happens:
    """Something that nobody says: a fault, a change of settings."""

    what: str
    do: Callable[[Stage], Awaitable[None]]

    async def perform(self, stage: Stage) -> None:
        now = stage.driver.now
        stage.deeds.append(Deed(meant="fault", text=self.what, begin=now, end=now))
        await self.do(stage)


async def perform(acts: Sequence[Act], stage: Stage) -> None:
    for act in acts:
        await act.perform(stage)


def _at_rest(driver: Driver) -> bool:
    return driver.session.state in ("idle", "listening") and driver.session.is_silent
