"""Trace of a turn: when each stage on the way from the user's last word to the answer was over.

Made from session events alone. The last turn's is kept in a small file of its own, without a word
of what was said, so that there is nothing in it to be forgotten.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from assistant.private_files import write_whole
from assistant.session.events import (
    AgentSaid,
    FirstSample,
    MemoryRecalled,
    PersonaChanged,
    PromptEvaluated,
    SessionEvent,
    ToolCalled,
    ToolFinished,
    TurnStarted,
    UserSaid,
)

log = logging.getLogger(__name__)

ENDED = ("answer ended", "answer interrupted")


class Moment(msgspec.Struct, frozen=True):
    """The end of a stage."""

    name: str
    at: float
    """Seconds since the user stopped speaking, or sent a text."""


class TurnTrace(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of the user's with what was answered to it."""

    turn: int
    """The user's number."""
    answers: list[int]
    """Numbers of the assistant's turns: fillers and the answer."""
    spoken: bool
    """False: typed."""
    persona: str
    """Slug of the one that answered."""
    moments: list[Moment]
    """In order; the last is one of `ENDED`."""
    at: datetime | None = None
    """When it was kept; None in a trace of a file of events."""


@dataclass(slots=True)
class _OpenTurn:
    """Times on the session's clock."""

    said: UserSaid
    marks: list[tuple[str, float]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    persona: str = ""
    words: float | None = None
    """When the first words of an answer were shown."""
    first: FirstSample | None = None
    """Of the answer, rather than of a filler."""

    def closed(self, end: str, t: float) -> TurnTrace:
        begin = self._begin()
        marks = [*self._hearing(begin), *self.marks, *self._answering(), (end, t)]
        moments = [Moment(name, round(max(0.0, at - begin), 4)) for name, at in marks]
        return TurnTrace(
            turn=self.said.turn,
            answers=self.answers,
            spoken=not self.said.typed,
            persona=self.persona,
            moments=sorted(moments, key=lambda moment: moment.at),
        )

    def _begin(self) -> float:
        """When the user had finished. What follows the words was timed by one clock, and together
        with what came before them it is the latency."""
        if self.first is None or self.first.latency is None:
            return self.said.t
        return self.said.t + self._after_words("device") - self.first.latency

    def _after_words(self, last: str) -> float:
        """Seconds from the words to the end of the stage `last`."""
        assert self.first is not None
        stages = ("answer", "voice", "device")
        passed = stages[: stages.index(last) + 1]
        return sum(self.first.stages.get(name, 0.0) for name in passed) / 1000

    def _hearing(self, begin: float) -> list[tuple[str, float]]:
        if self.said.typed:
            return []
        wait = None if self.first is None else self.first.stages.get("wait")
        decided = [] if wait is None else [("end of turn decided", begin + wait / 1000)]
        return [*decided, ("words transcribed", self.said.t)]

    def _answering(self) -> list[tuple[str, float]]:
        shown = [] if self.words is None else [("first words shown", self.words)]
        if self.first is None:
            return shown
        if self.first.latency is None:
            return [*shown, ("first sound heard", self.first.t)]
        return [
            ("answer handed to the voice", self.said.t + self._after_words("answer")),
            ("first sound made", self.said.t + self._after_words("voice")),
            *shown,
            ("first sound heard", self.said.t + self._after_words("device")),
        ]


class TurnTracer:
    """Follows a conversation: `take` each event, in order. A turn that nobody answers has none."""

    def __init__(self) -> None:
        self._newest: _OpenTurn | None = None
        self._answered: dict[int, _OpenTurn] = {}
        """By number of the assistant's turn that is under way."""

    def take(self, event: SessionEvent) -> TurnTrace | None:
        """A trace where a turn of the assistant's has ended; what is said later to the same turn of
        the user's makes a longer one."""
        match event:
            case UserSaid(final=True, text=text) if text:
                self._newest = _OpenTurn(event)
            case TurnStarted(side="assistant", turn=turn) if self._newest is not None:
                self._answered[turn] = self._newest
                self._newest.answers.append(turn)
            case AgentSaid(turn=turn) if turn in self._answered:
                return self._answer_said(event)
            case FirstSample(turn=turn) if turn in self._answered:
                open_turn = self._answered[turn]
                if open_turn.first is None or open_turn.first.latency is None:
                    open_turn.first = event
            case _ if self._newest is not None and (mark := _mark(event)):
                self._newest.marks.append((mark, event.t))
        return None

    def _answer_said(self, event: AgentSaid) -> TurnTrace | None:
        open_turn = self._answered[event.turn]
        open_turn.persona = event.persona or open_turn.persona
        if event.final:
            del self._answered[event.turn]
            return open_turn.closed(ENDED[event.interrupted], event.t)
        if event.text.strip() and open_turn.words is None:
            open_turn.words = event.t
        return None


def _mark(event: SessionEvent) -> str:
    match event:
        case ToolCalled(call=call):
            return f"tool {call.name} called"
        case ToolFinished(result=result):
            return f"tool {result.call.name} {'done' if result.ok else 'failed'}"
        case MemoryRecalled():
            return "memory recalled"
        case PersonaChanged():
            return "persona changed"
        case PromptEvaluated(tokens=tokens, ahead=ahead):
            return f"prompt evaluated ({tokens} tokens{', ahead' if ahead else ''})"
    return ""


class LastTurn:
    """Keeps the trace of the last turn in a file; `LastTurn(path)` listens to a session."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tracer = TurnTracer()

    def __call__(self, event: SessionEvent) -> None:
        trace = self._tracer.take(event)
        if trace is None:
            return
        kept = msgspec.structs.replace(trace, at=datetime.now().astimezone())
        try:
            write_whole(self._path, msgspec.json.encode(kept), durable=False)
        except OSError as error:
            log.warning("the trace of the last turn was not kept: %s", error)


def read_last_turn(path: Path) -> TurnTrace | None:
    """None where there is none, or what is there cannot be read. Raises `OSError`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=TurnTrace)
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return None
