"""Signals: what the parts of a session tell each other on its event bus, and nobody else hears."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from assistant.frames import Capabilities, Prosody
from assistant.session.turns.messages import AgentUtterance, UserMessage

# Latency: end of the user's speech → first sample of the answer, per turn with its stages
# apart, and over a conversation: the last one, the usual one, the slow ones.


@dataclass(slots=True)
class Stopwatch:
    """One user turn on its way to an answer. Times are seconds on the session's clock."""

    speech_end: float
    text_at: float
    """When its words were there."""
    stages: dict[str, float] = field(default_factory=dict)
    """Milliseconds; the backend's own ("wait", "transcribe") come with the words."""

    def first_sample(
        self, said_at: float | None, sound_at: float | None, now: float, device: float
    ) -> float:
        """The answer was handed to the voice at `said_at`, its sound came back at `sound_at`, its
        first sample left `now` for the ear, `device` seconds away. Returns the latency."""
        said = said_at if said_at is not None else self.text_at
        sound = sound_at if sound_at is not None else said
        self.stages |= {
            "answer": 1000 * (said - self.text_at),
            "voice": 1000 * (sound - said),
            "device": 1000 * (now - sound + device),
        }
        return now + device - self.speech_end


class InputClock:
    """Ties the input's clock (frames) to the session's (seconds since the start).

    A frame cannot arrive before its last sample was heard; the smallest difference seen lately is
    the truest, the others were held up on the way.
    """

    def __init__(self) -> None:
        self._differences: deque[float] = deque(maxlen=125)  # 10 s: follows a drifting clock

    def frame_arrived(self, end_of_frame: float, now: float) -> None:
        self._differences.append(now - end_of_frame)

    def to_session(self, input_seconds: float) -> float:
        return input_seconds + (min(self._differences) if self._differences else 0.0)


STAGES = ("wait", "transcribe", "answer", "voice", "device")
"""Of a latency, in the order in which they pass; an engine may tell of others."""

KEPT = 10_000
"""Answers that count: a day and more of talking without a pause."""


class Latencies:
    """Seconds from the end of the user's speech to the first sample of the answer at the speaker,
    and the milliseconds of each stage. All None and empty until there was an answer.

    p50 is the median; p95 is the shortest latency seen that at least 95 of 100 did not exceed, so
    that it is no better than the slowest while there are few (no interpolation).
    """

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)
        self._stages: dict[str, deque[float]] = {}
        self.last: float | None = None
        self.p50: float | None = None
        self.p95: float | None = None
        self.last_stages: dict[str, float] = {}

    @property
    def seconds(self) -> Sequence[float]:
        """Of every answer that counts, the newest last."""
        return list(self._seconds)

    @property
    def count(self) -> int:
        return len(self._seconds)

    def add(self, seconds: float, stages: Mapping[str, float]) -> None:
        """One answer; `stages` in milliseconds."""
        self._seconds.append(seconds)
        self.last = seconds
        self.p50 = float(np.median(self._seconds))
        self.p95 = float(np.percentile(self._seconds, 95, method="inverted_cdf"))
        self.last_stages = in_order(stages)
        for name, ms in stages.items():
            self._stages.setdefault(name, deque(maxlen=KEPT)).append(ms)

    def usual_stages(self) -> dict[str, float]:
        """The median of each stage, in milliseconds."""
        return in_order({name: float(np.median(ms)) for name, ms in self._stages.items()})


def in_order(stages: Mapping[str, float]) -> dict[str, float]:
    """The stages as they pass, unknown ones last."""
    known = {name: stages[name] for name in STAGES if name in stages}
    return {**known, **stages}


@dataclass(frozen=True, slots=True)
class BackendReady:
    """The backend is there: it can hear and, as its capabilities say, speak."""

    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class BackendLost:
    """It died, and is started again."""


@dataclass(frozen=True, slots=True)
class BackendGone:
    """It died, and does not come back."""


@dataclass(frozen=True, slots=True)
class VoiceNoticed:
    """Voice onset: the user's voice begins or ends, as far as the audio front end can tell."""

    speaks: bool


@dataclass(frozen=True, slots=True)
class PartialWords:
    """Words of the user's turn, not yet all of them, in their written form."""

    text: str
    over_assistant: bool
    """The assistant spoke when the turn began."""
    paused: bool = False
    """The user is silent after them: they may be all."""


@dataclass(frozen=True, slots=True)
class StoppedByWords:
    """The assistant was stopped by these words of a turn that is not over yet."""

    text: str


@dataclass(frozen=True, slots=True)
class UserSpeechEnded:
    """The sound of the user's turn has ended; its words may still be missing."""

    stopwatch: Stopwatch


@dataclass(frozen=True, slots=True)
class UserHeard:
    """A whole turn of the user's, said aloud."""

    message: UserMessage
    stopwatch: Stopwatch


@dataclass(frozen=True, slots=True)
class NothingHeard:
    """What seemed to be a turn of the user's had no words."""

    unclear: bool = False
    """He did speak, into a silence of the assistant's; nothing could be made of it."""


@dataclass(frozen=True, slots=True)
class ToAnswer:
    """Words that want an answer whatever is going on: typed, or a command to stop."""

    message: UserMessage


@dataclass(frozen=True, slots=True)
class StopAnswer:
    """Stop speaking and thinking now."""


@dataclass(frozen=True, slots=True)
class AnswerStopped:
    """Nothing more will be heard of what was being said."""


@dataclass(frozen=True, slots=True)
class AnswerSounding:
    """An answer begins to be heard."""


@dataclass(frozen=True, slots=True)
class PieceSpoken:
    """The sound of this piece of text is on its way to the speaker; without a voice it is shown."""

    utterance: AgentUtterance
    text: str


@dataclass(frozen=True, slots=True)
class AgentTurnEnded:
    """A turn of the assistant's has ended; `heard` is what of it was played."""

    utterance: AgentUtterance
    heard: str
    interrupted: bool


@dataclass(frozen=True, slots=True)
class UserTurnTaken:
    """A turn of the user's is answered by the session: what was said, and what it belongs together
    with where the first half of a thought came before it."""

    said: str
    answered: str
    speaker: str = ""
    """Who of several people; empty where there is one user."""


@dataclass(frozen=True, slots=True)
class UserTurnTakenByModel:
    """A turn of the user's is answered by a backend that answers by itself."""

    said: str
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class SummaryMade:
    """What the next question to a language model begins with is another one now."""


@dataclass(frozen=True, slots=True)
class SaidInPassing:
    """The user said this while the assistant spoke, and it goes on."""

    text: str
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class AnsweredClient:
    """The user said this to another program, which had asked; nobody else answers it."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerProsody:
    """How the answers to come are to sound, until another is published: the user's feeling asks
    for it."""

    prosody: Prosody
