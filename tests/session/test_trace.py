"""Where the time of a turn went, as events tell it; and what is kept of the last one."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from assistant.audio.files import NullAudio
from assistant.calls.parser import ToolCall
from assistant.config.schema import Config
from assistant.locations import last_turn_file
from assistant.session.events import (
    AgentSaid,
    FirstSample,
    MemoryRecalled,
    SessionEvent,
    ToolCalled,
    ToolFinished,
    TurnStarted,
    UserSaid,
)
from assistant.session.factory import make_dependencies
from assistant.session.trace import LastTurn, TurnTrace, TurnTracer, read_last_turn
from assistant.tools.registry import ToolResult
from tests.fakes import FakeBrain
from tests.session.room import Room

CALL = ToolCall("get_time")
STAGES = {"wait": 300.0, "transcribe": 50.0, "answer": 100.0, "voice": 200.0, "device": 30.0}


def heard(turn: int, t: float, text: str = "What time is it?", *, typed: bool = False) -> UserSaid:
    return UserSaid(t=t, turn=turn, text=text, final=True, typed=typed)


def begins(turn: int, t: float) -> TurnStarted:
    return TurnStarted(t=t, side="assistant", turn=turn)


def says(turn: int, t: float, text: str) -> AgentSaid:
    return AgentSaid(t=t, turn=turn, persona="hal", text=text)


def ends(turn: int, t: float, *, interrupted: bool = False) -> AgentSaid:
    return AgentSaid(t=t, turn=turn, persona="hal", final=True, interrupted=interrupted)


def traces(*events: SessionEvent) -> list[TurnTrace]:
    tracer = TurnTracer()
    return [trace for event in events if (trace := tracer.take(event)) is not None]


def told(trace: TurnTrace) -> list[tuple[str, float]]:
    return [(moment.name, moment.at) for moment in trace.moments]


def test_a_spoken_turn_is_timed_from_the_last_word() -> None:
    """0.4 s pass until the words are there, of which the backend knows 0.35."""
    (trace,) = traces(
        heard(2, 10.4),
        MemoryRecalled(t=10.41, found=()),
        ToolCalled(t=10.42, call=CALL),
        ToolFinished(t=10.45, result=ToolResult(CALL, True, "ten")),
        begins(3, 10.46),
        says(3, 10.7, "It is ten."),
        FirstSample(t=10.71, turn=3, latency=0.73, stages=STAGES),
        ends(3, 12.0),
    )
    assert (trace.turn, trace.answers, trace.spoken, trace.persona) == (2, [3], True, "hal")
    assert told(trace) == [
        ("end of turn decided", 0.3),
        ("words transcribed", 0.4),
        ("memory recalled", 0.41),
        ("tool get_time called", 0.42),
        ("tool get_time done", 0.45),
        ("answer handed to the voice", 0.5),
        ("first sound made", 0.7),
        ("first words shown", 0.7),
        ("first sound heard", 0.73),
        ("answer ended", 2.0),
    ]


def test_a_typed_turn_is_timed_from_the_moment_it_was_sent() -> None:
    (trace,) = traces(
        heard(2, 5.0, typed=True),
        begins(3, 5.1),
        says(3, 5.4, "It is ten."),
        FirstSample(t=5.5, turn=3),
        ends(3, 6.0),
    )
    assert not trace.spoken
    assert told(trace) == [
        ("first words shown", 0.4),
        ("first sound heard", 0.5),
        ("answer ended", 1.0),
    ]


def test_without_a_voice_there_are_words_and_an_end() -> None:
    (trace,) = traces(heard(2, 5.0, typed=True), begins(3, 5.1), says(3, 5.4, "Ten."), ends(3, 5.4))
    assert told(trace) == [("first words shown", 0.4), ("answer ended", 0.4)]


def test_a_filler_is_part_of_the_turn_and_the_answer_is_what_is_timed() -> None:
    *_, trace = traces(
        heard(2, 10.4),
        begins(3, 10.5),
        says(3, 11.0, "Let me think."),
        FirstSample(t=11.0, turn=3),
        ends(3, 12.0),
        begins(4, 12.0),
        says(4, 13.0, "It is ten."),
        FirstSample(t=13.0, turn=4, latency=3.0, stages={**STAGES, "answer": 2370.0}),
        ends(4, 14.0),
    )
    assert trace.answers == [3, 4]
    assert ("first sound heard", 3.0) in told(trace)
    assert told(trace)[-1] == ("answer ended", 4.0)


def test_an_answer_that_was_interrupted_belongs_to_the_turn_that_it_answered() -> None:
    first, second = traces(
        heard(2, 10.0, typed=True),
        begins(3, 10.1),
        says(3, 10.2, "It is"),
        heard(4, 11.0, "Never mind.", typed=True),
        ends(3, 11.1, interrupted=True),
        begins(5, 11.2),
        says(5, 11.3, "As you wish."),
        ends(5, 12.0),
    )
    assert (first.turn, first.answers, first.moments[-1].name) == (2, [3], "answer interrupted")
    assert (second.turn, second.answers) == (4, [5])


def test_a_greeting_and_what_nobody_answers_have_no_trace() -> None:
    greeting = (begins(1, 0.0), says(1, 0.1, "Hello."), FirstSample(t=0.1, turn=1), ends(1, 1.0))
    assert traces(*greeting, heard(2, 2.0), heard(3, 3.0, "")) == []


# -- what is kept ----------------------------------------------------------------------------------


async def test_of_the_last_turn_the_times_are_kept_and_no_word(tmp_path: Path) -> None:
    room = await Room(tmp_path / "said", FakeBrain(["Marmalade", " it is."])).enter()
    path = tmp_path / "state" / "last_turn.json"
    room.session.subscribe(LastTurn(path))
    await room.type("What do you like on toast?")
    await room.listen_to_the_end()
    await room.leave()
    trace = read_last_turn(path)
    assert trace is not None
    assert trace.at is not None
    assert trace.persona == "jarvis"
    names = [moment.name for moment in trace.moments]
    assert names == ["first words shown", "first sound heard", "answer ended"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = path.read_text("utf-8").casefold()
    assert not [word for word in ("marmalade", "toast", "like") if word in kept]
    assert len(kept) < 2_000


def test_a_place_that_cannot_be_written_to_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    keep = LastTurn(tmp_path / "file" / "last_turn.json")
    for event in (heard(2, 1.0), begins(3, 1.1), ends(3, 2.0)):
        keep(event)


@pytest.mark.parametrize("rubbish", [b"", b"{", b'{"turn": 1}', b"\xff\xfe"])
def test_what_cannot_be_read_is_no_trace(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "last_turn.json"
    assert read_last_turn(path) is None
    path.write_bytes(rubbish)
    assert read_last_turn(path) is None


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, True),
        ({"session": {"save": False}}, False),
        ({"memory": {"private": True}}, False),
        ({"memory": {"enabled": True, "encryption": "passphrase"}}, False),
    ],
)
async def test_times_are_kept_where_transcripts_are(
    settings: dict[str, object],
    kept: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    config = Config.model_validate({"backend": {"name": "echo"}, **settings})
    made = make_dependencies(config, NullAudio())
    assert made.last_turn == (last_turn_file() if kept else None)
