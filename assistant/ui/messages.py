"""What reaches the widgets: the session's events, and what the widgets ask for."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from assistant.events import (
    AudioChanged,
    Dropped,
    LagChanged,
    LoadProgress,
    SessionEvent,
    UserSaid,
)


@dataclass
class FromSession(Message):
    """One event of the session."""

    event: SessionEvent

    def can_replace(self, message: Message) -> bool:
        """Only what the newer one says again in full may be skipped; never a word of an answer."""
        return isinstance(message, FromSession) and _replaces(self.event, message.event)


@dataclass
class PersonaWanted(Message):
    """Someone clicked on a persona."""

    slug: str


@dataclass
class Typed(Message):
    """The user sent a line."""

    text: str


def _replaces(new: SessionEvent, old: SessionEvent) -> bool:
    if isinstance(new, UserSaid) and isinstance(old, UserSaid):
        return new.turn == old.turn and not old.final
    return type(new) is type(old) and isinstance(
        new, LoadProgress | AudioChanged | Dropped | LagChanged
    )
