"""Session events as JSON lines: what `assistant talk --events` writes.

One object a line, `{"t": seconds on the input's clock, "event": name, …}`. The names and fields are
a promise; the README lists them. New fields may come, these stay.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TextIO

from assistant.session import events as e
from assistant.session.latency import Latencies


def describe(event: e.SessionEvent, latencies: Latencies | None = None) -> dict[str, Any] | None:
    """The event as it stands in the log; None where it is no news to anybody outside.
    `latencies` are those of the conversation so far, this event's included."""
    fields = _fields(event, latencies or Latencies())
    return None if fields is None else {"t": event.t, **fields}


def _fields(event: e.SessionEvent, latencies: Latencies) -> dict[str, Any] | None:
    match event:
        case e.UserSaid():
            return {
                "event": "user_text",
                "text": event.text,
                "final": event.final,
                "turn": event.turn,
                "typed": event.typed,
            }
        case e.AgentSaid(final=False):
            return {
                "event": "agent_text",
                "text": event.text,
                "persona": event.persona,
                "turn": event.turn,
            }
        case e.AgentSaid():
            return {
                "event": "turn_ended",
                "side": "assistant",
                "turn": event.turn,
                "text": event.played,
                "interrupted": event.interrupted,
            }
        case e.TurnStarted():
            return {"event": "turn_started", "side": event.side, "turn": event.turn}
        case e.TurnEnded(side="user"):
            return {"event": "turn_ended", "side": "user", "turn": event.turn}
        case e.ToolCalled(call=call):
            return {
                "event": "tool_call",
                "name": call.name,
                "arguments": call.arguments,
                "id": call.id,
                "origin": call.origin,
            }
        case e.ToolFinished(result=result):
            return {
                "event": "tool_result",
                "name": result.call.name,
                "id": result.call.id,
                "ok": result.ok,
                "content": result.content,
            }
        case e.PersonaChanged():
            return {
                "event": "persona_changed",
                "persona": event.persona.slug,
                "name": event.persona.name,
                "latency_ms": _ms(event.latency),
            }
        case e.FirstSample():
            return {
                "event": "first_sample",
                "turn": event.turn,
                "latency_ms": _ms(event.latency),
                "stages_ms": event.stages,
                "p50_ms": _ms(latencies.p50),
                "p95_ms": _ms(latencies.p95),
            }
        case e.AnswerPaused():
            return {"event": "answer_paused", "turn": event.turn}
        case e.AnswerResumed():
            return {"event": "answer_resumed", "turn": event.turn, "reason": event.reason}
        case e.StateChanged():
            return {"event": "state", "state": event.state}
        case _:
            return _machinery(event)


def _machinery(event: e.SessionEvent) -> dict[str, Any] | None:
    match event:
        case e.BackendChosen():
            return {
                "event": "backend",
                "name": event.name,
                "reason": event.reason,
                "engine": event.engine,
                "ready": event.ready,
                "note": event.note,
            }
        case e.BrainChosen():
            return {"event": "brain", "label": event.label}
        case e.AudioChanged():
            return {
                "event": "audio",
                "microphone": event.microphone,
                "speaker": event.speaker,
                "muted": event.muted,
                "echo": event.echo,
                "volume": event.volume,
                "rate": event.rate,
            }
        case e.LagChanged():
            return {
                "event": "lag",
                "seconds": event.seconds,
                "dropped": event.dropped,
                "advice": event.advice,
            }
        case e.Dropped():
            return {"event": "dropped", "counts": event.counts}
        case e.Failure():
            return {"event": "failed", "text": event.text, "remedy": event.remedy}
        case e.Notice():
            return {
                "event": "notice",
                "severity": event.severity,
                "text": event.text,
                "remedy": event.remedy,
            }
        case _:
            return None


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 1)


class EventLog:
    """Writes events to a file as they come, so that a crash leaves all but the last.

    A disk that fills up ends the log, not the conversation; `error` tells of it.
    """

    def __init__(self, path: Path) -> None:
        """Raises `OSError` where the file cannot be written."""
        # What was said is in it; a file that is there keeps the rights that it has.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        self._file: TextIO = os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8")
        self._path = path
        self._latencies = Latencies()
        self.error: OSError | None = None

    def __call__(self, event: e.SessionEvent) -> None:
        if isinstance(event, e.FirstSample) and event.latency is not None:
            self._latencies.add(event.latency, event.stages)
        described = describe(event, self._latencies)
        if described is None or self.error is not None:
            return
        try:
            self._file.write(json.dumps(described, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        error.filename = str(self._path)  # writing does not tell which file it was
        self.error = self.error or error
