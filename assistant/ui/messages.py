"""What reaches the widgets: the session's events, and what the widgets ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from assistant.session.events import (
    AnswerProgress,
    AudioChanged,
    CallsRunning,
    Dropped,
    LagChanged,
    LoadProgress,
    SessionEvent,
    StillThinking,
    UserSaid,
)

if TYPE_CHECKING:
    from assistant.session.frontend import SessionFrontend


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
    if isinstance(new, AnswerProgress) and isinstance(old, AnswerProgress):
        return new.turn == old.turn
    return type(new) is type(old) and isinstance(
        new, CallsRunning | LoadProgress | AudioChanged | Dropped | LagChanged | StillThinking
    )


# From the session's events to Textual's messages.


class Bridge:
    """Listens to a session from the moment it is made; `connect` names who is to be told."""

    def __init__(self, session: SessionFrontend) -> None:
        self._target: MessagePump | None = None
        self._waiting: list[SessionEvent] = []
        self._unsubscribe: Callable[[], None] | None = session.subscribe(self._receive)

    def connect(self, target: MessagePump) -> None:
        """Tell `target` all that has waited, and everything from now on."""
        self._target = target
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            target.post_message(FromSession(event))

    def close(self) -> None:
        """Stop listening; may be called twice."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._target = None

    def _receive(self, event: SessionEvent) -> None:
        if self._target is not None:
            self._target.post_message(FromSession(event))
        elif self._unsubscribe is not None:
            self._waiting.append(event)
