"""Event bus: where a session's events go, to its listeners, and the turns into the transcript."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from assistant.frames import Side
from assistant.session.clean_events import EventCleaner
from assistant.session.events import Notice, SessionEvent
from assistant.session.transcript_store import TranscriptEntry, TranscriptStore

log = logging.getLogger(__name__)

Listener = Callable[[SessionEvent], None]


class EventBus:
    """Stamps events with the time, cleans their texts and hands them on, in order. A listener that
    fails costs nobody else anything."""

    def __init__(self, clock: Callable[[], float], store: TranscriptStore) -> None:
        self._clock = clock
        self._store = store
        self._listeners: list[Listener] = []
        self._cleaner = EventCleaner()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Every event from now on; returns how to end it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def emit(self, event: SessionEvent) -> None:
        event = replace(self._cleaner.cleaned(event), t=round(self._clock(), 3))
        for listener in list(self._listeners):
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed on %s", type(event).__name__)

    def keep(
        self, side: Side, name: str, text: str, played: str = "", interrupted: bool = False
    ) -> None:
        """Write a turn into the transcript; a full disk is told once."""
        entry = TranscriptEntry(datetime.now(), side, name, text, interrupted, played)
        problem = self._store.append(entry)
        if problem:
            self.emit(Notice(text=problem, severity="warning", key="store"))

    def close(self) -> None:
        self._store.close()
