"""The conversation so far, as a brain sees it: bounded, and cut to what was really heard."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from assistant.brain.base import Message, Role

MAX_MESSAGES = 100


class History:
    """At most 100 messages, the oldest goes first."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque(maxlen=MAX_MESSAGES)

    def add(self, role: Role, text: str, persona: str) -> None:
        """Empty text is left out: an answer of which nothing was heard was never given."""
        if text.strip():
            self._messages.append(Message(role, text.strip(), persona))

    def messages(self) -> list[Message]:
        return list(self._messages)

    def last(self, role: Role) -> str:
        """Text of the last message of this role, "" where there is none."""
        return next((m.text for m in reversed(self._messages) if m.role == role), "")

    def drop(self, texts: Sequence[str]) -> None:
        """Take back messages of these texts."""
        gone = {text.strip() for text in texts}
        kept = [message for message in self._messages if message.text not in gone]
        self._messages = deque(kept, maxlen=MAX_MESSAGES)

    def drop_last(self, role: Role) -> None:
        """Take back the last message where it is of this role."""
        if self._messages and self._messages[-1].role == role:
            self._messages.pop()
