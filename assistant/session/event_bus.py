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
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from assistant.session.clean_events import EventCleaner
from assistant.session.events import (
    AudioChanged,
    BackendChosen,
    BrainChosen,
    Dropped,
    Failure,
    LagChanged,
    SessionEvent,
)

log = logging.getLogger(__name__)

Listener = Callable[[SessionEvent], None]
Kind = TypeVar("Kind")
_STANDS = (AudioChanged, BackendChosen, BrainChosen, Dropped, Failure, LagChanged)
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
