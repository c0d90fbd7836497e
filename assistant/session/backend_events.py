"""Backend events: what the backend reports, and who in the conversation is told of it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from assistant.backends.host.process import BackendProcess
from assistant.backends.registry import Choice
from assistant.frames import (
    FRAME_SAMPLES,
    AgentText,
    AnyEvent,
    AudioOut,
    CallSpelled,
    Capabilities,
    Failed,
    Inject,
    Lag,
    Overheard,
    Prefetched,
    Prefilled,
    Ready,
    Status,
    Substituted,
    UserText,
    UserTurnEnded,
    UserTurnStarted,
    UtteranceEnded,
)
from assistant.session.events import (
    BackendChosen,
    Failure,
    LagChanged,
    LoadProgress,
    Notice,
    SessionEvent,
)
from assistant.session.persona_switch import PersonaSwitch
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.barge_in import BargeIn
from assistant.session.turns.turn_taking import TurnTaking
from assistant.session.turns.user_turn import UserTurn
from assistant.tools.base import ToolResult

log = logging.getLogger(__name__)

LAGGING_SECONDS = 0.2
"""A backend that is further behind the microphone than this is lagging."""
CUSHION_SAMPLES = 2 * FRAME_SAMPLES
"""Sound that is collected before a model that speaks in real time is heard: its frames come every
80 ms, give or take some."""
ADVISE_AFTER = 10.0
"""Seconds of lag after which it is told what would help."""
_ADVICE = "smaller weights (backend.moshi.quantize), a shorter context, or --backend cascade"


class BackendEvents:
    """Hands each event of the backend on, and greets once when it is there (or never will be)."""

    def __init__(
        self,
        backend: BackendProcess,
        choice: Choice,
        user_turn: UserTurn,
        agent_turn: AgentTurn,
        turn_taking: TurnTaking,
        barge_in: BargeIn,
        persona_switch: PersonaSwitch,
        prefetched: set[str],
        clock: Callable[[], float],
        emit: Callable[[SessionEvent], None],
        on_ready: Callable[[], None],
        on_overheard: Callable[[str], None],
        *,
        greeting: bool,
    ) -> None:
        self._backend = backend
        self._choice = choice
        self._user_turn = user_turn
        self._agent_turn = agent_turn
        self._turn_taking = turn_taking
        self._barge_in = barge_in
        self._persona_switch = persona_switch
        self._rehearsed = prefetched
        self._clock = clock
        self._emit = emit
        self._on_ready = on_ready
        self._on_overheard = on_overheard
        self._greeted = not greeting
        self.capabilities = Capabilities()
        """Of the backend, once it is ready."""
        self._lagging_since: float | None = None

    @property
    def can_speak(self) -> bool:
        return self._backend.ready.is_set() and self.capabilities.say

    @property
    def _converses(self) -> bool:
        """It listens, thinks and speaks by itself, all at the same time."""
        return self.capabilities.full_duplex and self.capabilities.answers_by_itself

    def chosen(self) -> None:
        """Tell which backend will be started."""
        self._emit(BackendChosen(name=self._choice.name, reason=self._choice.reason))

    def greet(self) -> None:
        if not self._greeted:
            self._greeted = True
            self._persona_switch.greet()

    def take(self, event: AnyEvent) -> None:
        match event:
            case AudioOut() | AgentText() | UtteranceEnded():
                self._agent_turn.take(event, self._persona_switch.current)
            case Prefetched(text=text):
                self._rehearsed.add(text)
            case UserText():
                self._user_turn.text(event)
            case UserTurnStarted():
                self._turn_started(event)
            case UserTurnEnded():
                self._turn_ended(event)
            case Overheard(text=text):
                self._on_overheard(text)
            case CallSpelled(text=text):
                self._turn_taking.call_spelled(text, self._make_known)
            case Ready():
                self._ready(event)
            case Status():
                self._emit(LoadProgress(text=event.text, fraction=event.fraction))
            case Lag():
                self._lag(event)
            case Prefilled():
                megabytes = event.snapshot_bytes / 1e6
                what = "in place" if event.swapped else "ready"
                log.info(
                    "prompt of %s %s after %.0f ms; %d snapshots hold %.1f MB",
                    event.slug, what, event.milliseconds, event.snapshots, megabytes,
                )  # fmt: skip
            case Failed():
                self._failed(event)
            case Substituted():
                self._substituted(event)
            case _:
                log.debug("not for the session: %r", event)

    def _ready(self, event: Ready) -> None:
        self.capabilities = event.capabilities
        name, reason = self._choice.name, self._choice.reason
        self._emit(
            BackendChosen(
                name=name, reason=reason, engine=event.engine, ready=True, note=event.note
            )
        )
        self._on_ready()
        self._agent_turn.speech.cushion = CUSHION_SAMPLES if self._converses else 0
        if event.capabilities.snapshots:
            self._persona_switch.prefill()
        self._turn_taking.rest_in("idle")
        self.greet()

    def _turn_started(self, event: UserTurnStarted) -> None:
        self._user_turn.turn_started(event)
        if self._user_turn.believed:
            self._barge_in.turn_began()
            # Who listens while it speaks decides by itself whether to go on.
            self._turn_taking.user_began(holds=not self.capabilities.full_duplex)

    def _turn_ended(self, event: UserTurnEnded) -> None:
        self._user_turn.turn_ended(event)
        if not self._user_turn.believed:
            return
        if self._converses:
            # It may answer before the words are written down, so the watch starts here.
            if not self._agent_turn.speech.active:
                self._agent_turn.stopwatch = self._user_turn.stopwatch(event.at)
            self._turn_taking.rest()
        else:
            self._turn_taking.user_ended()

    def _lag(self, event: Lag) -> None:
        now = self._clock()
        if event.seconds < LAGGING_SECONDS:
            self._lagging_since = None
        elif self._lagging_since is None:
            self._lagging_since = now
        long = self._lagging_since is not None and now - self._lagging_since >= ADVISE_AFTER
        self._emit(
            LagChanged(seconds=event.seconds, dropped=event.dropped, advice=_ADVICE if long else "")
        )

    def _make_known(self, result: ToolResult) -> None:
        """What came of a call that the model spelled out: it shall know."""
        state = "" if result.ok else "error: "
        self._backend.send(Inject(f"{result.call.name}: {state}{result.content}"))

    def _substituted(self, event: Substituted) -> None:
        self._choice = Choice(event.name, f"{event.failed} could not be loaded")
        self.capabilities = Capabilities()
        self._emit(
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
            self._emit(Failure(text=event.message, remedy=event.remedy))
            self._turn_taking.rest_in("idle")
            self.greet()
            return
        self._emit(Notice(text=event.message, remedy=event.remedy, severity="warning"))
        if not self._backend.ready.is_set():
            self._user_turn.abandon()
            self._turn_taking.backend_lost()
