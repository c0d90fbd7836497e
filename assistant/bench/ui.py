"""What the dashboard costs: share of one core at several update rates of the waveforms, and with a
face that moves.

The app runs in this process, drawing for a terminal that throws away what it gets, while both
level histories are fed with a speech-like loudness in real time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from textual.drivers.headless_driver import HeadlessDriver

from assistant.audio.base import DeviceChoice, Float32
from assistant.audio.levels import LevelHistory
from assistant.brain.base import BrainChoice
from assistant.config.schema import UiConfig
from assistant.frames import SAMPLE_RATE, AgentState
from assistant.memory.conversation import NoMemory
from assistant.personas.loading import Persona
from assistant.session.askers import Askers
from assistant.session.clients.requests import AnyRequest, AnyResult, RequestError
from assistant.session.events import (
    AudioChanged,
    BackendChosen,
    Notice,
    SessionEvent,
    StateChanged,
)
from assistant.session.frontend import Beside
from assistant.session.past_conversations import PastConversations
from assistant.ui.app import DashboardApp
from assistant.ui.screens.dialog import ConfirmGate

RATES = (0, 5, 10, 25, 50)
"""Updates a second; 0 feeds silence and so measures what rest costs."""

_BLOCK_SECONDS = 0.02
_SETTLE_SECONDS = 1.0


class DiscardingDriver(HeadlessDriver):
    """Counts what a terminal would be sent."""

    written = 0

    @property
    def is_headless(self) -> bool:
        """No: what is drawn must be turned into escape sequences, as for a real terminal."""
        return False

    def write(self, data: str) -> None:
        DiscardingDriver.written += len(data)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the dashboard is measured in."""

    name: str
    size: tuple[int, int] = (120, 40)
    updates_per_second: int = 25
    silent: bool = False
    moving_face: bool = False
    state: AgentState = "speaking"


def scenes_of(rates: Sequence[int], size: tuple[int, int] = (120, 40)) -> list[Scene]:
    """The waveforms at these rates beside a still face; 0 is silence, and so what rest costs."""
    return [
        Scene(
            f"dashboard, {rate} updates a second", size, rate or 25, silent=rate == 0, state="idle"
        )
        for rate in rates
    ]


FACES = [
    Scene("still face, 25 updates, 80×24", (80, 24)),
    Scene("face speaks, 25 updates, 80×24", (80, 24), moving_face=True),
    Scene("still face, 25 updates, 120×40"),
    Scene("face speaks, 25 updates, 120×40", moving_face=True),
    Scene("still face, 25 updates, 200×55", (200, 55)),
    Scene("face speaks, 25 updates, 200×55", (200, 55), moving_face=True),
    Scene("face breathes, silence, 120×40", silent=True, moving_face=True, state="idle"),
]
"""What the face costs is the difference of two."""


async def measure_ui(
    persona: Persona, scenes: Sequence[Scene], *, seconds: float = 5.0
) -> list[dict[str, float]]:
    """One row a scene: `cpu_percent` of one core, `kib_per_second` drawn."""
    return [await _measure(persona, scene, seconds) for scene in scenes]


async def _measure(persona: Persona, scene: Scene, seconds: float) -> dict[str, float]:
    session = _LevelsOnly(persona, scene.state)
    settings = UiConfig(updates_per_second=scene.updates_per_second, animation=scene.moving_face)
    app = DashboardApp(session, settings, driver_class=DiscardingDriver)
    app_task = asyncio.create_task(app.run_async(size=scene.size))
    await session.started.wait()
    feeding = asyncio.create_task(session.make_levels(silent=scene.silent))
    await asyncio.sleep(_SETTLE_SECONDS)
    before = (time.monotonic(), time.process_time(), DiscardingDriver.written)
    await asyncio.sleep(seconds)
    wall = time.monotonic() - before[0]
    cpu = time.process_time() - before[1]
    drawn = DiscardingDriver.written - before[2]
    feeding.cancel()
    app.exit()
    await app_task
    return {
        "cpu_percent": round(100 * cpu / wall, 2),
        "kib_per_second": round(drawn / 1024 / wall, 1),
    }


