"""Event bus: typed, ordered and synchronous.

Whatever is published is handed on before `publish` returns: first to the front ends, who only look,
then to the parts of the session that asked for its kind, in the order in which they asked. What a
handler publishes is handed on within that, so that a cause stands before its effects everywhere.
Four kinds of things travel here: what the backend reports (`frames.Event`), what it is asked
(`frames.Command`), what front ends are told (`SessionEvent`), and what the parts of a session tell
each other (`signals`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel

from assistant.calls.parser import ToolCall
from assistant.memory.base import Memory, Turn
from assistant.memory.deletion.plan import DeletionPreview
from assistant.personas.loading import Persona
from assistant.session.events import (
    AgentSaid,
    AudioChanged,
    BackendChosen,
    BrainChosen,
    CallsRunning,
    Dropped,
    Failure,
    LagChanged,
    SessionEvent,
    TimersChanged,
    UserSaid,
)
from assistant.terminal.sanitize import PieceCleaner, clean_line, clean_text
from assistant.tools.registry import ToolResult

# Sanitises events before anybody hears them: every text in them, however deep it stands.

_T = TypeVar("_T")

_OF_LINES: Mapping[type, frozenset[str]] = {
    UserSaid: frozenset({"text"}),
    AgentSaid: frozenset({"text", "played"}),
    ToolCall: frozenset({"arguments"}),
    ToolResult: frozenset({"content", "spoken"}),
    Turn: frozenset({"text"}),
    Memory: frozenset({"text"}),
    DeletionPreview: frozenset({"texts"}),
}
"""Fields whose text may have several lines; everything else is one line."""
_ONE_LINE_OF_PERSONA = frozenset({"slug", "name", "aliases", "said", "sounds_like", "summary"})


class EventCleaner:
    """Cleans events in their order: an answer comes in pieces, and what acts may be cut by them."""

    def __init__(self) -> None:
        self._answers: dict[int, PieceCleaner] = {}

    def cleaned(self, event: SessionEvent) -> SessionEvent:
        """The event, the same one where nothing in it was to be cleaned."""
        if not isinstance(event, AgentSaid):
            return cleaned(event)
        answer = self._answers.setdefault(event.turn, PieceCleaner())
        text = answer.feed(event.text)
        if event.final:
            text += answer.close()
            del self._answers[event.turn]
        # `text` is clean, and must keep the spaces at its ends.
        replaced = msgspec.structs.replace
        return replaced(cleaned(replaced(event, text="")), text=text)


def cleaned(value: _T) -> _T:
    """Any value of an event with every text in it cleaned; itself where nothing was."""
    clean: Callable[[Any, Callable[[str], str]], Any] = _cleaned
    result: _T = clean(value, clean_line)
    return result


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    match value:
        case str():
            return clean(value)
        case list() | tuple():
            new: Any = type(value)(_cleaned(each, clean) for each in value)
            return value if new == value else new
        case dict():
            items = {_cleaned(k, clean_line): _cleaned(v, clean) for k, v in value.items()}
            return value if items == value else items
        case BaseModel():
            return _changed(value, lambda changes: value.model_copy(update=changes), clean)
        case msgspec.Struct():
            return _changed(value, lambda changes: msgspec.structs.replace(value, **changes), clean)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _changed(value, lambda changes: replace(value, **changes), clean)
    return value


def _changed(value: Any, make: Callable[[dict[str, Any]], Any], clean: Callable[[str], str]) -> Any:
    """`value` with its fields cleaned; `make(changes)` makes it anew where one has changed."""
    changes: dict[str, Any] = {}
    for name in _names(value):
        old = getattr(value, name)
        new = _cleaned(old, _how(value, name, clean))
        if new is not old and new != old:
            changes[name] = new
    return make(changes) if changes else value


def _names(value: Any) -> list[str]:
    if isinstance(value, BaseModel):
        return list(type(value).model_fields)
    if isinstance(value, msgspec.Struct):
        return list(value.__struct_fields__)
    return [field.name for field in fields(value) if field.init]


def _how(value: Any, name: str, clean: Callable[[str], str]) -> Callable[[str], str]:
    if isinstance(value, Persona):
        return clean_line if name in _ONE_LINE_OF_PERSONA else clean_text
    if isinstance(value, BaseModel):
        return clean
    return clean_text if name in _OF_LINES.get(type(value), ()) else clean_line


log = logging.getLogger(__name__)

Listener = Callable[[SessionEvent], None]
Kind = TypeVar("Kind")
_STANDS = (
    AudioChanged,
    BackendChosen,
    BrainChosen,
    CallsRunning,
    Dropped,
    Failure,
    LagChanged,
    TimersChanged,
)
"""Kinds of events whose last one holds until the next."""


class EventBus:
    """Session events are stamped with the time, and their texts cleaned, before anybody hears of
    them. A listener that fails costs nobody else anything."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock()`: seconds of the session."""
        self.clock = clock
        self._listeners: list[Listener] = []
        self._subscriptions: list[tuple[type, Callable[[Any], None]]] = []
        self._handlers: dict[type, list[Callable[[Any], None]]] = {}
        """Of each class of events that came by, those that are told."""
        self._cleaner = EventCleaner()
        self._standing: dict[type, SessionEvent] = {}

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Every session event from now on, for a front end; returns how to end it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def standing(self) -> list[SessionEvent]:
        """The last event of each kind that holds until the next, in the order in which they came:
        for a front end that comes later."""
        return list(self._standing.values())

    def on(self, kind: type[Kind], handler: Callable[[Kind], None]) -> None:
        """Every event of this class, or of one derived from it, for a part of the session."""
        self._subscriptions.append((kind, handler))
        self._handlers.clear()

    def publish(self, event: object) -> None:
        """Hand it on now."""
        if isinstance(event, SessionEvent):
            event = msgspec.structs.replace(self._cleaner.cleaned(event), t=round(self.clock(), 3))
            if isinstance(event, _STANDS):
                self._standing.pop(type(event), None)
                self._standing[type(event)] = event
            self._tell_front_ends(event)
        for handler in self._handlers_of(type(event)):
            handler(event)

    def _handlers_of(self, kind: type) -> list[Callable[[Any], None]]:
        handlers = self._handlers.get(kind)
        if handlers is None:
            handlers = [
                handler for wanted, handler in self._subscriptions if issubclass(kind, wanted)
            ]
            self._handlers[kind] = handlers
        return handlers

    def _tell_front_ends(self, event: SessionEvent) -> None:
        for listener in list(self._listeners):
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed on %s", type(event).__name__)
