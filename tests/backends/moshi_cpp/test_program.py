"""The whole program on the stand-in, in its real processes: a conversation, and what survives."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistant import frames as f
from assistant.backends.host.child import Launch
from assistant.backends.host.process import BackendProcess
from assistant.commands.event_log import read_events
from assistant.commands.talk import TalkOptions, talk_command
from assistant.config.schema import Config
from assistant.session.events import (
    AgentSaid,
    BackendChosen,
    Failure,
    Notice,
    PersonaChanged,
    SessionEvent,
    UserSaid,
)
from tests.backends.host.test_process import SILENT, Recorder
from tests.backends.host.test_process import until as until_async
from tests.backends.moshi.test_program import heard, of, spoken
from tests.backends.moshi_cpp.conftest import Driver, MakeProgram, MakeWeights, persona
from tests.processes import children, command_of, is_alive, until


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setattr("assistant.commands.talk.LONGEST_ANSWER", 5.0)


def talk(
    folder: Path, program: Path, model: Path, text: str, **settings: Any
) -> list[SessionEvent]:
    config = Config.model_validate(
        {
            "session": {"save": False},
            "brain": {"kind": "scripted"},
            "backend": {
                "name": "moshi-cpp",
                "moshi_cpp": {"program": str(program), "model": str(model), **settings},
            },
        }
    )
    events = folder / "events.jsonl"
    options = TalkOptions(
        input=spoken(folder / "in.wav", text), output=folder / "out.wav", events=events, seed=1
    )
    assert talk_command(config, options) == 0
    return list(read_events(events))


@pytest.mark.weights
def test_a_spoken_change_of_persona(
    make_program: MakeProgram, make_weights: MakeWeights, tmp_path: Path, driver: Driver
) -> None:
    """It greets in writing, speaks with its own voice, hears the command, is started anew as the
    other, who introduces herself in writing, too; and nothing of it is left."""
    events = talk(tmp_path, make_program(), make_weights(), "change to gladoss")
    backend = of(events, BackendChosen)[-1]
    assert backend.ready
    assert backend.engine.startswith("moshi.cpp personaplex")
    assert "whisper" in backend.engine
    assert [e.persona.slug for e in of(events, PersonaChanged)] == ["glados"]
    assert of(events, UserSaid)[-1].final
    said = of(events, AgentSaid)
    assert said[0].persona == "jarvis"
    assert said[-1].persona == "glados"
    assert any("started anew to become GLaDOS" in e.text for e in of(events, Notice))
    first, second = (run["argv"] for run in driver.runs)
    assert first[first.index("-v") + 1].endswith("NATM1.gguf")
    assert second[second.index("-v") + 1].endswith("NATF1.gguf")
    assert second[second.index("-p") + 1] != first[first.index("-p") + 1]
    assert heard(tmp_path / "out.wav") > 0.001
    assert not of(events, Failure)
    driver.gone()


@pytest.mark.weights
def test_a_program_that_cannot_run_gives_way_to_the_cascade(
    make_program: MakeProgram, make_weights: MakeWeights, tmp_path: Path
) -> None:
    events = talk(tmp_path, make_program("bad_weights"), make_weights(), "")
    [notice] = [e for e in of(events, Notice) if "moshi-cpp cannot run" in e.text]
    assert "weights cannot be read" in notice.text
    assert "cascade takes its place" in notice.remedy
    assert of(events, BackendChosen)[-1].name == "cascade"


class Process:
    """The backend process, as the host keeps it."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.process: BackendProcess | None = None
        self._number = 0

    def start(self, program: Path, model: Path, substitute: Launch | None = None) -> BackendProcess:
        options: dict[str, Any] = {"program": str(program), "model": str(model), "whisper": "none"}
        load = f.Load(options=options, names=[])
        self.process = BackendProcess("moshi-cpp", load, self.recorder, substitute=substitute)
        self.process.send(f.ChangePersona(persona("Ada", "NATF1")))
        self.process.start()
        return self.process

    async def talk(self, frames: int = 30) -> None:
        assert self.process is not None
        for _ in range(frames):
            self.process.send(f.Push(self._number, SILENT))
            self._number += 1
            await asyncio.sleep(0.02)

    def worker(self) -> int:
        assert self.process is not None
        assert self.process.pid is not None
        return self.process.pid


@pytest.fixture
async def host(driver: Driver) -> AsyncIterator[Process]:
    """Ended before `driver` looks whether anything is left."""
    host = Process()
    yield host
    if host.process is not None:
        await host.process.stop()


async def test_it_begins_as_the_persona_in_charge(
    host: Process, make_program: MakeProgram, make_weights: MakeWeights, driver: Driver
) -> None:
    """It is loaded once, not once more for the persona that was known already."""
    process = host.start(make_program(), make_weights())
    await asyncio.wait_for(process.ready.wait(), 30)
    await host.talk()
    await until_async(lambda: bool(host.recorder.of(f.AgentText)))
    assert len(driver.runs) == 1
    assert "Ada the machine. It is kind." in driver.runs[0]["argv"]


async def test_it_does_not_outlive_a_killed_backend_process(
    host: Process, make_program: MakeProgram, make_weights: MakeWeights, driver: Driver
) -> None:
    process = host.start(make_program("stubborn"), make_weights())
    await asyncio.wait_for(process.ready.wait(), 30)
    [program] = children(host.worker())
    assert "moshi-sts" in command_of(program)
    os.kill(host.worker(), signal.SIGKILL)
    await asyncio.to_thread(until, lambda: not is_alive(program), "the orphan was gone")
    await until_async(lambda: process.restarts == 1 and process.ready.is_set())


async def test_one_that_dies_is_started_again_and_that_is_told(
    host: Process, make_program: MakeProgram, make_weights: MakeWeights, driver: Driver
) -> None:
    process = host.start(make_program(), make_weights())
    await asyncio.wait_for(process.ready.wait(), 30)
    await host.talk(40)
    os.kill(driver.runs[0]["pid"], signal.SIGKILL)
    await until_async(lambda: process.restarts == 1 and process.ready.is_set())
    told = [event for event in host.recorder.of(f.Failed) if "SIGKILL" in event.message]
    assert told
    assert not any(event.fatal for event in told)
    await host.talk(40)
    assert len(driver.runs) == 2
    assert driver.runs[1]["argv"] == driver.runs[0]["argv"], "the same persona"


async def test_one_that_always_dies_is_given_up_with_a_remedy(
    host: Process,
    make_program: MakeProgram,
    make_weights: MakeWeights,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assistant.backends.host.restarts.TRIES", 3)
    monkeypatch.setattr("assistant.backends.host.restarts.LONGEST_PAUSE", 0.1)
    process = host.start(make_program("exits", after=1), make_weights())
    for _ in range(600):
        await host.talk(1)
        if process.given_up:
            break
    failed = host.recorder.of(f.Failed)[-1]
    assert failed.fatal
    assert "3 times in a row" in failed.message
    assert failed.remedy


async def test_stopping_ends_it_also_while_it_loads(
    host: Process, make_program: MakeProgram, make_weights: MakeWeights, driver: Driver
) -> None:
    process = host.start(make_program("loads_for_ever"), make_weights())
    await until_async(lambda: bool(driver.runs))
    await asyncio.wait_for(process.stop(), 5)
    await asyncio.to_thread(driver.gone)
