"""What the backend reports, and who in the conversation is told of it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from assistant.backends.process import BackendProcess
from assistant.backends.registry import Choice
from assistant.conversation.cast import Cast
from assistant.conversation.ears import Ears
from assistant.conversation.mouth import Mouth
from assistant.conversation.turntaking import TurnTaking
from assistant.events import (
    BackendChosen,
    Failure,
    LagChanged,
    LoadProgress,
    Notice,
    SessionEvent,
)
from assistant.frames import (
    AgentText,
    AnyEvent,
    AudioOut,
    Capabilities,
    Failed,
    Lag,
    Ready,
    Rehearsed,
    Status,
    TurnEnded,
    TurnStarted,
    UserText,
    UtteranceEnded,
)

log = logging.getLogger(__name__)


class EngineRoom:
    """Hands each event of the backend on, and greets once when it is there (or never will be)."""

    def __init__(
        self,
        backend: BackendProcess,
        choice: Choice,
        ears: Ears,
        mouth: Mouth,
        turn_taking: TurnTaking,
        cast: Cast,
        rehearsed: set[str],
        emit: Callable[[SessionEvent], None],
        *,
        greeting: bool,
    ) -> None:
        self._backend = backend
        self._choice = choice
        self._ears = ears
        self._mouth = mouth
        self._turn_taking = turn_taking
        self._cast = cast
        self._rehearsed = rehearsed
        self._emit = emit
        self._greeted = not greeting
        self.capabilities = Capabilities()
        """Of the backend, once it is ready."""

    @property
    def can_speak(self) -> bool:
        return self._backend.ready.is_set() and self.capabilities.say

    def chosen(self) -> None:
        """Tell which backend will be started."""
        self._emit(BackendChosen(name=self._choice.name, reason=self._choice.reason))

    def greet(self) -> None:
        if not self._greeted:
            self._greeted = True
            self._cast.greet()

    def take(self, event: AnyEvent) -> None:
        match event:
            case AudioOut() | AgentText() | UtteranceEnded():
                self._mouth.take(event, self._cast.current)
            case Rehearsed(text=text):
                self._rehearsed.add(text)
            case UserText():
                self._ears.text(event)
            case TurnStarted():
                self._ears.turn_started(event)
                self._turn_taking.user_began()
            case TurnEnded():
                self._ears.turn_ended(event)
                self._turn_taking.user_ended()
            case Ready():
                self._ready(event)
            case Status():
                self._emit(LoadProgress(text=event.text, fraction=event.fraction))
            case Lag():
                self._emit(LagChanged(seconds=event.seconds, dropped=event.dropped))
            case Failed():
                self._failed(event)
            case _:
                log.debug("not for the session: %r", event)

    def _ready(self, event: Ready) -> None:
        self.capabilities = event.capabilities
        name, reason = self._choice.name, self._choice.reason
        self._emit(BackendChosen(name=name, reason=reason, engine=event.engine, ready=True))
        self._turn_taking.rest_in("idle")
        self.greet()

    def _failed(self, event: Failed) -> None:
        if event.fatal:
            self._emit(Failure(text=event.message, remedy=event.remedy))
            self._turn_taking.rest_in("idle")
            self.greet()
            return
        self._emit(Notice(text=event.message, remedy=event.remedy, severity="warning"))
        if not self._backend.ready.is_set():
            self._ears.abandon()
            self._turn_taking.backend_lost()
