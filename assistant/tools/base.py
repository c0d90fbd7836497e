"""Results of tools, and what the built-in ones may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from assistant.calls.base import ToolCall
from assistant.frames import SpokenNames

Permission = Literal["always", "ask", "never"]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call. An error is a result too: `ok` False and `content` says what and why."""

    call: ToolCall
    ok: bool
    content: str
    """For the model and the activity log."""
    spoken: str | None = None
    """What to say instead of asking the brain; None leaves it to the brain, "" is silence."""
    seconds: float = 0.0


class SessionControls(Protocol):
    """What the built-in tools may do to a session. See `session.controls`."""

    def spoken_names(self) -> list[SpokenNames]:
        """The personas' slugs, display names and everything else they may be called, in the order
        of the picker."""

    async def change_persona(self, slug: str) -> None:
        """Switch; the re-introduction is spoken by the session itself."""

    def current_persona(self) -> str:
        """Slug."""

    def set_volume(self, volume: float) -> float:
        """0…1; returns what it is now."""

    def volume(self) -> float: ...

    def set_speech_rate(self, rate: float) -> float:
        """0.5…2.0, times the voice's own; returns what it is now."""

    def speech_rate(self) -> float: ...

    def last_answer(self) -> str:
        """The last thing the assistant said in full; "" where it has said nothing."""

    def interrupt(self) -> None:
        """Stop speaking."""

    def set_muted(self, muted: bool) -> None: ...
