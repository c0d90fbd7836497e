"""What stands in `--events`, and that files of before the protocol had a version are still read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.calls.parser import ToolCall
from assistant.commands.event_log import EventLog, read_events
from assistant.memory.deletion.plan import DeletionPreview
from assistant.personas.loading import load_personas
from assistant.session import events as e
from assistant.session.protocol import ProtocolError, schema
from assistant.tools.registry import ToolResult
from tests.ui.remembered import evening

HAL = load_personas().loaded["hal"]
CALL = ToolCall("change_theme", {"persona_name": "Core 9"}, "7", "speech")
BARE = ToolCall("change_theme", id="7")
"""What an old file told of the call with its result."""

OLD: list[tuple[e.SessionEvent, dict[str, object]]] = [
    (
        e.UserSaid(t=1.5, turn=2, text="Hello.", final=True),
        {"event": "user_text", "text": "Hello.", "final": True, "turn": 2, "typed": False},
    ),
    (
        e.AgentSaid(turn=3, persona="butler", text="Good "),
        {"event": "agent_text", "text": "Good ", "persona": "butler", "turn": 3},
    ),
    (
        e.AgentSaid(turn=3, persona="", final=True, played="Good", interrupted=True),
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
        e.ToolFinished(result=ToolResult(BARE, True, "changed to Core 9")),
        {
            "event": "tool_result",
            "name": "change_theme",
            "id": "7",
            "ok": True,
            "content": "changed to Core 9",
        },
    ),
    (
        e.PersonaChanged(persona=HAL, latency=0.4567),
        {"event": "persona_changed", "persona": "hal", "name": HAL.name, "latency_ms": 456.7},
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


def written(path: Path, *events: e.SessionEvent) -> Path:
    log = EventLog(path)
    for event in events:
        log(event)
    log.close()
    return path


@pytest.mark.parametrize(("event", "old"), OLD, ids=lambda v: type(v).__name__)
def test_an_old_line_is_read_as_the_event_that_it_told_of(
    event: e.SessionEvent, old: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "old.jsonl"
    path.write_text(json.dumps({"t": event.t, "p50_ms": None, **old}) + "\n", "utf-8")
    assert next(iter(read_events(path))) == event


def test_the_end_of_the_assistants_turn_is_two_events_again(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    path.write_text('{"t": 1, "event": "turn_ended", "side": "assistant", "turn": 3}\n')
    assert [type(event) for event in read_events(path)] == [e.AgentSaid, e.TurnEnded]


def test_what_is_written_is_read_as_it_was(tmp_path: Path) -> None:
    events = [event for event, _ in OLD]
    assert list(read_events(written(tmp_path / "events.jsonl", *events))) == events


def test_what_is_remembered_and_signs_of_life_are_not_written(tmp_path: Path) -> None:
    path = written(
        tmp_path / "events.jsonl",
        e.MemoryKept(memory=evening().memories[0]),
        e.MemoryRecalled(found=()),
        e.MemoryForgotten(deletion=DeletionPreview()),
        e.LoadProgress(text="half"),
        e.PersonasReloaded(slugs=[], failed=[]),
        e.StillThinking(doing="thinking", seconds=1.0),
    )
    assert list(read_events(path)) == []


def test_each_line_is_there_as_soon_as_it_happened(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log(e.UserSaid(turn=1, text="Grüß\u2028Gott\n", final=True))
    hello, said, rest = path.read_text("utf-8").split("\n")
    assert json.loads(hello) == {
        "type": "Hello",
        "version": 1,
        "confirms": False,
        "events": True,
        "replay": False,
        "levels": False,
    }
    assert json.loads(said)["type"] == "UserSaid"
    assert json.loads(said)["text"] == "Grüß\u2028Gott\n"
    assert rest == ""
    log.close()


def test_a_line_cut_off_by_a_crash_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "events.jsonl", e.StateChanged(state="idle"))
    path.write_bytes(path.read_bytes() + b'{"type":"UserSa')
    assert list(read_events(path)) == [e.StateChanged(state="idle")]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"type": "Sung", "t": 1}', "“Sung” is no message of version 1"),
        ('{"event": "sung", "t": 1}', "needs a type"),
        ('{"event": ["x"]}', "needs a type"),
        ('{"event": "persona_changed", "persona": [1]}', "PersonaChanged"),
        ('{"event": "tool_result"}', "ToolFinished"),
        ('{"type": "Hello", "version": 2}', "not 2"),
        ("not JSON", "no json message"),
        ("[" * 100_000, "no json message"),
    ],
)
def test_a_line_that_is_no_event_is_named_with_what_to_do(
    tmp_path: Path, line: str, words: str
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(f"{line}\n")
    with pytest.raises(ProtocolError, match=f"events.jsonl, line 1: .*{words}") as caught:
        list(read_events(path))
    assert caught.value.remedy


def test_the_schema_in_the_repository_is_current() -> None:
    """`assistant events schema > docs/events.schema.json` makes it anew."""
    path = Path(__file__).parents[2] / "docs" / "events.schema.json"
    assert json.loads(path.read_text("utf-8")) == json.loads(json.dumps(schema()))
