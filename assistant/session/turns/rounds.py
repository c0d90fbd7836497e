"""Rounds of an answer: a brain may call tools, is told what came of them, and answers again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.brain.base import Message
from assistant.calls.parser import ToolCall
from assistant.language.delivery.marks import without_marks
from assistant.memory.conversation import ConversationMemory
from assistant.personas.loading import Persona
from assistant.tools.registry import ToolResult


class Keeping:
    """What a turn taught is on disk before the first word of its answer is spoken."""

    def __init__(self, memory: ConversationMemory, text: str) -> None:
        self._memory = memory
        self._text = text
        self._settled = False
        self.not_kept = ""
        """What remains to be said of it."""

    async def acknowledge(self) -> str:
        """The answer will say that it is remembered, or else what this returns."""
        self._settled = True
        return await self._memory.acknowledge(self._text)

    async def settle(self) -> None:
        """Whatever the answer says."""
        if not self._settled:
            self._settled = True
            self.not_kept = await self._memory.keep_taught()


@dataclass(slots=True)
class Round:
    """One answer of the brain: what of it was said, what it called."""

    keeping: Keeping
    said: str = ""
    results: list[ToolResult] = field(default_factory=list)
    native: list[ToolCall] = field(default_factory=list)
    """Those that it made by its server's own protocol."""
    malformed: list[str] = field(default_factory=list)


def after_tools(
    earlier: Sequence[Message], text: str, outcome: Round, persona: Persona
) -> list[Message]:
    """The history for the next round: question, what was said so far, what the tools gave."""
    messages = list(earlier)
    if text:
        messages.append(Message("user", text, persona.slug))
    said, native = without_marks(outcome.said).strip(), tuple(outcome.native)
    if said or native:
        messages.append(Message("assistant", said, persona.slug, calls=native))
    for result in outcome.results:
        state = "" if result.ok else "error: "
        content = f"{result.call.name} → {state}{result.content}"
        identity = result.call.id if result.call in native else ""
        messages.append(Message("tool", content, persona.slug, call_id=identity))
    for reason in outcome.malformed:
        messages.append(Message("tool", f"error: malformed TOOL_CALL: {reason}", persona.slug))
    return messages
