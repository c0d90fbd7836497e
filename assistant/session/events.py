"""What a session tells its front ends. Small, frozen, without a word about any screen.

Every front end (dashboard, plain mode, `assistant talk`, a web page) subscribes to the same stream.
`t` is seconds on the session's clock: the input's clock in `assistant talk`, else since the start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from assistant.calls.base import ToolCall
from assistant.frames import AgentState, Side
from assistant.memory.base import Found
from assistant.memory.deletion.plan import DeletionPreview
from assistant.personas.loading import Persona
from assistant.tools.base import ToolResult

Severity = Literal["information", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent:
    t: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged(SessionEvent):
    """The agent state, and in a word why, where that is worth telling."""

    state: AgentState


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSaid(SessionEvent):
    """The user's words. Partials of a turn replace each other until a final one."""

    turn: int
    text: str
    final: bool
    typed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSaid(SessionEvent):
    """A piece of the assistant's answer, to be appended to turn `turn`; `final` ends the turn.

    A final event carries in `played` the text of the whole turn as far as it was really heard,
    and `interrupted` where that is less than was meant.
    """

    turn: int
    persona: str
    text: str = ""
    final: bool = False
    played: str = ""
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted(SessionEvent):
    side: Side
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded(SessionEvent):
    side: Side
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSample(SessionEvent):
    """The first sample of an answer reached the speaker."""

    turn: int
    latency: float | None = None
    """Seconds from the end of the user's speech; None where nobody had spoken (a greeting)."""
    stages: dict[str, float] = field(default_factory=dict)
    """Milliseconds, by stage: wait, transcribe, answer, voice, device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StillThinking(SessionEvent):
    """No word of an answer yet, but there are signs of life; told about once a second."""

    doing: Literal["thinking", "loading", "waiting"]
    """A language model reasons, is being loaded, or is too busy."""
    seconds: float
    """Since it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaChanged(SessionEvent):
    persona: Persona
    latency: float | None = None
    """Seconds from the end of the words that asked for it; None where a key did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonasReloaded(SessionEvent):
    """The persona files changed on disk."""

    slugs: list[str]
    failed: list[str]
    """One message a broken file: file, line, remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalled(SessionEvent):
    call: ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinished(SessionEvent):
    result: ToolResult


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRecalled(SessionEvent):
    """What came to mind at the user's last words, best first: the answer may use it."""

    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryForgotten(SessionEvent):
    """What is shown of this has to go, too."""

    deletion: DeletionPreview


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProgress(SessionEvent):
    text: str
    fraction: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendChosen(SessionEvent):
    """Which backend runs and why, in one line; `engine` once it is ready."""

    name: str
    reason: str
    engine: str = ""
    ready: bool = False
    note: str = ""
    """What a person should know of this engine's limits; empty where there is nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrainChosen(SessionEvent):
    """Who answers: "scripted", or a language model's name and place."""

    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioChanged(SessionEvent):
    """Devices in use (None: missing), and whether the microphone is open."""

    microphone: str | None
    speaker: str | None
    muted: bool = False
    push_to_talk: bool = False
    talk_key: bool = False
    """Push-to-talk: the microphone is open at the moment."""
    volume: float = 1.0
    rate: float = 1.0
    echo: str = ""
    """What is done about the assistant hearing itself: "echo −38 dB", "headset", "guarded"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPaused(SessionEvent):
    """The user's voice was noticed while the assistant spoke: it fell silent, for now."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerResumed(SessionEvent):
    """It was no interruption: the assistant goes on where it stopped."""

    turn: int
    reason: Literal["no_words", "backchannel", "own_voice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped(SessionEvent):
    """Frames lost so far, by place: "microphone", "speaker", "backend"."""

    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LagChanged(SessionEvent):
    seconds: float
    dropped: int
    advice: str = ""
    """What would help, once it has gone on for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(SessionEvent):
    """One line for a person; `remedy` says what to do."""

    text: str
    severity: Severity = "information"
    remedy: str = ""
    key: str = ""
    """Notices with the same key replace each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(SessionEvent):
    """Something is broken and stays broken."""

    text: str
    remedy: str = ""
