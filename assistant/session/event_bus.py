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
from dataclasses import replace
from typing import Any, TypeVar

from assistant.session.clean_events import EventCleaner
from assistant.session.events import SessionEvent

log = logging.getLogger(__name__)

Listener = Callable[[SessionEvent], None]
Kind = TypeVar("Kind")


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

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Every session event from now on, for a front end; returns how to end it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def on(self, kind: type[Kind], handler: Callable[[Kind], None]) -> None:
        """Every event of this class, or of one derived from it, for a part of the session."""
        self._subscriptions.append((kind, handler))
        self._handlers.clear()

    def publish(self, event: object) -> None:
        """Hand it on now."""
        if isinstance(event, SessionEvent):
            event = replace(self._cleaner.cleaned(event), t=round(self.clock(), 3))
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
