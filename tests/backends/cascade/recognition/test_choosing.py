"""Which weights `audio.stt = "auto"` takes: by what a typical turn takes on this machine, once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.backends.base import BackendError
from assistant.backends.cascade import weights, weights_choice
from assistant.backends.cascade.recognition import choosing
from assistant.backends.cascade.recognition.choosing import load_recognizer
from assistant.backends.cascade.recognition.stt import Recognizer
from assistant.commands.doctor import speech as doctor
from assistant.config.loading import load_config
from assistant.config.schema import Config
from assistant.locations import stt_choice_file
from tests.hub_stand_in import isolated


class Machine:
    """Weights that are here, and how long each takes for a turn on this machine."""

    def __init__(self) -> None:
        self.takes = {"small.en": 900.0, "packaged:base": 140.0, "packaged:tiny.en": 70.0}
        self.damaged: set[str] = set()
        self.loaded: list[str] = []
        self.measured: list[str] = []
        self.load = 0.0

    def load_weights(self, spec: str, threads: int, language: str) -> object:
        self.loaded.append(spec)
        if spec in self.damaged or spec not in self.takes:
            raise BackendError(f"{spec} cannot be read")
        many = not weights.is_english_only(spec)
        return type("Loaded", (), {"label": spec, "knows_languages": many})()

    def time(self, recognizer: Recognizer) -> float:
        self.measured.append(recognizer.label)
        return self.takes[recognizer.label]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    isolated(monkeypatch, tmp_path)
    machine = Machine()
    monkeypatch.setattr(weights, "is_here", lambda spec: spec in machine.takes)
    monkeypatch.setattr(Recognizer, "load", machine.load_weights)
    monkeypatch.setattr(choosing, "time_of_turn", machine.time)
    monkeypatch.setattr(os, "getloadavg", lambda: (machine.load, 0.0, 0.0))
    return machine


def chosen(**more: bool) -> str:
    return load_recognizer("auto", **more).recognizer.label


def test_the_best_that_is_quick_enough_is_taken_and_told(machine: Machine) -> None:
    told: list[str] = []
    loaded = load_recognizer("auto", tell=told.append)
    assert loaded.recognizer.label == "packaged:base"
    assert "packaged:base takes 140 ms" in loaded.note
    assert "small.en: 900 ms" in loaded.note
    assert told
    assert machine.measured == ["small.en", "packaged:base"]


def test_it_is_measured_once(machine: Machine) -> None:
    assert chosen() == "packaged:base"
    machine.measured.clear()
    machine.loaded.clear()
    again = load_recognizer("auto")
    assert (again.recognizer.label, again.note) == ("packaged:base", "")
    assert machine.measured == []
    assert machine.loaded == ["packaged:base"], "nothing else is loaded to find out"


def test_other_weights_are_measured_anew(machine: Machine) -> None:
    assert chosen() == "packaged:base"
    machine.takes["base.en"] = 120.0
    assert chosen() == "base.en"


def another_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_choice, "processor", lambda: "a faster one")


def more_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)


@pytest.mark.parametrize("change", [another_processor, more_cores])
def test_on_another_machine_it_is_measured_anew(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[pytest.MonkeyPatch], None],
) -> None:
    assert chosen() == "packaged:base"
    machine.takes["small.en"] = 200.0
    assert chosen() == "packaged:base"
    change(monkeypatch)
    assert chosen() == "small.en"


def test_a_slow_machine_stays_with_the_smallest(machine: Machine) -> None:
    machine.takes = dict.fromkeys(machine.takes, 2000.0)
    assert chosen() == "packaged:tiny.en"
    assert chosen() == "packaged:tiny.en"
    assert machine.measured == ["small.en", "packaged:base"]


def test_where_there_is_no_choice_nothing_is_measured(machine: Machine) -> None:
    machine.takes = {"packaged:tiny.en": 5000.0}
    loaded = load_recognizer("auto")
    assert (loaded.recognizer.label, loaded.note) == ("packaged:tiny.en", "")
    assert machine.measured == []
    assert not stt_choice_file().exists()


def test_a_busy_machine_is_measured_again_the_next_time(machine: Machine) -> None:
    machine.load, machine.takes["packaged:base"] = 500.0, 600.0
    assert chosen() == "packaged:tiny.en"
    machine.load, machine.takes["packaged:base"] = 0.1, 140.0
    assert chosen() == "packaged:base"


def test_damaged_weights_are_passed_over(machine: Machine) -> None:
    machine.damaged = {"small.en", "packaged:base"}
    assert chosen() == "packaged:tiny.en"
    machine.damaged = set(machine.takes)
    with pytest.raises(BackendError):
        chosen()


def test_too_slow_is_better_than_none(machine: Machine) -> None:
    machine.takes = {"small.en": 900.0, "packaged:base": 400.0, "packaged:tiny.en": 70.0}
    machine.damaged = {"packaged:tiny.en"}
    assert chosen() == "packaged:base"


def test_weights_that_were_damaged_since_are_passed_over(machine: Machine) -> None:
    assert chosen() == "packaged:base"
    machine.damaged = {"packaged:base", "small.en"}
    assert chosen() == "packaged:tiny.en"


def test_without_a_clock_nothing_is_measured(machine: Machine) -> None:
    assert chosen(measure=False) == "packaged:tiny.en"
    assert machine.measured == []
    assert chosen() == "packaged:base"
    assert chosen(measure=False) == "packaged:base", "as it was found before"


def test_a_choice_that_cannot_be_read_is_made_anew(machine: Machine) -> None:
    assert chosen() == "packaged:base"
    stt_choice_file().write_bytes(b'{"spec": 5}')
    assert chosen() == "packaged:base"
    assert machine.measured == ["small.en", "packaged:base"] * 2


def test_who_speaks_german_needs_weights_of_many_languages(machine: Machine) -> None:
    machine.takes["small.en"] = 100.0
    assert weights_choice.candidates("de") == ["packaged:base"]
    assert weights_choice.candidates("en")[0] == "small.en"
    del machine.takes["packaged:base"]
    assert weights_choice.candidates("de") == ["small.en", "packaged:tiny.en"]


def test_ears_that_cannot_know_the_language_are_told(machine: Machine) -> None:
    assert load_recognizer("packaged:tiny.en", language="en").note == ""
    note = load_recognizer("packaged:tiny.en", language="de").note
    assert "English only" in note
    assert "German: assistant models pull packaged:base" in note


def test_the_doctor_tells_what_was_chosen_and_why(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (before,) = doctor.whisper(Config())
    assert "measured at the next start" in before.value
    machine.takes["packaged:tiny.en"] = 60.0
    machine.takes["packaged:base"] = 300.0
    chosen()
    (after,) = doctor.whisper(Config())
    assert (after.state, "tiny.en in " in after.value) == ("ok", True)
    assert "packaged:base: 300 ms" in after.value


def test_the_older_name_counts_where_it_is_set() -> None:
    assert load_config(environ={}).stt == "auto"
    older = {"ASSISTANT_BACKEND__CASCADE__WHISPER": "packaged:tiny.en"}
    assert load_config(environ=older).stt == "packaged:tiny.en"
    both = load_config(overrides={"audio.stt": "small.en"}, environ=older)
    assert both.stt == "packaged:tiny.en"
    assert load_config(overrides={"audio.stt": "small.en"}, environ={}).stt == "small.en"


@pytest.mark.weights
def test_the_time_of_a_turn_does_not_hang_on_what_is_heard() -> None:
    """Noise is written as as many tokens as speech would be; else nothing would be measured."""
    recognizer = Recognizer.load("packaged:tiny.en", 1)
    written: list[int] = []
    generate = recognizer._model.generate

    class Counted:
        def __getattr__(self, name: str) -> object:
            return getattr(model, name)

        def generate(self, *args: object, **more: object) -> object:
            results = generate(*args, **more)
            written.append(len(results[0].sequences_ids[0]))
            return results

    model, recognizer._model = recognizer._model, Counted()
    assert choosing.time_of_turn(recognizer) > 0
    assert len(written) >= 4
    assert set(written) == {16}
