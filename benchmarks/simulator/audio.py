"""A microphone and a speaker in a room that is computed, one step of 20 ms at a time.

    playback ─► speaker ─► front.played
                   └─► room (echo) ─┐
    the user's mouth ───────────────┼─► microphone ─► front.heard ─► frames
    noise ──────────────────────────┘

Nothing happens by itself: whoever drives it takes a step, and feeds the session with the frames
that come of it. Time is counted in samples, so that the same steps give the same sound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np

from assistant.audio.base import DeviceChoice, OnFrame
from assistant.audio.devices.reblock import Reblocker
from assistant.audio.frontend.frontend import FrontEnd
from assistant.audio.levels import LevelHistory
from assistant.audio.playback.jitter import JitterBuffer
from assistant.audio.types import Float32
from assistant.config.schema import AudioConfig
from assistant.frames import FRAME_SAMPLES, SAMPLE_RATE

STEP_SAMPLES = 480
"""Samples in one step: 20 ms, the block of a common sound card."""
STEP_SECONDS = STEP_SAMPLES / SAMPLE_RATE


class Echo(Protocol):
    """What the microphone hears of the speaker."""

    def echo(self, pcm: Float32) -> Float32:
        """Played float32 [n], 24 kHz → float32 [n] as it arrives at the microphone meanwhile."""


class NoiseSource(Protocol):
    """What else there is to be heard."""

    def read(self, n: int) -> Float32:
        """The next float32 [n], 24 kHz."""


class Tape(Protocol):
    """Writes down what was played and said; see `tape.Recording`."""

    def step(self, played: Float32, said: Float32) -> None:
        """Both float32 [480] of the same 20 ms."""


class SimulatedAudio:
    """`AudioIO` of a simulated room. `room` None is a headset: no echo. For rooms and noise see
    `benchmarks.room`.

    `lose` and `stall` are the faults of real microphones, see there.
    """

    def __init__(
        self,
        config: AudioConfig,
        *,
        room: Echo | None = None,
        noise: NoiseSource | None = None,
        tape: Tape | None = None,
    ) -> None:
        self.playback = JitterBuffer()
        self.playback.gain = config.volume
        self.front = FrontEnd(config)
        self.input_levels = LevelHistory()
        self.output_levels = LevelHistory()
        self.microphone: str | None = "simulated microphone"
        self.speaker: str | None = "simulated speaker"
        self.room = room
        self.noise = noise
        self.tape = tape
        self._reblocker = Reblocker()
        self._steps = 0
        self._lost_steps = 0
        self._stalled_steps = 0
        self._played: list[Float32] = []
        self._heard: list[Float32 | None] = []
        """Blocks that wait for a stall to end; None stands for a lost one."""

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        """`on_frame` is never called: the driver feeds the session."""

    async def stop(self) -> None:
        """There is nothing to let go of."""

    @property
    def now(self) -> float:
        """Seconds on the microphone's clock, which is the session's: 20 ms a step."""
        return self._steps * STEP_SECONDS

    def step(self, said: Float32) -> list[tuple[int, Float32]]:
        """Let 20 ms pass in which the user's mouth makes `said`, float32 [480].

        Returns the frames that are complete now: every fourth step one, after a stall several.
        """
        played = self.playback.read(STEP_SAMPLES)
        heard = said.astype(np.float32, copy=True)
        if self.room is not None:
            heard += self.room.echo(played)
        if self.noise is not None:
            heard += self.noise.read(STEP_SAMPLES)
        self._steps += 1
        if self.tape is not None:
            self.tape.step(played, said)
        self._played.append(played)
        self._heard.append(None if self._lost_steps else np.clip(heard, -1.0, 1.0))
        self._lost_steps = max(0, self._lost_steps - 1)
        if self._stalled_steps:
            self._stalled_steps -= 1
            if self._stalled_steps:
                return []
        return self._deliver()

    def lose(self, seconds: float) -> None:
        """From the next step on the microphone's sound of `seconds` is lost, as where a callback
        was late; the frames' numbers show the gap."""
        self._lost_steps += max(1, round(seconds / STEP_SECONDS))

    def stall(self, seconds: float) -> None:
        """From the next step on nothing is delivered for `seconds`, then all of it at once. The
        speaker plays on."""
        self._stalled_steps += max(1, round(seconds / STEP_SECONDS))

    async def devices(self) -> list[DeviceChoice]:
        """There is nothing to choose."""
        return []

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        """There is nothing to choose."""

    def drops(self) -> dict[str, int]:
        return {
            "microphone": self._reblocker.lost_frames,
            "speaker": -(-self.playback.dropped // FRAME_SAMPLES),
        }

    def output_delay(self) -> float:
        return 0.0

    def _deliver(self) -> list[tuple[int, Float32]]:
        """The speaker first: an echo canceller has to know a sound before it hears it."""
        for pcm in self._played:
            self.output_levels.push(pcm)
            self.front.played(pcm)
        frames: list[tuple[int, Float32]] = []
        for block in self._heard:
            if block is None:
                frames += self._reblocker.lose(STEP_SAMPLES)
                continue
            self.input_levels.push(block)
            frames += self._reblocker.push(self.front.heard(block))
        self._played.clear()
        self._heard.clear()
        return frames
