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

from assistant.audio.types import Float32
from assistant.backends.host.process import BackendProcess
from assistant.brain.base import Brain
from assistant.config.schema import Config
from assistant.frames import AnyEvent, Capabilities, Load, Ready
from assistant.personas.loading import LoadedPersonas
from assistant.session.dependencies import MakeBackend, MakeBrain
from assistant.session.events import Notice
from assistant.session.factory import find_personas, make_dependencies, start_and_wait
from assistant.session.frontend import SessionFrontend
from assistant.session.session import Session
from benchmarks.simulator.audio import STEP_SAMPLES, SimulatedAudio
from benchmarks.simulator.slow import SimulatedBrain, Slowness, VirtualTime, weather_tool

Mouth = Callable[[float], Float32]
"""Second at which a step begins → what the user says in it, float32 [480]."""


def silent(now: float) -> Float32:
    """The mouth of somebody who says nothing."""
    return np.zeros(STEP_SAMPLES, np.float32)


class Driver:
    """One session in one room. An async context manager: it starts and stops the session.

    Raises `BackendError` on entering where the backend cannot be loaded. Made in a running loop.
    """

    def __init__(
        self,
        config: Config,
        audio: SimulatedAudio,
        *,
        seed: int = 1,
        personas: LoadedPersonas | None = None,
        slowness: Slowness | None = None,
    ) -> None:
        """`config` is used as it is, but that nothing of a simulation is kept."""
        config = config.model_copy(deep=True)
        config.session.save = False
        config.audio.mode = "open"
        self.audio = audio
        self.backend: BackendProcess
        """The child, for faults."""
        self.capabilities = Capabilities()
        """The child's, once it is ready."""
        self.time = VirtualTime(lambda: audio.now)
        self.slowness = slowness or Slowness()
        dependencies = make_dependencies(
            config,
            audio,
            personas=personas or find_personas(config),
            clock=lambda: audio.now,
            steps=True,
            seed=seed,
        )
        dependencies.tools = [weather_tool(self.time, self.slowness)]
        dependencies.make_brain = self._slowed(dependencies.make_brain)
        dependencies.make_backend = self._kept(dependencies.make_backend)
        self.session: SessionFrontend = Session(dependencies)
        self._all_settled = self.session.settled
        # A tool that waits for the virtual clock must not keep it from going on, and an answer's
        # sound must have come before the next step.
        self.session.settled = self._settled  # type: ignore[method-assign]
        self.mouth: Mouth = silent
        self.wall_seconds = 0.0
        """Time of the machine that the steps took."""

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
        frames = self.audio.step(self.mouth(self.audio.now))
        self.time.advance()
        for number, frame in frames:
            await self.session.feed(number, frame)
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
            lambda: self.session.state == "idle" and self.session.is_silent, limit
        )

    def _kept(self, make: MakeBackend) -> MakeBackend:
        def make_backend(load: Load, on_event: Callable[[AnyEvent], None]) -> BackendProcess:
            def listen(event: AnyEvent) -> None:
                if isinstance(event, Ready):
                    self.capabilities = event.capabilities
                on_event(event)

            self.backend = make(load, listen)
            return self.backend

        return make_backend

    def _slowed(self, make: MakeBrain) -> MakeBrain:
        async def make_brain(notify: Callable[[Notice], None]) -> Brain:
            return SimulatedBrain(await make(notify), self.time, self.slowness)

        return make_brain

    async def _settled(self) -> None:
        await self._answered()
        while await self.backend.caught_up():
            await self._answered()

    async def _answered(self) -> None:
        """Wait until no answer is being made, or the one that is waits for time to pass."""
        settled = asyncio.ensure_future(self._all_settled())
        asleep = asyncio.ensure_future(self.time.somebody_sleeps.wait())
        try:
            await asyncio.wait({settled, asleep}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            settled.cancel()
            asleep.cancel()
            await asyncio.gather(settled, asleep, return_exceptions=True)
