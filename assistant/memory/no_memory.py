"""Memory as a session sees it where there is none: everything may be asked of it, and nothing comes
of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.memory.recall import NOTHING, Recalled
from assistant.memory.view import NoMemoryView
from assistant.session.events import SessionEvent


class NoMemory(NoMemoryView):
    """Remembers nothing."""

    budget_tokens = 0
    met: frozenset[str] = frozenset()
    """Slugs of the personas that the user has talked to, as far as that may be known. Once it has
    `opened`."""
    why = ""
    """Said where the user tells something and nothing is kept; "": it goes without saying."""

    def begin(
        self,
        emit: Callable[[SessionEvent], None],
        persona: Callable[[], str],
        on_forgotten: Callable[[Sequence[str]], None] = lambda texts: None,
    ) -> None:
        """`persona` gives the slug of the one in charge; `on_forgotten(texts)` hears what else has
        to forget. Call in the event loop."""

    async def opened(self) -> str:
        """One sentence more for the greeting; "" for none."""
        return ""

    def prepare(self, partial: str) -> None:
        """The user has said this so far."""

    def heard(self, text: str) -> None:
        """The user's turn."""

    def said(self, text: str, persona: str, name: str) -> None:
        """What was heard of the assistant's."""

    def without_secrets(self, text: str) -> str:
        """As it may be written down."""
        return text

    async def recalled(self, text: str) -> Recalled:
        """What comes to mind at the user's words."""
        return NOTHING

    async def news(self, text: str) -> str:
        """What comes to mind, quoted, and has not yet in this conversation; "" for nothing."""
        return ""

    async def acknowledge(self, text: str) -> str:
        """Keep what the user's turn tells, before the answer says that it is remembered. Returns
        what has to be said where it is not: one or two sentences."""
        return self.why

    async def keep_taught(self) -> str:
        """Keep what the last turn taught, whatever the answer says. Returns the same, once."""
        return ""

    def as_told(self, recalled: Recalled) -> Sequence[str]:
        """The same as the user would say it: "my parrot is called Picasso"."""
        return ()

    async def close(self) -> None:
        """The conversation is over."""