class _LevelsOnly:
    """A session with nothing behind it but two level histories."""

    def __init__(self, persona: Persona, state: AgentState) -> None:
        self.persona = persona
        self.state = state
        self.is_silent = True
        self.last_answer = ""
        self.askers = Askers()
        self.askers.add(ConfirmGate())
        self.input_levels = LevelHistory()
        self.output_levels = LevelHistory()
        self.memory = NoMemory()
        self.past = PastConversations(Path("no conversations"))
        self.started = asyncio.Event()
        self._listeners: list[Callable[[SessionEvent], None]] = []

    async def make_levels(self, *, silent: bool) -> None:
        """Sound in real time, 20 ms a block, on the same loop as the app."""
        block = round(_BLOCK_SECONDS * SAMPLE_RATE)
        noise = np.random.default_rng(1).uniform(-1, 1, block).astype(np.float32)
        start, sent = time.monotonic(), 0
        while True:
            while sent * _BLOCK_SECONDS < time.monotonic() - start:
                loudness = 0.0 if silent else 0.4 * abs(np.sin(sent * 0.12)) ** 3
                self.input_levels.push(noise * np.float32(loudness))
                self.output_levels.push(noise * np.float32(loudness / 2))
                sent += 1
            await asyncio.sleep(_BLOCK_SECONDS)

    def personas(self) -> list[Persona]:
        return [self.persona]

    def subscribe(self, listener: Callable[[SessionEvent], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return self._listeners.clear

    def standing(self) -> list[SessionEvent]:
        return []

    def greet(self) -> None: ...

    def replay(self) -> list[SessionEvent]:
        return []

    async def start(self) -> None:
        for listener in self._listeners:
            listener(AudioChanged(microphone="bench", speaker="bench"))
            listener(BackendChosen(name="none", reason="bench", ready=True))
            listener(StateChanged(state=self.state))
        self.started.set()

    async def stop(self) -> None:
        """Nothing was opened."""

    def at_start(self, notices: list[Notice], *work: Beside) -> None:
        """Nothing is beside the levels."""

    async def settled(self) -> None:
        """No answer is ever made."""

    async def finished(self) -> None:
        """Nor heard."""

    async def resume(self, id: str) -> None:
        """There is nothing to go on with."""

    async def change_persona(self, slug: str) -> None:
        raise KeyError(slug)

    async def brains(self) -> list[BrainChoice]:
        return []

    def change_brain(self, name: str) -> asyncio.Future[None]:
        return asyncio.ensure_future(asyncio.sleep(0))  # nobody answers

    async def send_text(self, text: str) -> None:
        """Nobody answers."""

    def say(self, *texts: str) -> None:
        """There is no voice."""

    def interrupt(self) -> None:
        """Nobody speaks."""

    def repeat(self) -> None:
        """Nothing was said."""

    def set_muted(self, muted: bool) -> None:
        """Nobody listens."""

    def set_push_to_talk(self, on: bool) -> None:
        """Nobody listens."""

    def talk_key(self, down: bool) -> None:
        """Nobody listens."""

    async def devices(self) -> list[DeviceChoice]:
        return []

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        pass

    async def serve_client(
        self, client: str, request: AnyRequest, progress: Callable[[str], None]
    ) -> AnyResult:
        raise RequestError("nothing is heard here")

    def sample(self, slug: str, delivery: str = "") -> None:
        """Nothing is heard."""

    def play_test_sound(self) -> None:
        pass

    def set_volume(self, volume: float) -> float:
        return volume

    def set_speech_rate(self, rate: float) -> float:
        return rate

    def replace_personas(self, personas: list[Persona], failed: list[str]) -> None:
        """There is one."""

    def take_frame(self, number: int, samples: Float32) -> None:
        """Nobody listens."""

    async def feed(self, number: int, samples: Float32) -> None:
        """Nobody listens."""
