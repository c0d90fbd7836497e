"""Backend events: what the backend reports of itself, told to the session and to front ends."""

from __future__ import annotations

import logging

from assistant.backends.host.process import BackendProcess
from assistant.backends.registry import Choice
from assistant.frames import Capabilities, Failed, Lag, Prefilled, Ready, Status, Substituted
from assistant.session.event_bus import EventBus
from assistant.session.events import BackendChosen, Failure, LagChanged, LoadProgress, Notice
from assistant.session.signals import BackendGone, BackendLost, BackendReady

log = logging.getLogger(__name__)

LAGGING_SECONDS = 0.2
"""A backend that is further behind the microphone than this is lagging."""
ADVISE_AFTER = 10.0
"""Seconds of lag after which it is told what would help."""
_ADVICE = "smaller weights (backend.moshi.quantize), a shorter context, or --backend cascade"


class BackendEvents:
    """Knows what the backend can do just now."""

    def __init__(self, bus: EventBus, backend: BackendProcess, choice: Choice) -> None:
        self._bus = bus
        self._backend = backend
        self._choice = choice
        self.capabilities = Capabilities()
        """Of the backend, once it is ready."""
        self._lagging_since: float | None = None
        bus.on(Ready, self._ready)
        bus.on(Status, self._status)
        bus.on(Lag, self._lag)
        bus.on(Prefilled, self._prefilled)
        bus.on(Failed, self._failed)
        bus.on(Substituted, self._substituted)

    @property
    def can_speak(self) -> bool:
        return self._backend.ready.is_set() and self.capabilities.say

    @property
    def converses(self) -> bool:
        """It listens, thinks and speaks by itself, all at the same time."""
        return self.capabilities.full_duplex and self.capabilities.answers_by_itself

    def chosen(self) -> None:
        """Tell which backend will be started."""
        self._bus.publish(BackendChosen(name=self._choice.name, reason=self._choice.reason))

    def _ready(self, event: Ready) -> None:
        self.capabilities = event.capabilities
        name, reason = self._choice.name, self._choice.reason
        self._bus.publish(
            BackendChosen(
                name=name, reason=reason, engine=event.engine, ready=True, note=event.note
            )
        )
        self._bus.publish(BackendReady(event.capabilities))

    def _status(self, event: Status) -> None:
        self._bus.publish(LoadProgress(text=event.text, fraction=event.fraction))

    def _prefilled(self, event: Prefilled) -> None:
        megabytes = event.snapshot_bytes / 1e6
        what = "in place" if event.swapped else "ready"
        log.info(
            "prompt of %s %s after %.0f ms; %d snapshots hold %.1f MB",
            event.slug, what, event.milliseconds, event.snapshots, megabytes,
        )  # fmt: skip

    def _lag(self, event: Lag) -> None:
        now = self._bus.clock()
        if event.seconds < LAGGING_SECONDS:
            self._lagging_since = None
        elif self._lagging_since is None:
            self._lagging_since = now
        long = self._lagging_since is not None and now - self._lagging_since >= ADVISE_AFTER
        self._bus.publish(
            LagChanged(seconds=event.seconds, dropped=event.dropped, advice=_ADVICE if long else "")
        )

    def _substituted(self, event: Substituted) -> None:
        self._choice = Choice(event.name, f"{event.failed} could not be loaded")
        self.capabilities = Capabilities()
        self._bus.publish(
            Notice(
                text=f"{event.failed} cannot run: {event.reason}",
                remedy=f"{event.remedy} – {event.name} takes its place"
                if event.remedy
                else f"{event.name} takes its place",
                severity="warning",
            )
        )
        self.chosen()

    def _failed(self, event: Failed) -> None:
        if event.fatal:
            self._bus.publish(Failure(text=event.message, remedy=event.remedy))
            self._bus.publish(BackendGone())
            return
        self._bus.publish(Notice(text=event.message, remedy=event.remedy, severity="warning"))
        if not self._backend.ready.is_set():
            self._bus.publish(BackendLost())
