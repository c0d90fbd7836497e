"""From the session's events to Textual's messages.

Session and app share one event loop, so a message is posted without any lock. Events that come
before the screen is there wait in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message_pump import MessagePump

from assistant.session.events import SessionEvent
from assistant.ui.messages import FromSession

if TYPE_CHECKING:
    from assistant.session.frontend import SessionFrontend


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
