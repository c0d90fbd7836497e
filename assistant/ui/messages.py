"""What reaches the widgets: the session's events, and what the widgets ask for."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from assistant.session.events import (
    AudioChanged,
    Dropped,
    LagChanged,
    LoadProgress,
    SessionEvent,
    StillThinking,
    UserSaid,
)


@dataclass
class FromSession(Message):
    """One event of the session."""

    event: SessionEvent

    def can_replace(self, message: Message) -> bool:
        """Whether `message`, which came later, may stand for this one (so Textual asks it).

        Only where the later one says all of it again; never a word of an answer.
        """
        return isinstance(message, FromSession) and _says_again(message.event, self.event)


@dataclass
class Typed(Message):
    """The user sent a line."""

    text: str


def _says_again(new: SessionEvent, old: SessionEvent) -> bool:
    if isinstance(new, UserSaid) and isinstance(old, UserSaid):
        return new.turn == old.turn and not old.final
    return type(new) is type(old) and isinstance(
        new, LoadProgress | AudioChanged | Dropped | LagChanged | StillThinking
    )
