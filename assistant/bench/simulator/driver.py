"""Drives a session through a simulated room: 20 ms steps, a frame fed after every fourth.

Everything that a frame causes is waited for before the next step, so that what happens does not
depend on how fast the machine is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Self

import numpy as np

from assistant.assembly import find_personas, make_session
from assistant.audio.base import Float32
from assistant.bench.simulator.audio import STEP_SAMPLES, SimulatedAudio
from assistant.commands.ready import start_and_wait
from assistant.config import Config
from assistant.personas import LoadedPersonas
from assistant.session import Session

Mouth = Callable[[float], Float32]
"""Second at which a step begins → what the user says in it, float32 [480]."""


def silent(now: float) -> Float32:
    """The mouth of somebody who says nothing."""
    return np.zeros(STEP_SAMPLES, np.float32)


class Driver:
    """One session in one room. An async context manager: it starts and stops the session.

    Raises `BackendError` on entering where the backend cannot be loaded.
    """

    def __init__(
        self,
        config: Config,
        audio: SimulatedAudio,
        *,
        seed: int = 1,
        personas: LoadedPersonas | None = None,
    ) -> None:
        """`config` is used as it is, but that nothing of a simulation is kept."""
        config = config.model_copy(deep=True)
        config.session.save = False
        config.audio.mode = "open"
        self.audio = audio
        self.session: Session = make_session(
            config,
            audio,
            personas=personas or find_personas(config),
            clock=lambda: audio.now,
            steps=True,
            seed=seed,
        )
        self.mouth: Mouth = silent
        self.wall_seconds = 0.0
        """Time of the machine that the steps took."""
        self._last_frame = -1

    async def __aenter__(self) -> Self:
        try:
            await start_and_wait(self.session)
        except BaseException:
            await self.session.stop()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.session.stop()

    @property
    def now(self) -> float:
        """Seconds of simulated time."""
        return self.audio.now

    async def step(self) -> None:
        """20 ms."""
        began = time.monotonic()
        for number, frame in self.audio.step(self.mouth(self.audio.now)):
            await self.session.feed(number, frame)
            self._last_frame = number
        await asyncio.sleep(0)  # what the speaker has told is heard before the next step
        self.wall_seconds += time.monotonic() - began

    async def run(self, seconds: float) -> None:
        """Let that much time pass."""
        until = self.now + seconds - 1e-9
        while self.now < until:
            await self.step()

    async def until(self, happened: Callable[[], bool], limit: float) -> bool:
        """Let time pass until `happened()`; False where it has not after `limit` seconds."""
        end = self.now + limit
        while not happened():
            if self.now >= end:
                return False
            await self.step()
        return True

    async def until_quiet(self, limit: float = 60.0) -> bool:
        """Let time pass until the assistant has said what it wanted to say."""
        return await self.until(
            lambda: self.session.state == "idle" and self.session.speech.quiet.is_set(), limit
        )
