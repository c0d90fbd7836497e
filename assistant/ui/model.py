"""What the status line and the header know: the last of each event. Nothing here draws."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from assistant.frames import AgentState
from assistant.memory.base import Found
from assistant.session.events import (
    AgentSaid,
    AnswerPaused,
    AnswerResumed,
    AudioChanged,
    BackendChosen,
    BrainChosen,
    CallsRunning,
    Dropped,
    FirstSample,
    LagChanged,
    MemoryRecalled,
    PersonaChanged,
    RunningCall,
    SessionEvent,
    StateChanged,
    StillThinking,
    TimersChanged,
)
from assistant.session.signals import Latencies
from assistant.skills.schedule import Timer

# Dropped frames and lag (overload): what a machine could not keep up with, for as long as it is
# news.

SHOWN_SECONDS = 60.0
"""After the last frame that was skipped, or the last word of a lag."""
LAG_SHOWN_SECONDS = 0.2
"""A backend that is less far behind than this is not behind to a person."""


class Overload:
    """Frames skipped since all was well, and how far the backend is behind."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._totals: dict[str, int] = {}
        self._news: dict[str, int] = {}
        self._skipped_at = 0.0
        self._lag = 0.0
        self._lag_at = 0.0

    def skipped(self, totals: Mapping[str, int]) -> None:
        """Frames so far, by place; a total that shrinks begins anew (a backend that restarted)."""
        for place, total in totals.items():
            before = self._totals.get(place, 0)
            new = total - before if total >= before else total
            self._totals[place] = total
            if new > 0:
                if not self.recent:
                    self._news = {}
                self._news[place] = self._news.get(place, 0) + new
                self._skipped_at = self._clock()

    def behind(self, seconds: float) -> None:
        """How far the backend is behind just now."""
        self._lag, self._lag_at = seconds, self._clock()

    @property
    def recent(self) -> dict[str, int]:
        """Frames of the present overload, by place; empty a minute after the last one."""
        return dict(self._news) if self._is_news(self._skipped_at) else {}

    @property
    def lag(self) -> float:
        """Seconds; 0 where it is too little to be told, or was told too long ago."""
        return self._lag if self._lag >= LAG_SHOWN_SECONDS and self._is_news(self._lag_at) else 0.0

    def _is_news(self, at: float) -> bool:
        return self._clock() - at < SHOWN_SECONDS


RECALLED_KEPT = 10


@dataclass(slots=True)
class StatusModel:
    """The present, as far as the session has told it."""

    persona: str = ""
    state: AgentState = "initializing"
    waiting: str = ""
    """What a language model does before its first word, and for how long: "thinking … (12 s)"."""
    paused: int | None = None
    """The turn of the assistant's that has fallen silent because the user may be speaking."""
    backend: str = ""
    reason: str = ""
    engine: str = ""
    note: str = ""
    """Of the engine's limits."""
    brain: str = ""
    audio_known: bool = False
    microphone: str | None = None
    speaker: str | None = None
    muted: bool = False
    push_to_talk: bool = False
    talking: bool = False
    """Push-to-talk: the microphone is open at the moment."""
    volume: float = 1.0
    rate: float = 1.0
    echo: str = ""
    """What is done about the assistant hearing itself."""
    latencies: Latencies = field(default_factory=Latencies)
    overload: Overload = field(default_factory=Overload)
    advice: str = ""
    """What would help against the lag."""
    timers: tuple[Timer, ...] = ()
    ringing: tuple[Timer, ...] = ()
    """The next one first."""
    calls: tuple[RunningCall, ...] = ()
    """Other programs at work for the user."""
    memory: str = ""
    """What is unusual about it: "private", "memory off"."""
    recalled: tuple[Found, ...] = ()
    """What came to mind in this conversation, the latest first, each once."""

    def apply(self, event: SessionEvent) -> bool:
        """Take an event in; says whether anything here changed."""
        match event:
            case StateChanged():
                self.state = event.state
                self.paused = None
                self.waiting = ""
            case StillThinking():
                self.waiting = f"{event.doing} … ({event.seconds:.0f} s)"
            case AgentSaid(final=False) if self.waiting:
                self.waiting = ""
            case AnswerPaused():
                self.paused = event.turn
            case AnswerResumed():
                self.paused = None
            case AgentSaid(final=True) if event.turn == self.paused:
                self.paused = None
            case PersonaChanged():
                self.persona = event.persona.name
            case BackendChosen():
                self.backend, self.reason = event.name, event.reason
                self.engine = event.engine or self.engine
                self.note = event.note
            case BrainChosen():
                self.brain = event.label
            case AudioChanged():
                self.audio_known = True
                self.microphone, self.speaker = event.microphone, event.speaker
                self.muted, self.push_to_talk = event.muted, event.push_to_talk
                self.talking = event.push_to_talk and event.talk_key
                self.volume, self.rate = event.volume, event.rate
                self.echo = event.echo
            case FirstSample(latency=float() as latency):
                self.latencies.add(latency, event.stages)
            case Dropped():
                self.overload.skipped(event.counts)
            case LagChanged():
                self.overload.behind(event.seconds)
                self.overload.skipped({"backend": event.dropped})
                self.advice = event.advice
            case TimersChanged():
                self.timers, self.ringing = event.timers, event.ringing
            case CallsRunning():
                self.calls = event.calls
            case MemoryRecalled():
                news = {hit.id: hit for hit in (*event.found, *self.recalled)}
                self.recalled = tuple(news.values())[:RECALLED_KEPT]
            case _:
                return False
        return True

    @property
    def closed(self) -> bool:
        """The microphone hears nothing although nobody holds a key back."""
        return self.muted or (self.audio_known and self.microphone is None)
