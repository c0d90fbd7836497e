"""Plays scenarios and measures them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import msgspec

from assistant.config.schema import Config
from assistant.frames import FRAME_SECONDS
from assistant.session.events import (
    AudioChanged,
    Dropped,
    FirstSample,
    LagChanged,
    LoadProgress,
    SessionEvent,
    ToolFinished,
)
from benchmarks.simulator.audio import SimulatedAudio
from benchmarks.simulator.driver import Driver
from benchmarks.simulator.measures import Measures, measure
from benchmarks.simulator.scenarios import Scenario
from benchmarks.simulator.script import Renders, Stage, perform
from benchmarks.simulator.tape import LiveTape
from benchmarks.simulator.words import word_errors

_LAST_WORDS = 1.0
"""Seconds after the last act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioOutcome:
    """One scenario, played once."""

    scenario: Scenario
    seed: int
    measures: Measures
    events: list[SessionEvent]
    seconds: float
    """Simulated."""
    wall_seconds: float

    @property
    def fingerprint(self) -> list[str]:
        return fingerprint(self.events)


async def play(
    scenario: Scenario, config: Config, voice: Renders, seed: int, *, check_words: bool = False
) -> ScenarioOutcome | None:
    """None where this backend cannot be asked to play it. `check_words`: listen to interrupted
    answers, which takes the recogniser some seconds.

    Raises `BackendError` where the backend cannot be loaded.
    """
    config = config.model_copy(deep=True)
    surroundings = scenario.surroundings
    config.audio.headset = surroundings.echo == "none"
    tape = LiveTape(keep_sound=check_words)
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
        if scenario.needs_brain and driver.capabilities.answers_by_itself:
            return None
        stage = Stage(driver, tape, voice, seed)
        await perform(scenario.acts, stage)
        await driver.run(_LAST_WORDS)
        happened = list(events)  # what the end of the session causes is no part of it
        dropped = sum(audio.drops().values()) + driver.backend.dropped
        expected = round(scenario.lost / FRAME_SECONDS + 0.49)
    measures = measure(happened, stage.deeds, tape.envelopes())
    if check_words:
        measures.word_errors = word_errors(happened, tape) or []
    measures.frames_dropped = dropped
    measures.drops_unexplained = max(0, dropped - expected)
    return ScenarioOutcome(
        scenario=scenario,
        seed=seed,
        measures=measures,
        events=happened,
        seconds=audio.now,
        wall_seconds=driver.wall_seconds,
    )


def fingerprint(events: list[SessionEvent]) -> list[str]:
    """What must be the same in every run with the same seed: the events with all that is in them,
    but for what a machine's speed decides. Those of one moment stand in order of their kind,
    because what happens side by side has no order."""
    steady = [e for e in events if not isinstance(e, _MACHINE)]
    return [repr(_timeless(e)) for e in sorted(steady, key=lambda e: (e.t, type(e).__name__))]


_MACHINE = (LoadProgress, LagChanged, Dropped, AudioChanged)


def _timeless(event: SessionEvent) -> Any:
    match event:
        case FirstSample():
            return msgspec.structs.replace(event, stages={})
        case ToolFinished():
            result = dataclasses.replace(event.result, seconds=0.0)
            return msgspec.structs.replace(event, result=result)
    return event
