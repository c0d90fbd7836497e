"""The whole program on a Moshi of random weights: `assistant talk`, real speech, real process."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
import soxr

from assistant.audio.wav import WavReader, WavWriter
from assistant.commands.event_log import read_events
from assistant.commands.talk import TalkOptions, talk_command
from assistant.config.schema import Config
from assistant.session.events import (
    AgentSaid,
    BackendChosen,
    BrainChosen,
    Failure,
    Notice,
    PersonaChanged,
    SessionEvent,
    UserSaid,
)
from tests.backends.moshi.conftest import MakeCheckpoint
from tests.speech import RATE, kokoro

Events = list[SessionEvent]
Event = TypeVar("Event", bound=SessionEvent)

pytestmark = [
    pytest.mark.weights,
    pytest.mark.usefixtures("home"),
    pytest.mark.xdist_group("moshi-program"),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    # A model of random weights does not know when to stop.
    monkeypatch.setattr("assistant.commands.talk.LONGEST_ANSWER", 5.0)


def spoken(path: Path, text: str) -> Path:
    """The text with pauses around it; a second of silence where it is empty."""
    quiet = np.zeros(24_000, np.float32)
    sound = soxr.resample(kokoro(text), RATE, 24_000).astype(np.float32) if text else quiet[:0]
    with WavWriter(path) as writer:
        writer.write(np.concatenate([quiet, sound, quiet if text else quiet[:0]]))
    return path


def talk(folder: Path, backend: str, weights: Path, text: str) -> Events:
    config = Config.model_validate(
        {
            "session": {"save": False},
            "brain": {"kind": "scripted"},
            "backend": {
                "name": backend,
                "moshi": {
                    "weights": str(weights),
                    "device": "cpu",
                    "quantize": "none",
                    "seed": 1,
                    "listener": "whisper",
                },
            },
        }
    )
    events = folder / "events.jsonl"
    options = TalkOptions(
        input=spoken(folder / "in.wav", text), output=folder / "out.wav", events=events, seed=1
    )
    assert talk_command(config, options) == 0
    return list(read_events(events))


def of(events: Events, kind: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def heard(path: Path) -> float:
    """Root mean square of all that was played."""
    reader = WavReader(path)
    try:
        return float(np.sqrt(np.mean(np.concatenate(list(reader.blocks())) ** 2)))
    finally:
        reader.close()


@pytest.mark.parametrize("framework", ["torch", "mlx"])
def test_a_spoken_change_of_persona_on_a_speaking_model(
    framework: str, checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    """It greets in the persona's words, hears the command, becomes another and introduces itself;
    both sides are written down and there is sound."""
    pytest.importorskip("moshi" if framework == "torch" else "moshi_mlx")
    weights = checkpoint("personaplex", context=400)
    events = talk(tmp_path, f"moshi-{framework}", weights, "change to gladoss")
    backend = of(events, BackendChosen)[-1]
    assert backend.ready
    assert "whisper" in backend.engine
    assert of(events, BrainChosen)[-1].label == "the model itself"
    assert [e.persona.slug for e in of(events, PersonaChanged)] == ["glados"]
    speakers = [e.persona for e in of(events, AgentSaid) if not e.final]
    assert speakers[0] == "jarvis"
    assert speakers[-1] == "glados", "she introduces herself"
    assert of(events, UserSaid)[-1].final
    assert heard(tmp_path / "out.wav") > 0.001


def test_a_plain_moshi_says_honestly_that_it_knows_no_personas(
    checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    events = talk(tmp_path, "moshi-torch", checkpoint("moshi", context=400), "")
    assert "plain Moshi" in of(events, BackendChosen)[-1].note


def test_weights_that_cannot_be_loaded_give_way_to_the_cascade(
    checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    """One line says why, and the command is obeyed all the same."""
    broken = tmp_path / "broken"
    shutil.copytree(checkpoint("personaplex", context=400), broken)
    (broken / "tokenizer.model").write_bytes(b"no vocabulary at all")
    events = talk(tmp_path, "moshi-torch", broken, "change to gladoss")
    notices = [e for e in of(events, Notice) if "moshi-torch cannot run" in e.text]
    assert len(notices) == 1
    assert "cascade" in notices[0].remedy
    assert of(events, BackendChosen)[-1].name == "cascade"
    assert [e.persona.slug for e in of(events, PersonaChanged)] == ["glados"]
    assert not of(events, Failure)
