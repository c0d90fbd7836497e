"""What answers where the backend does not: a language model over HTTP, or the scripted persona."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from assistant.personas import Persona

Role = Literal["user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the history that a brain sees. Assistant text is cut to what was played."""

    role: Role
    text: str
    persona: str = ""
    """Slug of the persona that spoke or was spoken to."""


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


class Brain(Protocol):
    """Answers turns. One brain serves a whole session and may remember facts told in it."""

    label: str
    """For the status line: "scripted", "qwen3:4b · Ollama"."""

    def answer(self, question: Question) -> AsyncIterator[str]:
        """Stream the answer in pieces of any size; may contain `TOOL_CALL: {…}`.

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


class BrainError(Exception):
    """The brain could not answer; `remedy` tells a person what to do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
