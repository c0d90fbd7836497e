"""Signals: what the parts of a session tell each other on its event bus, and nobody else hears."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.frames import Capabilities
from assistant.session.latency import Stopwatch
from assistant.session.turns.messages import AgentUtterance, UserMessage


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
    """Words of the user's turn, not yet all of them."""

    text: str
    over_assistant: bool
    """The assistant spoke when the turn began."""


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


@dataclass(frozen=True, slots=True)
class UserTurnTakenByModel:
    """A turn of the user's is answered by a backend that answers by itself."""

    said: str


@dataclass(frozen=True, slots=True)
class SaidInPassing:
    """The user said this while the assistant spoke, and it goes on."""

    text: str
