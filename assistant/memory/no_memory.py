"""Null memory: what a session has where nothing is remembered. Everything may be asked of it, and
nothing comes of it; see `ConversationMemory` for what each method is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.brain.base import Completes
from assistant.memory.recall import NOTHING, Recalled
from assistant.memory.view import NoMemoryView
from assistant.session.events import SessionEvent


class NoMemory(NoMemoryView):
    """Remembers nothing."""

    def __init__(self, *, private: bool = False, why: str = "") -> None:
        """`why` is said where the user tells something and nothing is kept; "": it goes without
        saying."""
        self.private = private
        self.budget_tokens = 0
        self.met: frozenset[str] = frozenset()
        self._why = why

    def begin(
        self,
        emit: Callable[[SessionEvent], None],
        persona: Callable[[], str],
        on_forgotten: Callable[[Sequence[str]], None] = lambda texts: None,
    ) -> None:
        pass

    async def opened(self) -> str:
        return ""

    def use_model(self, model: Completes) -> None:
        pass

    def prepare(self, partial: str) -> None:
        pass

    def heard(self, text: str) -> None:
        pass

    def said(self, text: str, persona: str, name: str) -> None:
        pass

    def without_secrets(self, text: str) -> str:
        return text

    async def recalled(self, text: str) -> Recalled:
        return NOTHING

    async def news(self, text: str) -> str:
        return ""

    async def acknowledge(self, text: str) -> str:
        return self._why

    async def keep_taught(self) -> str:
        return ""

    def as_told(self, recalled: Recalled) -> Sequence[str]:
        return ()

    async def close(self) -> None:
        pass
