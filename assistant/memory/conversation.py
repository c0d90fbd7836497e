"""Conversation memory: what a session and its front ends ask of memory, whoever remembers.

`service.MemoryService` remembers; `NoMemory` is the null object, of which everything may
be asked and nothing comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

from assistant.brain.base import Completes
from assistant.memory.base import Forgotten, Found, Memory
from assistant.memory.deletion.plan import DeletionPreview
from assistant.memory.recall import NOTHING, Recalled
from assistant.memory.view import CurrentMemory, NoMemoryView, TurnSource
from assistant.session.events import SessionEvent


class MemoryFrontend(Protocol):
    """What is remembered, to be shown and put right; see `view`. All that is
    awaited raises `MemoryFailure`."""

    @property
    def enabled(self) -> bool:
        """Whether anything is remembered from one conversation to the next."""

    @property
    def private(self) -> bool:
        """Nothing of this conversation is kept."""

    async def book(self) -> CurrentMemory:
        """All that holds now, by subject and by age."""

    async def look_up(self, words: str) -> Sequence[Found]:
        """What a person looks for, best first."""

    async def source(self, id: str) -> TurnSource:
        """Where a memory was said; `id` may be that of a turn, "JOURNAL#TURN"."""

    async def preview(self, ids: Sequence[str]) -> DeletionPreview:
        """What goes if these memories or turns are forgotten; nothing is changed."""

    async def forget(self, deletion: DeletionPreview) -> Forgotten:
        """Let it go, without a trace."""

    async def strike(self, ids: Iterable[str]) -> Forgotten:
        """The same at once, for what was recalled."""

    async def correct(self, memory: Memory, text: str) -> Memory:
        """What a memory should say; the old one becomes history."""

    async def settle(self, right: str, wrong: Sequence[str]) -> None:
        """Of memories that do not agree the one with the id `right` holds."""


class ConversationMemory(MemoryFrontend, Protocol):
    """Told of every turn, asked before every answer."""

    budget_tokens: int
    """What may be put before an answer."""
    met: frozenset[str]
    """Slugs of the personas that the user has talked to, as far as that may be known. Once it has
    `opened`."""

    def begin(
        self,
        emit: Callable[[SessionEvent], None],
        persona: Callable[[], str],
        on_forgotten: Callable[[Sequence[str]], None] = ...,
    ) -> None:
        """`persona` gives the slug of the one in charge; `on_forgotten(texts)` hears what else has
        to forget. Call in the event loop."""

    async def opened(self) -> str:
        """One sentence more for the greeting; "" for none."""

    def use_model(self, model: Completes) -> None:
        """Let a language model decide what is remembered, in pauses and at the end."""

    def prepare(self, partial: str) -> None:
        """The user has said this so far."""

    def heard(self, text: str) -> None:
        """The user's turn."""

    def said(self, text: str, persona: str, name: str) -> None:
        """What was heard of the assistant's."""

    def without_secrets(self, text: str) -> str:
        """As it may be written down."""

    async def recalled(self, text: str) -> Recalled:
        """What comes to mind at the user's words."""

    async def foreseen(self, text: str) -> Recalled:
        """The same, while nobody knows yet whether these are all of the user's words."""

    async def news(self, text: str) -> str:
        """What comes to mind, quoted, and has not yet in this conversation; "" for nothing."""

    async def how_been(self, days: int, period: str) -> str:
        """How the user was in the last `days` days, which are called `period`, in sentences to be
        said. Raises `MemoryFailure`."""

    async def acknowledge(self, text: str) -> str:
        """Keep what the user's turn tells, before the answer says that it is remembered. Returns
        what has to be said where it is not: one or two sentences."""

    async def keep_taught(self) -> str:
        """Keep what the last turn taught, whatever the answer says. Returns the same, once."""

    def as_told(self, recalled: Recalled) -> Sequence[str]:
        """The same as the user would say it: "my parrot is called Picasso"."""

    async def close(self) -> None:
        """The conversation is over."""


@runtime_checkable
class KnowsSpeakers(Protocol):
    """A memory of several people, who are kept apart."""

    def speaks(self, name: str) -> None:
        """The turn that is heard next is this person's, and so is what is asked until another
        speaks; "": of nobody known."""


# Null memory: what a session has where nothing is remembered. Everything may be asked of it,
# and nothing comes of it; see `ConversationMemory` for what each method is.


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

    async def foreseen(self, text: str) -> Recalled:
        return NOTHING

    async def news(self, text: str) -> str:
        return ""

    async def how_been(self, days: int, period: str) -> str:
        return "I keep no memory of our conversations, so I cannot look back."

    async def acknowledge(self, text: str) -> str:
        return self._why

    async def keep_taught(self) -> str:
        return ""

    def as_told(self, recalled: Recalled) -> Sequence[str]:
        return ()

    async def close(self) -> None:
        pass
