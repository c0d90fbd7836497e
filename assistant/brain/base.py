"""What answers where the backend does not: a language model over HTTP, or the scripted persona."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from assistant.calls.parser import Malformed, ToolCall
from assistant.emotion.feeling import Feeling
from assistant.errors import AssistantError
from assistant.personas.loading import Persona

Role = Literal["user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the history that a brain sees. Assistant text is cut to what was played."""

    role: Role
    text: str
    persona: str = ""
    """Slug of the persona that spoke or was spoken to."""
    calls: tuple[ToolCall, ...] = ()
    """Of an assistant: the tools that it called by its server's own protocol."""
    call_id: str = ""
    """Of a tool: which of these calls this is the result of."""
    speaker: str = ""
    """Of a user: who of several people; empty where there is one."""


async def _goes_without_saying() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Question:
    """Everything a brain may use to answer one turn."""

    text: str
    """What the user just said (or, after a tool ran, an empty string: go on from the history)."""
    persona: Persona
    history: list[Message]
    """Earlier messages, oldest first, at most 100; the last may be a tool's result."""
    tools: list[dict[str, Any]] = field(default_factory=list)
    """Tool schemas, OpenAI function style: {"name", "description", "parameters"}."""
    now: datetime = field(default_factory=datetime.now)
    memory: str = ""
    """What is remembered that may matter here, quoted for a prompt; within its budget."""
    remembered: Sequence[str] = ()
    """The same as the user would say it: "my parrot is called Picasso"."""
    acknowledge: Callable[[], Awaitable[str]] = _goes_without_saying
    """To be waited for before an answer says that what the user told is remembered. Returns what
    has to be said instead where it is not: one or two sentences."""
    gone: int = 0
    """Messages before those of the history, which nobody has any more."""
    summary: str = ""
    """What was said before the messages that are sent of the history, in few words."""
    known: Sequence[str] = ()
    """What the program knows of itself that this question touches, in sentences for a prompt."""
    limits: Sequence[str] = ()
    """Why this is not done here, and what would do it, in sentences for who has no model."""
    feeling: Feeling | None = None
    """How the user seems to be; None: as usual."""
    mood: str = ""
    """The same as one line for a prompt, with how to answer then."""
    misread: bool = False
    """The user has just said that he does not feel as it was thought."""
    personas: Sequence[str] = ()
    """Names of all that there are; empty where that is not known."""
    deliveries: bool = False
    """The answer may say how a sentence is to be said: `[delivery: dry]` before it."""


@dataclass(frozen=True, slots=True)
class PromptRead:
    """What a server had to evaluate of a prompt, as its own timings say."""

    evaluated: int
    """Tokens that it evaluated anew."""
    cached: int
    """Tokens that it had evaluated before."""
    milliseconds: float
    ahead: bool = False
    """Before it was known that the question would be asked; see `Anticipates.expect`."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sign of life before the first word: the model reasons, is being loaded, or is busy."""

    doing: Literal["thinking", "loading", "waiting"] = "thinking"
    notice: str = ""
    """What a person should know of it, where there is something: why it waits, and for how long."""
    read: PromptRead | None = None
    """The prompt is evaluated, and words come; where the server tells of it."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """All words of this answer so far turned out to be none of it: the model's reasoning."""


Piece = str | ToolCall | Malformed | Waiting | TakenBack
"""Of an answer."""


@runtime_checkable
class Brain(Protocol):
    """Answers turns. One brain serves a whole session and may remember facts told in it."""

    label: str
    """For the status line: "scripted", "qwen3:4b · Ollama"."""

    def answer(self, question: Question) -> AsyncIterator[Piece]:
        """Stream the answer in pieces of any size; its words may contain `TOOL_CALL: {…}`.

        Raises `BrainError` where it cannot. Closing the iterator cancels the request.
        """

    async def close(self) -> None:
        """Close connections."""


class Completes(Protocol):
    """Writes what is asked of it in a form that is asked of it: a language model can."""

    async def complete(
        self, messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int
    ) -> str:
        """JSON that should follow the JSON schema (not every server holds to it). Raises
        `BrainError`."""


@runtime_checkable
class Anticipates(Protocol):
    """Works ahead while nobody waits, so that an answer is there sooner. Nothing of it is said, run
    or remembered before `Brain.answer` asks for it. All methods return at once and never raise."""

    @property
    def memory_tokens(self) -> int | None:
        """How much memory a question should bring along at most; None: as the settings say."""

    def read_ahead(self, question: Question) -> None:
        """The next question will begin as this one does, but for its words: evaluate that."""

    def expect(self, question: Question) -> None:
        """This will probably be asked in a moment: begin to answer it."""

    def listen(self, told: Callable[[str], None]) -> None:
        """From now on `told` hears the beginning of an answer that nobody has asked for yet, all
        of it so far, as it is written; nothing has looked after it."""

    def withdraw(self) -> None:
        """It will not: throw away what was begun."""


@dataclass(frozen=True, slots=True)
class BrainChoice:
    """One that may answer from now on."""

    name: str
    """What it is chosen by: "auto", "scripted", "qwen3-1.7b", "ollama/llama3"."""
    label: str
    """For a person: "llama3 · Ollama"."""
    about: str
    in_use: bool


class BrainError(AssistantError):
    """The brain could not answer."""


# Ways a language model can fail, each with what a person can do about it.

FailureKind = Literal["absent", "slow", "cut", "refused", "missing", "busy", "error", "garbage"]


class LanguageModelError(BrainError):
    """A language model could not answer, or not to the end; `kind` says in which way.

    absent: nothing listens there. slow: no word in time, or it fell silent. cut: the connection
    broke in mid-answer (what came was yielded). refused: the key is wrong or missing. missing: no
    such model or address. busy: too many requests. error: the server said so. garbage: it did not
    speak the protocol.
    """

    def __init__(
        self, kind: FailureKind, message: str, remedy: str = "", *, complaint: str = ""
    ) -> None:
        """`complaint`: the server's own words, where it answered that it will not."""
        super().__init__(message, remedy)
        self.kind: FailureKind = kind
        self.complaint = complaint
