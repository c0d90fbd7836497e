"""What stands in `--events`: names and fields are a promise to programs outside."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from assistant.calls.base import ToolCall
from assistant.commands.event_log import EventLog, describe
from assistant.session import events as e
from assistant.tools.base import ToolResult
from tests.fakes import BUTLER

CALL = ToolCall("change_theme", {"persona_name": "Core 9"}, "7", "speech")

PROMISED: list[tuple[e.SessionEvent, dict[str, object]]] = [
    (
        e.UserSaid(t=1.5, turn=2, text="Hello.", final=True),
        {"event": "user_text", "text": "Hello.", "final": True, "turn": 2, "typed": False},
    ),
    (
        e.AgentSaid(turn=3, persona="butler", text="Good "),
        {"event": "agent_text", "text": "Good ", "persona": "butler", "turn": 3},
    ),
    (
        e.AgentSaid(turn=3, persona="butler", final=True, played="Good", interrupted=True),
        {
            "event": "turn_ended",
            "side": "assistant",
            "turn": 3,
            "text": "Good",
            "interrupted": True,
        },
    ),
    (
        e.TurnStarted(side="assistant", turn=3),
        {"event": "turn_started", "side": "assistant", "turn": 3},
    ),
    (e.TurnEnded(side="user", turn=2), {"event": "turn_ended", "side": "user", "turn": 2}),
    (
        e.ToolCalled(call=CALL),
        {
            "event": "tool_call",
            "name": "change_theme",
            "arguments": {"persona_name": "Core 9"},
            "id": "7",
            "origin": "speech",
        },
    ),
    (
        e.ToolFinished(result=ToolResult(CALL, True, "changed to Core 9")),
        {
            "event": "tool_result",
            "name": "change_theme",
            "id": "7",
            "ok": True,
            "content": "changed to Core 9",
        },
    ),
    (
        e.PersonaChanged(persona=BUTLER, latency=0.4567),
        {"event": "persona_changed", "persona": "butler", "name": "Butler", "latency_ms": 456.7},
    ),
    (
        e.FirstSample(turn=3, latency=None, stages={"wait": 240.0}),
        {"event": "first_sample", "turn": 3, "latency_ms": None, "stages_ms": {"wait": 240.0}},
    ),
    (e.AnswerPaused(turn=3), {"event": "answer_paused", "turn": 3}),
    (
        e.AnswerResumed(turn=3, reason="backchannel"),
        {"event": "answer_resumed", "turn": 3, "reason": "backchannel"},
    ),
    (
        e.AudioChanged(microphone="Desk", speaker=None, muted=True, echo="echo −38 dB"),
        {
            "event": "audio",
            "microphone": "Desk",
            "speaker": None,
            "muted": True,
            "echo": "echo −38 dB",
            "volume": 1.0,
            "rate": 1.0,
        },
    ),
    (e.StateChanged(state="thinking"), {"event": "state", "state": "thinking"}),
    (e.LagChanged(seconds=0.3, dropped=2), {"event": "lag", "seconds": 0.3, "dropped": 2}),
    (
        e.Failure(text="no weights", remedy="pull"),
        {"event": "failed", "text": "no weights", "remedy": "pull"},
    ),
    (
        e.Notice(text="careful", severity="warning"),
        {"event": "notice", "severity": "warning", "text": "careful", "remedy": ""},
    ),
    (e.BrainChosen(label="scripted"), {"event": "brain", "label": "scripted"}),
    (e.Dropped(counts={"backend": 2}), {"event": "dropped", "counts": {"backend": 2}}),
]


@pytest.mark.parametrize(("event", "promised"), PROMISED, ids=lambda v: type(v).__name__)
def test_an_event_keeps_its_name_and_fields(
    event: e.SessionEvent, promised: dict[str, object]
) -> None:
    described = describe(event)
    assert described is not None
    assert described.items() >= {"t": event.t, **promised}.items()
    json.dumps(described)


def test_every_kind_of_event_is_either_described_or_of_no_interest_outside() -> None:
    """A new event has to be thought about, not forgotten."""
    # What was recalled may be forgotten later, and a log would keep it; and what is forgotten.
    silent = {"LoadProgress", "PersonasReloaded", "MemoryRecalled", "MemoryForgotten"}
    silent.add("StillThinking")  # once a second; how long it took is told with the answer
    kinds = {kind.__name__ for kind in e.SessionEvent.__subclasses__()}
    described = {type(event).__name__ for event, _ in PROMISED} | {"BackendChosen"}
    assert kinds == silent | described
    assert all("t" in {f.name for f in fields(k)} for k in e.SessionEvent.__subclasses__())


def test_each_line_is_there_as_soon_as_it_happened(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log(e.UserSaid(turn=1, text="Grüß\u2028Gott\n", final=True))
    log(e.LoadProgress(text="of no interest"))
    lines = path.read_text("utf-8").split("\n")
    assert len(lines) == 2
    assert json.loads(lines[0])["text"] == "Grüß\u2028Gott\n"
    log.close()


def test_each_latency_comes_with_the_usual_and_the_slow_one_so_far(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log(e.FirstSample(turn=1))
    log(e.FirstSample(turn=3, latency=0.5, stages={"wait": 240.0, "device": 20.0}))
    log(e.FirstSample(turn=5, latency=0.7))
    log(e.FirstSample(turn=7, latency=0.4))
    log.close()
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    told = [(line["latency_ms"], line["p50_ms"], line["p95_ms"]) for line in lines]
    assert told == [
        (None, None, None),
        (500.0, 500.0, 500.0),
        (700.0, 600.0, 700.0),
        (400.0, 500.0, 700.0),
    ]
    assert lines[1]["stages_ms"] == {"wait": 240.0, "device": 20.0}
