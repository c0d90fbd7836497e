"""Replay: the conversation so far, as events, for a front end that comes in the middle of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable

import msgspec

from assistant.session.events import (
    AgentSaid,
    AnswerProgress,
    ConversationResumed,
    FeelingHeard,
    FeelingTakenBack,
    FirstSample,
    MemoryForgotten,
    MemoryKept,
    MemoryRecalled,
    Notice,
    PersonaChanged,
    SessionEvent,
    TimerRang,
    ToolCalled,
    ToolFinished,
    TurnForClient,
    UserSaid,
)

MOST_EVENTS = 400
"""Of a long talk the oldest go."""
MOST_CHARACTERS = 200_000
"""Of what was said by both sides."""
_KEPT = (
    ConversationResumed,
    FeelingHeard,
    FeelingTakenBack,
    FirstSample,
    MemoryKept,
    MemoryRecalled,
    Notice,
    PersonaChanged,
    TimerRang,
    ToolCalled,
    ToolFinished,
    TurnForClient,
)


class ReplayBuffer:
    """Listens to a session from its start. A turn is one event, however many pieces it came in; one
    that is under way is told as far as it is, and its further pieces follow to whoever subscribes
    at once."""

    def __init__(self) -> None:
        self._events: OrderedDict[Hashable, SessionEvent] = OrderedDict()
        self._progress: AnswerProgress | None = None
        self._count = 0
        self._characters = 0

    def __call__(self, event: SessionEvent) -> None:
        match event:
            case UserSaid(turn=turn):
                self._put(("user", turn), event)
            case AgentSaid(turn=turn):
                self._put(("agent", turn), _joined(self._events.get(("agent", turn)), event))
            case AnswerProgress():
                self._progress = event
            case MemoryForgotten(deletion=deletion):
                self._forget(deletion.texts, everything=deletion.everything)
            case Notice(key=key) if key:
                self._events.pop(("notice", key), None)
                self._put(("notice", key), event)
            case _ if isinstance(event, _KEPT):
                self._count += 1
                self._put(self._count, event)

    def events(self) -> list[SessionEvent]:
        """In the order in which their turns began."""
        told = [each for each in self._events.values() if not _is_void(each)]
        if self._progress is not None and self._is_under_way(self._progress.turn):
            told.append(self._progress)
        return told

    def _is_under_way(self, turn: int) -> bool:
        answer = self._events.get(("agent", turn))
        return isinstance(answer, AgentSaid) and not answer.final

    def _put(self, key: Hashable, event: SessionEvent) -> None:
        old = self._events.get(key)
        self._characters += _length(event) - _length(old)
        self._events[key] = event
        while len(self._events) > MOST_EVENTS or (
            self._characters > MOST_CHARACTERS and len(self._events) > 1
        ):
            self._characters -= _length(self._events.popitem(last=False)[1])

    def _forget(self, texts: Iterable[str], *, everything: bool) -> None:
        """As the screens do: what was said goes, and whatever tells of it."""
        gone = [text.strip() for text in texts if text.strip()]
        for key, event in list(self._events.items()):
            told = isinstance(event, MemoryKept | MemoryRecalled | ToolFinished)
            said = isinstance(event, UserSaid | AgentSaid) and everything
            if told or said or any(text in _text(event) for text in gone):
                self._characters -= _length(self._events.pop(key))


def _joined(before: SessionEvent | None, piece: AgentSaid) -> AgentSaid:
    """The turn so far; the last piece tells how it ended."""
    text = before.text if isinstance(before, AgentSaid) else ""
    return msgspec.structs.replace(piece, text=text + piece.text)


def _is_void(event: SessionEvent) -> bool:
    """The user's words that came to nothing."""
    return isinstance(event, UserSaid) and not event.text


def _text(event: SessionEvent | None) -> str:
    return event.text if isinstance(event, UserSaid | AgentSaid) else ""


def _length(event: SessionEvent | None) -> int:
    return len(_text(event))
