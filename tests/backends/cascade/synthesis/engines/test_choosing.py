"""Which engine `voice_engine = "auto"` takes: by how soon it sounds on this machine, once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.engines import catalog, choice, choosing
from assistant.backends.cascade.synthesis.engines.choice import Speed
from assistant.commands.doctor import speech as doctor
from assistant.config.schema import Config
from assistant.locations import voice_choice_file
from tests.hub_stand_in import isolated


class Machine:
    """Engines that are here, and the milliseconds until each sounds."""

    def __init__(self) -> None:
        self.takes = {"kokoro": 900.0, "hibari": 40.0, "piper": 60.0}
        self.factors: dict[str, float] = {}
        self.damaged: set[str] = set()
        self.loaded: list[str] = []
        self.measured: list[str] = []
        self.load = 0.0

    def here(self) -> list[catalog.EngineSpec]:
        return [spec for spec in catalog.BEST_FIRST if spec.name in self.takes]

    def load_engine(self, name: str, *, threads: int = 0, voice: str | None = None) -> object:
        self.loaded.append(name)
        if name in self.damaged or name not in self.takes:
            raise BackendError(f"{name} cannot be read")
        return type("Loaded", (), {"label": name, "voice": voice})()

    def speed(self, engine: object) -> Speed:
        name = engine.label  # type: ignore[attr-defined]
        self.measured.append(name)
        factor = self.factors.get(name, 0.3)
        return Speed(first_sample_ms=self.takes[name], real_time_factor=factor)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    isolated(monkeypatch, tmp_path)
    machine = Machine()
    for module in (choosing, doctor):
        monkeypatch.setattr(module, "engines_here", machine.here)
    monkeypatch.setattr(choice, "engines_here", machine.here)
    monkeypatch.setattr(choosing, "load_engine", machine.load_engine)
    monkeypatch.setattr(choosing, "speed_of", machine.speed)
    monkeypatch.setattr(os, "getloadavg", lambda: (machine.load, 0.0, 0.0))
    return machine


def chosen(*, measure: bool = True) -> str:
    return choosing.load_voice("auto", measure=measure).engine.label


def test_the_best_that_is_quick_enough_is_taken_and_told(machine: Machine) -> None:
    told: list[str] = []
    loaded = choosing.load_voice("auto", tell=told.append)
    assert loaded.engine.label == "hibari"
    assert "hibari, first sample after 40 ms" in loaded.note
    assert "kokoro: 900 ms" in loaded.note
    assert told
    assert machine.measured == ["kokoro", "hibari"]


def test_it_is_measured_once(machine: Machine) -> None:
    assert chosen() == "hibari"
    machine.loaded.clear()
    machine.measured.clear()
    again = choosing.load_voice("auto")
    assert (again.engine.label, again.note) == ("hibari", "")
    assert (machine.measured, machine.loaded) == ([], ["hibari"])


def test_a_voice_that_cannot_keep_up_is_passed_over(machine: Machine) -> None:
    machine.takes["kokoro"], machine.factors["kokoro"] = 200.0, 1.4
    assert chosen() == "hibari"


def test_a_quick_machine_takes_the_voice_of_every_persona(machine: Machine) -> None:
    machine.takes["kokoro"] = 250.0
    assert chosen() == "kokoro"
    assert machine.measured == ["kokoro"]


def test_where_there_is_no_choice_nothing_is_measured(machine: Machine) -> None:
    machine.takes = {"kokoro": 5000.0}
    loaded = choosing.load_voice("auto")
    assert (loaded.engine.label, loaded.note, machine.measured) == ("kokoro", "", [])
    assert not voice_choice_file().exists()


def test_where_all_are_too_slow_the_soonest_is_taken(machine: Machine) -> None:
    machine.takes = {"kokoro": 2000.0, "hibari": 700.0, "piper": 800.0}
    assert chosen() == "hibari"


def test_a_busy_machine_is_measured_again_the_next_time(machine: Machine) -> None:
    machine.load = 500.0
    assert chosen() == "hibari"
    machine.load, machine.takes["kokoro"] = 0.1, 250.0
    assert chosen() == "kokoro"


def test_what_is_damaged_is_passed_over(machine: Machine) -> None:
    machine.damaged = {"kokoro", "hibari"}
    assert chosen() == "piper"
    machine.damaged = set(machine.takes)
    voice_choice_file().unlink()
    with pytest.raises(BackendError):
        chosen()


def test_what_was_damaged_since_is_passed_over(machine: Machine) -> None:
    assert chosen() == "hibari"
    machine.damaged = {"hibari"}
    assert chosen() == "kokoro"


def test_without_a_clock_nothing_is_measured(machine: Machine) -> None:
    assert chosen(measure=False) == "kokoro"
    assert machine.measured == []
    assert chosen() == "hibari"
    assert chosen(measure=False) == "hibari", "as it was found before"


def test_an_engine_that_is_named_is_loaded_with_its_voice(machine: Machine) -> None:
    loaded = choosing.load_voice("kokoro", voice="mine.npz")
    assert (loaded.engine.label, loaded.note) == ("kokoro", "")
    assert loaded.engine.voice == "mine.npz"  # type: ignore[attr-defined]
    assert machine.measured == []


def test_a_choice_that_cannot_be_read_is_made_anew(machine: Machine) -> None:
    assert chosen() == "hibari"
    voice_choice_file().write_bytes(b'{"engine": 5}')
    assert chosen() == "hibari"
    assert machine.measured == ["kokoro", "hibari"] * 2


def test_the_doctor_tells_what_was_chosen_and_why(machine: Machine) -> None:
    config = Config()
    config.backend.cascade.voice_engine = "auto"
    (before,) = doctor.voice(config)
    assert (before.state, "measured at the next start" in before.value) == ("ok", True)
    machine.takes["hibari"], machine.takes["kokoro"] = 300.0, 900.0
    machine.takes.pop("piper")
    machine.damaged = {"hibari"}
    assert chosen() == "kokoro"
    (after,) = doctor.voice(config)
    assert (after.state, "kokoro: " in after.value or "chosen: kokoro" in after.value) == (
        "ok",
        True,
    )
