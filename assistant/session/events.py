"""What a session tells its front ends. Small, frozen, without a word about any screen.

Every front end (dashboard, plain mode, `assistant talk`, a web page) subscribes to the same stream.
`t` is seconds on the session's clock: the input's clock in `assistant talk`, else since the start.
How they are written down, or told to another program: `session.protocol`.
"""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Literal

import msgspec

from assistant.calls.parser import ToolCall
from assistant.emotion.feeling import Kind as FeelingKind
from assistant.frames import AgentState, Side
from assistant.memory.base import Found, Memory
from assistant.memory.deletion.plan import DeletionPreview
from assistant.personas.loading import Persona
from assistant.skills.schedule import Timer
from assistant.tools.registry import ToolResult

Severity = Literal["information", "warning", "error"]


class SessionEvent(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    t: float = 0.0


class StateChanged(SessionEvent, frozen=True, kw_only=True):
    """The agent state, and in a word why, where that is worth telling."""

    state: AgentState


class UserSaid(SessionEvent, frozen=True, kw_only=True):
    """The user's words. Partials of a turn replace each other until a final one."""

    turn: int
    text: str
    final: bool
    typed: bool = False
    speaker: str = ""
    """Who of several people said it; empty where there is one user, or it is not known."""


class FeelingHeard(SessionEvent, frozen=True, kw_only=True):
    """How the user seemed to be in turn `turn` of his, by words and voice: a guess, to be shown
    quietly."""

    turn: int
    kind: FeelingKind | None
    """None: only that his voice was raised."""
    arousal: float
    """0 to 1; from .5 on the voice is raised."""
    confidence: float
    """0 to 1."""
    cues: tuple[str, ...] = ()
    """Why, each in words: "said “I already told you”", "a raised voice"."""


class TurnForClient(SessionEvent, frozen=True, kw_only=True):
    """This turn is said for another program, or answers it. Told when the assistant's begins, and
    behind the user's words."""

    side: Side
    turn: int
    client: str
    """As the program calls itself: "Claude Code"."""


class FeelingTakenBack(SessionEvent, frozen=True, kw_only=True):
    """The user said that he does not feel as it was told of turn `turn`: the mark goes."""

    turn: int


class AgentSaid(SessionEvent, frozen=True, kw_only=True):
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


class AnswerProgress(SessionEvent, frozen=True, kw_only=True):
    """How far an answer has been heard: told while it sounds, at most ten times a second, each time
    another of its words begins."""

    turn: int
    words: int
    """Words of the turn's text that have begun to sound; the last of them is being said."""


class PastTurn(msgspec.Struct, frozen=True):
    """One turn of an earlier conversation, as it was saved."""

    name: str
    """Who spoke: "You", "GLaDOS"."""
    text: str
    time: str = ""
    """Hour and minute: "18:19"."""
    interrupted: bool = False

    @property
    def by_user(self) -> bool:
        return self.name == "You"


class ConversationResumed(SessionEvent, frozen=True, kw_only=True):
    """The last turns of an earlier conversation count as said in this one: whoever answers knows
    them."""

    id: str
    """Of the saved conversation."""
    began: str
    """When it began, in words: "Saturday 21 November 2026, 18:19"."""
    turns: tuple[PastTurn, ...]
    """Those that were taken over, the oldest first."""


class TurnStarted(SessionEvent, frozen=True, kw_only=True):
    side: Side
    turn: int


class TurnEnded(SessionEvent, frozen=True, kw_only=True):
    side: Side
    turn: int


class FirstSample(SessionEvent, frozen=True, kw_only=True):
    """The first sample of an answer reached the speaker."""

    turn: int
    latency: float | None = None
    """Seconds from the end of the user's speech; None where nobody had spoken (a greeting)."""
    stages: dict[str, float] = {}
    """Milliseconds, by stage: wait, transcribe, answer, voice, device."""
    word: float | None = None
    """As `latency`, of a word that was said first because the answer takes a while; `latency` is
    told of the answer."""


class StillThinking(SessionEvent, frozen=True, kw_only=True):
    """No word of an answer yet, but there are signs of life; told about once a second."""

    doing: Literal["thinking", "loading", "waiting"]
    """A language model reasons, is being loaded, or is too busy."""
    seconds: float
    """Since it was asked."""


class PromptEvaluated(SessionEvent, frozen=True, kw_only=True):
    """A language model of our own has read the question, and its words come."""

    tokens: int
    """Of the prompt that had to be evaluated for it."""
    cached: int
    """Tokens of it that had been before."""
    milliseconds: float
    ahead: bool = False
    """It was done before the user's turn was over."""


class PersonaChanged(SessionEvent, frozen=True, kw_only=True):
    persona: Persona
    latency: float | None = None
    """Seconds from the end of the words that asked for it; None where a key did."""


class PersonasReloaded(SessionEvent, frozen=True, kw_only=True):
    """The persona files changed on disk."""

    slugs: list[str]
    failed: list[str]
    """One message a broken file: file, line, remedy."""


class ToolCalled(SessionEvent, frozen=True, kw_only=True):
    call: ToolCall


class ToolFinished(SessionEvent, frozen=True, kw_only=True):
    result: ToolResult


class TimersChanged(SessionEvent, frozen=True, kw_only=True):
    """Timers, alarms and reminders that are set, the next one first, or what rings has changed."""

    timers: tuple[Timer, ...]
    ringing: tuple[Timer, ...] = ()
    """Those that were told and that nobody has answered yet."""


class TimerRang(SessionEvent, frozen=True, kw_only=True):
    """One is due, or was while nobody could say so; it is said aloud, too."""

    timer: Timer
    text: str


class RunningCall(msgspec.Struct, frozen=True):
    """A call to another program that takes a while."""

    tool: str
    source: str
    """What the user calls the program: "my notes"."""
    seconds: float
    """Since it began."""
    fraction: float | None = None
    """0 to 1: how far it is, where it tells."""
    text: str = ""
    """What it does just now, where it tells."""
    beside: bool = False
    """It goes on beside the conversation: its result is told later."""


class CallsRunning(SessionEvent, frozen=True, kw_only=True):
    """Calls to other programs that have been under way for a second or more, the oldest first, or
    one of them is over. About once a second."""

    calls: tuple[RunningCall, ...] = ()


class MemoryRecalled(SessionEvent, frozen=True, kw_only=True):
    """What came to mind at the user's last words, best first: the answer may use it."""

    found: tuple[Found, ...]


class MemoryKept(SessionEvent, frozen=True, kw_only=True):
    """Something that the user told is remembered from now on; what was known is not told again."""

    memory: Memory
    """Its text is as it is told to the user."""
    asked: bool = False
    """The user asked for it to be remembered; else it was kept without a word."""


class MemoryForgotten(SessionEvent, frozen=True, kw_only=True):
    """What is shown of this has to go, too."""

    deletion: DeletionPreview


class LoadProgress(SessionEvent, frozen=True, kw_only=True):
    text: str
    fraction: float | None = None


class BackendChosen(SessionEvent, frozen=True, kw_only=True):
    """Which backend runs and why, in one line; `engine` once it is ready."""

    name: str
    reason: str
    engine: str = ""
    ready: bool = False
    note: str = ""
    """What a person should know of this engine's limits; empty where there is nothing to say."""


class BrainChosen(SessionEvent, frozen=True, kw_only=True):
    """Who answers: "scripted", or a language model's name and place."""

    label: str


class AudioChanged(SessionEvent, frozen=True, kw_only=True):
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


class AnswerPaused(SessionEvent, frozen=True, kw_only=True):
    """The user's voice was noticed while the assistant spoke: it fell silent, for now."""

    turn: int


class AnswerResumed(SessionEvent, frozen=True, kw_only=True):
    """It was no interruption: the assistant goes on where it stopped."""

    turn: int
    reason: Literal["no_words", "backchannel", "own_voice"]


class Dropped(SessionEvent, frozen=True, kw_only=True):
    """Frames lost so far, by place: "microphone", "speaker", "backend"."""

    counts: dict[str, int]


class LagChanged(SessionEvent, frozen=True, kw_only=True):
    seconds: float
    dropped: int
    advice: str = ""
    """What would help, once it has gone on for long."""


class Notice(SessionEvent, frozen=True, kw_only=True):
    """One line for a person; `remedy` says what to do."""

    text: str
    severity: Severity = "information"
    remedy: str = ""
    key: str = ""
    """Notices with the same key replace each other."""


class Failure(SessionEvent, frozen=True, kw_only=True):
    """Something is broken and stays broken."""

    text: str
    remedy: str = ""


if TYPE_CHECKING:
    AnySessionEvent = SessionEvent
else:
    AnySessionEvent = functools.reduce(operator.or_, SessionEvent.__subclasses__())
    """Any of these, as a decoder has to know it."""
