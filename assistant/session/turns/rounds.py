"""One round of the tool-calling loop, an answer of the brain: what of it was said and called, and
whether what it acknowledges is on disk before."""

from __future__ import annotations

from dataclasses import dataclass, field

from assistant.memory.service import NoMemory
from assistant.tools.base import ToolCall, ToolResult


class Keeping:
    """What a turn taught is on disk before the first word of its answer is spoken."""

    def __init__(self, memory: NoMemory, text: str) -> None:
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
