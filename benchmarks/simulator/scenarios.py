"""The scripted users and their rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.room import Noise, NoiseKind, Room
from benchmarks.simulator.faults import backend_killed, late_frames, lost_frames, slower
from benchmarks.simulator.script import (
    Act,
    Make,
    ScriptSay,
    Type,
    Wait,
    WhenFinished,
    WhenSpeaking,
)
from benchmarks.simulator.voice import LEVEL_DB

Echo = Literal["none", "mild", "hard"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomConditions:
    """Where the conversation takes place."""

    echo: Echo = "none"
    """`none`: a headset. `mild`: a laptop on a desk. `hard`: loudspeakers in a bare room, the
    microphone hears them nearly as loud as the user, an eighth of a second late."""
    noise: NoiseKind | None = None
    snr_db: float = 20.0
    """How far the noise lies under the user's voice."""
    drift_ppm: float = 0.0
    """By how much the microphone's clock is faster than the speaker's."""

    def room(self, seed: int) -> Room | None:
        match self.echo:
            case "none":
                return None
            case "mild":
                return Room(seed, tail_ms=120, loss_db=18.0, drift_ppm=self.drift_ppm)
            case "hard":
                return Room(
                    seed,
                    tail_ms=250,
                    loss_db=6.0,
                    delay_ms=120,
                    distortion=0.1,
                    drift_ppm=self.drift_ppm,
                )

    def noise_source(self, seed: int) -> Noise | None:
        if self.noise is None:
            return None
        return Noise(self.noise, LEVEL_DB - self.snr_db, seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    name: str
    about: str
    acts: Sequence[Act]
    surroundings: RoomConditions = RoomConditions()
    user: int = 0
    """Which of the users' voices."""
    needs_brain: bool = False
    """Its subjects are the simulator's own brain's: a backend that answers by itself knows none."""
    lost: float = field(default=0.0)
    """Seconds of the microphone's sound that its faults take."""


HEADSET = RoomConditions()
MILD = RoomConditions(echo="mild")
HARD = RoomConditions(echo="hard")

_GREETED = WhenFinished(0.8)
_CHAT: tuple[Act, ...] = (
    _GREETED,
    ScriptSay("How are you?"),
    WhenFinished(),
    ScriptSay("What is seven times eight?"),
    WhenFinished(),
    ScriptSay("Change to Marvin."),
    WhenFinished(),
    ScriptSay("Tell me a joke."),
    WhenFinished(),
)
_STORY: tuple[Act, ...] = (ScriptSay("Tell me a story."), WhenSpeaking(1.2))
_BARGE_INS: tuple[Act, ...] = (
    _GREETED,
    *_STORY,
    ScriptSay("Wait, what is twelve times twelve?", "barge_in"),
    WhenFinished(),
    *_STORY,
    Wait(2.0),
    ScriptSay("Stop.", "stop"),
    Wait(2.0),
    *_STORY,
    ScriptSay("Please be quiet.", "stop"),
    Wait(2.0),
)
_ALONE: tuple[Act, ...] = (
    _GREETED,
    *(act for _ in range(3) for act in (Type("story"), WhenFinished(1.0))),
)


def _chat(name: str, about: str, surroundings: RoomConditions, user: int = 0) -> Scenario:
    return Scenario(name=name, about=about, acts=_CHAT, surroundings=surroundings, user=user)


def _barge_in(name: str, about: str, surroundings: RoomConditions) -> Scenario:
    return Scenario(
        name=name, about=about, acts=_BARGE_INS, surroundings=surroundings, needs_brain=True
    )


SCENARIOS: tuple[Scenario, ...] = (
    _chat("quiet", "turns with a headset", HEADSET),
    _chat("echo-mild", "turns, laptop on a desk", MILD, user=1),
    _chat("echo-hard", "turns, loudspeakers in a bare room", HARD),
    _chat("noise-20", "a quiet street, 20 dB", RoomConditions(noise="pink", snr_db=20)),
    _chat("noise-10", "other tables, 10 dB", RoomConditions(noise="babble", snr_db=10), user=2),
    _chat("noise-5", "a street, 5 dB", RoomConditions(noise="pink", snr_db=5)),
    _chat("drift", "clocks 200 ppm apart", RoomConditions(echo="mild", drift_ppm=200)),
    _chat("drift-back", "clocks −200 ppm apart", RoomConditions(echo="hard", drift_ppm=-200)),
    Scenario(
        name="pauses",
        about="pauses and hesitations inside of turns",
        acts=(
            _GREETED,
            ScriptSay(("I was thinking", 1.2, "about Paris.")),
            WhenFinished(),
            ScriptSay(("Um, tell me", 0.7, "a joke.")),
            WhenFinished(),
            ScriptSay(("Change to", 0.9, "Marvin.")),
            WhenFinished(),
            ScriptSay(("Well, what is", 0.5, "twelve times", 0.6, "twelve?")),
            WhenFinished(),
        ),
    ),
    Scenario(
        name="backchannels",
        about="“mm-hm” and the like while the assistant speaks",
        needs_brain=True,
        acts=(
            _GREETED,
            *_STORY,
            ScriptSay("Mm-hm.", "backchannel"),
            Wait(2.5),
            ScriptSay("Yeah.", "backchannel"),
            Wait(2.5),
            ScriptSay("Right.", "backchannel"),
            WhenFinished(),
            *_STORY,
            ScriptSay("I see.", "backchannel"),
            Wait(2.5),
            ScriptSay("Okay.", "backchannel"),
            WhenFinished(),
        ),
    ),
    Scenario(
        name="sounds",
        about="a cough, a door, a keyboard, in silence and while it speaks",
        needs_brain=True,
        acts=(
            _GREETED,
            Make("cough"),
            Wait(2.0),
            Make("keyboard"),
            Wait(1.0),
            *_STORY,
            Make("cough"),
            Wait(2.5),
            Make("door"),
            Wait(2.5),
            Make("keyboard"),
            WhenFinished(),
        ),
    ),
    _barge_in("barge-in", "interruptions, “stop”, “be quiet”, with a headset", HEADSET),
    _barge_in("barge-in-mild", "the same, laptop on a desk", MILD),
    _barge_in("barge-in-hard", "the same, loudspeakers in a bare room", HARD),
    Scenario(
        name="alone",
        about="it speaks, nobody else does, bare room",
        surroundings=HARD,
        needs_brain=True,
        acts=_ALONE,
    ),
    Scenario(
        name="typed",
        about="typed while it speaks, and personas changed by voice",
        needs_brain=True,
        acts=(
            _GREETED,
            Type("Tell me a story."),
            WhenSpeaking(1.5),
            Type("What is two plus two?"),
            WhenFinished(),
            ScriptSay("Change to GLaDOS."),
            WhenSpeaking(0.8),
            ScriptSay("Switch to Jarvis.", "barge_in"),
            WhenFinished(),
        ),
    ),
    Scenario(
        name="introductions",
        about="words over the greeting and over those who introduce themselves",
        needs_brain=True,
        acts=(
            WhenSpeaking(1.2),
            ScriptSay("What is seven times eight?", "barge_in"),
            WhenFinished(),
            ScriptSay("Change to HAL."),
            WhenSpeaking(1.2),
            ScriptSay("Open the pod bay doors.", "barge_in"),
            WhenFinished(),
            ScriptSay("Switch to GLaDOS."),
            WhenSpeaking(1.2),
            ScriptSay("Stop.", "stop"),
            Wait(2.0),
        ),
    ),
    Scenario(
        name="bad-microphone",
        about="lost and late frames, while listening and while speaking",
        needs_brain=True,
        lost=0.36,
        acts=(
            _GREETED,
            lost_frames(0.08),
            ScriptSay("What is seven times eight?"),
            lost_frames(0.12),
            WhenFinished(),
            late_frames(0.4),
            ScriptSay("Tell me a joke."),
            late_frames(0.3),
            WhenFinished(),
            *_STORY,
            lost_frames(0.16),
            late_frames(0.3),
            ScriptSay("Wait, what is twelve times twelve?", "barge_in"),
            WhenFinished(),
        ),
    ),
    Scenario(
        name="crash",
        about="the backend is killed while it speaks and while it listens",
        needs_brain=True,
        acts=(
            _GREETED,
            *_STORY,
            backend_killed(),
            Wait(1.0),
            ScriptSay("What is seven times eight?"),
            WhenFinished(),
            backend_killed(),
            ScriptSay("How are you?"),
            WhenFinished(),
        ),
    ),
    Scenario(
        name="slow-tool",
        about="a tool that takes 4 s; asked in the meantime, and left in peace",
        needs_brain=True,
        acts=(
            _GREETED,
            slower(tool=4.0),
            ScriptSay("What is the weather like?"),
            WhenFinished(),
            ScriptSay("What is the weather like?", "overtaken"),
            Wait(1.5),
            ScriptSay("And what is seven times eight?"),
            WhenFinished(),
        ),
    ),
    Scenario(
        name="slow-brain",
        about="3 s of thinking, and an impatient user",
        needs_brain=True,
        acts=(
            _GREETED,
            slower(thinking=3.0),
            ScriptSay("Tell me a joke."),
            WhenFinished(),
            ScriptSay("How are you?", "overtaken"),
            Wait(1.5),
            ScriptSay("What is seven times eight?"),
            WhenFinished(),
        ),
    ),
)


def find(names: Sequence[str]) -> list[Scenario]:
    """Those of these names, in the order of `SCENARIOS`; all where there are no names.

    Raises `ValueError` with the names that there are.
    """
    known = {s.name for s in SCENARIOS}
    unknown = [name for name in names if name not in known]
    if unknown:
        there_are = ", ".join(s.name for s in SCENARIOS)
        raise ValueError(f"there is no scenario “{unknown[0]}”; there are {there_are}")
    return [s for s in SCENARIOS if not names or s.name in names]
