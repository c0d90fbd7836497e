"""Plays scenarios and measures them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from assistant.audio.base import Float32
from assistant.bench.simulator.audio import SimulatedAudio
from assistant.bench.simulator.driver import Driver
from assistant.bench.simulator.measures import Measures, measure
from assistant.bench.simulator.scenarios import Scenario
from assistant.bench.simulator.script import Renders, Stage, perform
from assistant.bench.simulator.tape import Recording
from assistant.config import Config
from assistant.events import (
    AudioChanged,
    Dropped,
    FirstSample,
    LagChanged,
    LoadProgress,
    SessionEvent,
    ToolFinished,
)
from assistant.frames import FRAME_SECONDS, Capabilities

_LAST_WORDS = 1.0
"""Seconds after the last act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One scenario, played once."""

    scenario: Scenario
    seed: int
    measures: Measures
    events: list[SessionEvent]
    recording: Recording
    seconds: float
    """Simulated."""
    wall_seconds: float

    @property
    def fingerprint(self) -> list[str]:
        return fingerprint(self.events)


async def play(
    scenario: Scenario, config: Config, voice: Renders, seed: int, *, keep_sound: bool = False
) -> Outcome:
    """Raises `BackendError` where the backend cannot be loaded."""
    config = config.model_copy(deep=True)
    surroundings = scenario.surroundings
    config.audio.headset = surroundings.echo == "none"
    tape = Recording(keep_sound=keep_sound)
    audio = SimulatedAudio(
        config.audio,
        room=surroundings.room(seed),
        noise=surroundings.noise_source(seed),
        tape=tape,
    )
    driver = Driver(config, audio, seed=seed)
    events: list[SessionEvent] = []
    driver.session.subscribe(events.append)
    async with driver:
        stage = Stage(driver, tape, voice, seed)
        await perform(scenario.acts, stage)
        await driver.run(_LAST_WORDS)
        dropped = sum(audio.drops().values()) + driver.backend.dropped
        expected = round(scenario.lost / FRAME_SECONDS + 0.49)
    measures = measure(events, stage.deeds, tape.envelopes())
    measures.frames_dropped = dropped
    measures.drops_unexplained = max(0, dropped - expected)
    return Outcome(
        scenario=scenario,
        seed=seed,
        measures=measures,
        events=events,
        recording=tape,
        seconds=audio.now,
        wall_seconds=driver.wall_seconds,
    )


def fingerprint(events: list[SessionEvent]) -> list[str]:
    """What must be the same in every run with the same seed: the events in their order and all that
    is in them but for what a machine's speed decides."""
    return [repr(_timeless(e)) for e in events if not isinstance(e, _MACHINE)]


_MACHINE = (LoadProgress, LagChanged, Dropped, AudioChanged)


def _timeless(event: SessionEvent) -> Any:
    match event:
        case FirstSample():
            return dataclasses.replace(event, stages={})
        case ToolFinished():
            result = dataclasses.replace(event.result, seconds=0.0)
            return dataclasses.replace(event, result=result)
    return event


def applies(scenario: Scenario, capabilities: Capabilities) -> bool:
    """Whether this backend can be asked to play it."""
    return not (scenario.needs_brain and capabilities.answers_by_itself)


__all__ = ["Float32", "Outcome", "applies", "fingerprint", "play"]
