"""While a language model takes its time: it is shown, said once, and can be stopped."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from assistant.brain.base import PromptRead, TakenBack, Waiting
from assistant.calls.parser import ToolCall
from assistant.session.events import (
    FirstSample,
    Notice,
    PromptEvaluated,
    StillThinking,
    ToolFinished,
)
from assistant.session.turns import hesitation as waits
from assistant.ui.model import StatusModel
from assistant.ui.plain_words import thinking_text
from tests.fakes import FakeAudio, FakeBrain
from tests.session.conftest import EnterRoom
from tests.session.room import Room


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "FILLER_AFTER", 0.03)
    monkeypatch.setattr(waits, "TOLD_EVERY", 0.01)


async def think_a_while(room: Room, words: asyncio.Event, seconds: float = 0.15) -> None:
    room.finish_speaking("What is the meaning of it all?")
    await asyncio.sleep(seconds)
    words.set()
    await room.session.settled()
    await room.listen_to_the_end()


async def test_a_long_thought_is_shown_and_filled_once_in_the_personas_words(
    enter_room: EnterRoom,
) -> None:
    words = asyncio.Event()
    brain = FakeBrain([Waiting(), Waiting(), words, "Forty two."])
    room = await enter_room(brain)
    room.begin_to_speak()
    await think_a_while(room, words)
    shown = room.of(StillThinking)
    assert len(shown) >= 3
    assert [event.seconds for event in shown] == sorted(event.seconds for event in shown)
    filler, answer = room.answers()
    assert filler in room.session.persona.lines.waiting
    assert answer == "Forty two."
    assert [m.text for m in room.session.history.messages() if m.role == "assistant"] == [answer]
    assert room.session.last_answer == answer
    assert filler not in room.transcript()
    latencies = [event.latency for event in room.of(FirstSample)]
    assert latencies[0] is None, "how long the answer took is told of the answer"
    assert latencies[1] is not None


async def test_silence_without_a_sign_is_filled_and_not_shown(enter_room: EnterRoom) -> None:
    words = asyncio.Event()
    room = await enter_room(FakeBrain([words, "Forty two."]))
    room.begin_to_speak()
    await think_a_while(room, words)
    assert room.of(StillThinking) == []
    filler, answer = room.answers()
    assert filler in room.session.persona.lines.waiting
    assert answer == "Forty two."


async def test_nothing_is_put_before_an_answer_that_comes_just_now(enter_room: EnterRoom) -> None:
    words, read = asyncio.Event(), Waiting(read=PromptRead(40, 300, 800.0))
    room = await enter_room(FakeBrain([read, words, "Forty two."]))
    room.begin_to_speak()
    await think_a_while(room, words)
    assert room.answers() == ["Forty two."]
    (told,) = room.of(PromptEvaluated)
    assert (told.tokens, told.cached, told.ahead) == (40, 300, False)


async def test_no_silence_is_filled_as_the_last_one_was(enter_room: EnterRoom) -> None:
    gates = [asyncio.Event() for _ in range(12)]
    room = await enter_room(FakeBrain(*[[gate, f"Number {n}."] for n, gate in enumerate(gates)]))
    for gate in gates:
        room.begin_to_speak()
        await think_a_while(room, gate, 0.06)
    fillers = [said for said in room.answers() if not said.startswith("Number")]
    assert len(fillers) >= 6
    assert all(one != next_one for one, next_one in itertools.pairwise(fillers))


async def test_a_filler_is_interrupted_as_anything_else(enter_room: EnterRoom) -> None:
    brain = FakeBrain([asyncio.Event(), "Too late."], ["Of course."])
    room = await enter_room(brain)
    room.begin_to_speak()
    room.finish_speaking("What is the meaning of it all?")
    await asyncio.sleep(0.06)
    await room.type("Stop.")
    assert brain.given_up == 1
    assert room.session.state == "idle"
    assert room.session.is_silent


async def test_in_writing_a_wait_is_shown_and_not_filled(enter_room: EnterRoom) -> None:
    words = asyncio.Event()
    room = await enter_room(FakeBrain([Waiting(), words, "Yes."]), audio=FakeAudio(speaker=False))
    await room.session.send_text("Well?")
    await asyncio.sleep(0.1)
    words.set()
    await room.session.settled()
    assert room.of(StillThinking)
    assert room.answers() == ["Yes."]


async def test_nothing_is_told_any_more_once_words_come(enter_room: EnterRoom) -> None:
    words, rest = asyncio.Event(), asyncio.Event()
    room = await enter_room(FakeBrain([Waiting(), words, "Well, ", rest, "yes."]))
    room.begin_to_speak()
    room.finish_speaking("Well?")
    await asyncio.sleep(0.05)
    words.set()
    await room.calm()
    told = len(room.of(StillThinking))
    await asyncio.sleep(0.08)
    assert len(room.of(StillThinking)) == told
    rest.set()
    await room.session.settled()


@pytest.mark.parametrize("words", ["Stop.", "stop"])
async def test_stop_ends_a_wait_and_all_that_was_to_come(enter_room: EnterRoom, words: str) -> None:
    brain = FakeBrain([Waiting(), asyncio.Event(), "Too late."])
    room = await enter_room(brain)
    room.begin_to_speak()
    room.finish_speaking("Well?")
    await asyncio.sleep(0.08)
    await room.type(words)
    assert brain.given_up == 1
    told = len(room.of(StillThinking))
    await asyncio.sleep(0.05)
    assert len(room.of(StillThinking)) == told
    assert room.session.state == "idle"


async def test_why_it_waits_is_told_once(enter_room: EnterRoom) -> None:
    busy = Waiting("waiting", "the language model is busy: asking again in 5 s")
    room = await enter_room(FakeBrain([busy, busy, "Yes."]))
    await room.type("Well?")
    assert [event.text for event in room.of(Notice)] == [busy.notice]


async def test_reasoning_that_was_said_leaves_no_trace(enter_room: EnterRoom) -> None:
    brain = FakeBrain(["They ask for a sum. ", TakenBack(), "It is five."], ["Yes."])
    room = await enter_room(brain)
    await room.speak("What is two and three?")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "It is five."
    assert "They ask" not in room.transcript()
    assert "They ask" not in str(room.history())
    assert room.session.last_answer == "It is five."
    await room.speak("Sure?")
    assert "They ask" not in str(brain.questions[1].history)


async def test_a_call_by_protocol_is_made_and_its_result_goes_back_with_its_id(
    enter_room: EnterRoom,
) -> None:
    call = ToolCall("set_volume", {"percent": 40}, "a1")
    spelled = '<tool_call>{"name": "set_volume", "arguments": {"percent": 40}}</tool_call>'
    brain = FakeBrain(["Softer. ", call, spelled], ["There."])
    room = await enter_room(brain)
    await room.speak("It is a bit loud in here, is it not?")
    await room.listen_to_the_end()
    assert room.session.sound.volume == 0.4
    assert len(room.of(ToolFinished)) == 1, "a call that is sent both ways is made once"
    said, result = brain.questions[1].history[-2:]
    assert said.calls == (call,)
    assert (result.role, result.call_id) == ("tool", "a1")
    assert room.answers() == ["Softer. There."]


def test_the_dashboard_shows_what_is_waited_for() -> None:
    status = StatusModel(state="thinking")
    status.apply(StillThinking(doing="thinking", seconds=12.3))
    assert thinking_text(status, "JARVIS") == "JARVIS is thinking (12 s)"
    status.apply(StillThinking(doing="loading", seconds=13.1))
    assert thinking_text(status, "JARVIS") == "the language model is being loaded (13 s)"
