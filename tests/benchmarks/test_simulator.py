"""Whole conversations with scripted users, on the virtual clock: what must hold of the events.

The thresholds of `HOLDS` are the promise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assistant.config.schema import AudioConfig, Config
from assistant.frames import SAMPLE_RATE
from assistant.session.events import FirstSample, ToolFinished
from benchmarks.room import Room
from benchmarks.simulator.audio import STEP_SAMPLES, SimulatedAudio
from benchmarks.simulator.faults import late_frames, lost_frames, slower
from benchmarks.simulator.measures import Measures
from benchmarks.simulator.run import ScenarioOutcome, play
from benchmarks.simulator.scenarios import SCENARIOS, RoomConditions, Scenario, find
from benchmarks.simulator.script import ScriptSay, Type, Wait, WhenFinished, WhenSpeaking
from benchmarks.simulator.voice import UserVoice
from tests.fakes import speech_like


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "DATA", "STATE"):  # the cache is shared: rendering takes seconds
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


class Hum:
    """A voice that needs no model: as long as its text, and voiced."""

    def say(self, text: str) -> np.ndarray:
        return 0.5 * speech_like(60.0)[: int(0.08 * len(text) * SAMPLE_RATE)]


def config(backend: str, **session: object) -> Config:
    return Config.model_validate(
        {
            "backend": {"name": backend},
            "brain": {"kind": "scripted"},
            "session": {"save": False, **session},
        }
    )


def played(scenario: Scenario, settings: Config, voice: Hum | UserVoice) -> ScenarioOutcome:
    outcome = asyncio.run(play(scenario, settings, voice, seed=1))
    assert outcome is not None
    return outcome


# --- on a backend without models ---------------------------------------------------------------

TALK = Scenario(
    name="talk",
    about="two turns, one with lost and late frames",
    acts=(
        WhenFinished(0.8),
        ScriptSay("How are you this morning?"),
        WhenFinished(),
        lost_frames(0.16),
        late_frames(0.3),
        ScriptSay("And what is new?"),
        WhenFinished(),
    ),
    lost=0.16,
)


def test_the_same_seed_gives_the_same_conversation() -> None:
    first, second = (played(TALK, config("echo"), Hum()) for _ in range(2))
    assert first.fingerprint == second.fingerprint
    assert first.seconds == second.seconds


def test_every_turn_is_answered_and_every_lost_frame_explained() -> None:
    m = played(TALK, config("echo"), Hum()).measures
    assert (m.answered, m.turns) == (2, 2)
    assert all(0 < latency < 2 for latency in m.latencies)
    assert m.frames_dropped > 0
    assert m.drops_unexplained == 0
    assert m.self_triggers == 0


def test_a_frame_that_no_fault_took_is_unexplained() -> None:
    scenario = Scenario(name="lossy", about="", acts=(lost_frames(0.4), Wait(1.0)), lost=0.0)
    m = played(scenario, config("echo", greeting=False), Hum()).measures
    assert m.drops_unexplained == m.frames_dropped == 5


def test_a_slow_tool_takes_its_time_on_the_clock_of_the_simulation() -> None:
    """Typed, because the loopback understands no words; three seconds pass in a moment."""
    scenario = Scenario(
        name="slow",
        about="",
        acts=(slower(tool=3.0), Type("What is the weather like?"), WhenFinished()),
    )
    outcome = played(scenario, config("echo", greeting=False), Hum())
    (finished,) = [e for e in outcome.events if isinstance(e, ToolFinished)]
    assert finished.t == pytest.approx(3.0, abs=0.1)
    assert [e.t for e in outcome.events if isinstance(e, FirstSample) and e.t > 3.0]
    assert outcome.measures.tool_results_lost == 0


def test_what_a_backend_of_its_own_mind_cannot_be_asked_is_not_played() -> None:
    (story,) = find(["barge-in"])
    assert asyncio.run(play(story, config("echo"), Hum(), seed=1)) is None


def test_the_microphone_hears_speaker_room_user_and_noise() -> None:
    audio = SimulatedAudio(AudioConfig(headset=True), room=Room(1, loss_db=0.0, delay_ms=0.0))
    audio.playback.write(1, speech_like(1.0))
    alone = [audio.step(np.zeros(STEP_SAMPLES, np.float32)) for _ in range(40)]
    heard = np.concatenate([frame for frames in alone for _, frame in frames])
    assert np.abs(heard).max() > 0.01, "the room gives back what is played"
    assert audio.now == pytest.approx(0.8)


def test_late_frames_all_come_at_once_and_none_is_missing() -> None:
    audio = SimulatedAudio(AudioConfig(headset=True))
    audio.stall(0.4)
    steps = [audio.step(np.zeros(STEP_SAMPLES, np.float32)) for _ in range(40)]
    assert max(len(frames) for frames in steps) >= 4
    assert [n for frames in steps for n, _ in frames] == list(range(10))


def test_names_of_scenarios_are_all_different_and_an_unknown_one_is_told() -> None:
    assert len({s.name for s in SCENARIOS}) == len(SCENARIOS)
    with pytest.raises(ValueError, match=r"nowhere.*quiet"):
        find(["nowhere"])


# --- on the real models -------------------------------------------------------------------------

GATE = Scenario(
    name="gate",
    about="a little of everything, with a headset",
    acts=(
        ScriptSay("What is seven times eight?"),
        WhenFinished(),
        ScriptSay(("I was thinking", 1.2, "about Paris.")),
        WhenFinished(),
        ScriptSay(("Um, tell me", 0.7, "a joke.")),
        WhenFinished(),
        ScriptSay("Tell me a story."),
        WhenSpeaking(1.2),
        ScriptSay("Mm-hm.", "backchannel"),
        Wait(2.5),
        ScriptSay("Wait, what is twelve times twelve?", "barge_in"),
        WhenFinished(),
        ScriptSay("Tell me a story."),
        WhenSpeaking(2.0),
        ScriptSay("Stop.", "stop"),
        Wait(1.0),
    ),
)
Check = Callable[[Measures], bool]
HOLDS: dict[str, Check] = {
    "every turn is answered": lambda m: m.answered == m.turns == 6,
    "answers begin within 700 ms": lambda m: max(m.latencies) <= 0.7,
    "nothing stops for a backchannel": lambda m: m.false_interruptions == 0,
    "no interruption is missed": lambda m: (m.missed, m.interruptions) == (0, 2),
    "silent within 150 ms": lambda m: max(m.stops) <= 0.15,
    "a pause after “I was thinking” and “Um, tell me” is inside of a turn": (
        lambda m: m.cut_turns == 0
    ),
    "nobody else is heard": lambda m: m.self_triggers == 0,
    "no result is lost": lambda m: m.tool_results_lost == 0,
    "no frame is lost": lambda m: m.frames_dropped == 0,
}


@pytest.mark.weights
def test_a_conversation_with_turns_pauses_backchannels_and_interruptions() -> None:
    m = played(GATE, config("cascade", greeting=False), UserVoice()).measures
    broken = [name for name, holds in HOLDS.items() if not holds(m)]
    assert not broken, (broken, m)


@pytest.mark.weights
def test_an_interruption_comes_out_the_same_each_time() -> None:
    scenario = Scenario(
        name="again",
        about="",
        surroundings=RoomConditions(echo="mild", noise="pink", snr_db=20),
        acts=(
            Type("Tell me a story."),
            WhenSpeaking(3.0),
            ScriptSay("Wait, what is twelve times twelve?", "barge_in"),
            Wait(2.0),
        ),
    )
    first, second = (
        played(scenario, config("cascade", greeting=False), UserVoice()) for _ in range(2)
    )
    assert first.fingerprint == second.fingerprint
    assert first.measures == second.measures


@pytest.mark.weights
def test_it_speaks_for_a_minute_in_a_bare_room_and_never_answers_itself() -> None:
    alone = Scenario(
        name="alone",
        about="",
        surroundings=RoomConditions(echo="hard"),
        acts=4 * (Type("Tell me a story."), WhenFinished(1.0)),
    )
    outcome = played(alone, config("cascade", greeting=False), UserVoice())
    assert outcome.seconds > 60
    m = outcome.measures
    assert (m.self_triggers, m.false_interruptions) == (0, 0), m.problems
    assert (m.answered, m.turns) == (4, 4)
