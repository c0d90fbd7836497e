"""Speech engines side by side: measured where they are here, told where they are not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.frames import VoiceSpec
from benchmarks import engines
from benchmarks.ears.words import WordErrors


class Judge:
    """Hears every word but the last."""

    def __init__(self) -> None:
        self.said = ""

    @classmethod
    def load(cls, spec: str, threads: int) -> Judge:
        return judge


judge = Judge()


class Engine:
    label = "talker"
    version = "1"

    def synthesize(self, text: str, *more: object) -> Float32:
        judge.said = text
        return np.sin(np.arange(12_000) / 20).astype(np.float32) * 0.1


def read_back(listener: Judge, sound: Float32) -> str:
    return listener.said.rpartition(" ")[0]


def load(name: str, *, threads: int) -> Engine:
    if name != "piper":
        raise BackendError(f"{name} is not here.", "Install it.")
    return Engine()


@pytest.fixture(autouse=True)
def _on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "Recognizer", Judge)
    monkeypatch.setattr(engines, "load_engine", load)
    monkeypatch.setattr(engines, "read_back", read_back)


def test_who_is_here_is_measured_and_who_is_not_says_what_to_do() -> None:
    here, absent = engines.measure(["piper", "kitten"], 6, seed=3)
    assert (len(here.factors), len(here.first_ms), here.label) == (6, 6, "talker")
    assert here.errors.errors == 6
    assert here.errors.words > 30
    assert (absent.factors, absent.problem) == ([], "kitten is not here. Install it.")


def test_the_table_and_its_json_hold_the_word_error_rate(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [engines.Row("piper", "talker", "GPL", [40.0], [0.05], WordErrors(3, 60))]
    engines.print_table(rows, as_json=True)
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["word_error_rate"] == pytest.approx(0.05)
    engines.print_table(rows, as_json=False)
    assert "3 of 60 (5.0 %)" in " ".join(capsys.readouterr().out.split())


def test_no_sentence_is_that_of_another_run() -> None:
    runs = [set(_first(seed)) for seed in (1, 2)]
    assert not runs[0] & runs[1]


def _first(seed: int) -> list[str]:
    sentences = engines._sentences(seed)
    return [next(sentences) for _ in range(20)]


def test_personas_keep_their_voices_and_lose_their_effects() -> None:
    assert all(voice.effect == "none" and voice.kokoro for voice in engines.speakers())
    assert len({frozenset(voice.kokoro) for voice in engines.speakers()}) == 4
    assert VoiceSpec() not in engines.speakers()
