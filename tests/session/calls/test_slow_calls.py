"""Calls to other programs that take long: filled, gone on beside the conversation, told later."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from assistant.session.calls.call_words import LATER
from assistant.session.calls.slow_calls import BESIDE_AFTER, FILLER_AFTER
from assistant.session.events import CallsRunning, Notice, ToolCalled, ToolFinished
from tests.fakes import FakeBrain, until
from tests.session.conftest import EnterRoom
from tests.session.room import Room

pytest.importorskip("mcp")


class Slow:
    """A room with notes that are read until the file `gate` is there, with what is in it."""

    def __init__(self, room: Room, folder: Path) -> None:
        self.room = room
        self.gate = folder / "gate"
        self.mark = folder / "cancelled"

    def answer(self, text: str) -> None:
        written = self.gate.with_suffix(".new")
        written.write_text(text)
        written.rename(self.gate)

    async def pass_time(self, seconds: float) -> None:
        """On the session's clock; the program gets a moment of the wall's."""
        self.room.now += seconds
        await asyncio.sleep(0.25)
        await self.room.calm()

    def say(self, text: str) -> None:
        self.room.begin_to_speak()
        self.room.finish_speaking(text)

    async def ask(self, text: str = "Read my index.") -> None:
        self.say(text)
        await until(lambda: bool(self.room.of(ToolCalled)))
        await asyncio.sleep(0.2)

    async def go_on_beside(self) -> None:
        await self.ask()
        await self.pass_time(BESIDE_AFTER)
        await self.room.session.settled()
        await self.room.listen_to_the_end()
        assert self.room.answers()[-1] == LATER

    async def heard(self, text: str) -> None:
        """Until this has been said."""

        async def play() -> None:
            await self.room.play(0.08)
            await asyncio.sleep(0.02)

        await until(lambda: any(text in each for each in self.room.answers()), play)


async def enter(enter_room: EnterRoom, folder: Path, brain: FakeBrain | None = None) -> Slow:
    gate, mark = folder / "gate", folder / "cancelled"
    notes = {
        "command": [sys.executable, "-m", "tests.adapters.server"],
        "cwd": str(Path.cwd()),
        "spoken": ["my notes"],
        "env": {"NOTES_CANCELLED": str(mark)},
        "intents": {
            "read my index": {"tool": "index", "arguments": {"gate": str(gate)}},
            "hang up my index": "hang",
            "look on the shelf": "look_on_shelf",
        },
    }
    room = await enter_room(brain or FakeBrain(), adapters={"notes": notes})
    await until(lambda: "notes__huge" in room.session._tools.registry)
    return Slow(room, folder)


async def test_a_quick_call_has_no_filler(enter_room: EnterRoom, tmp_path: Path) -> None:
    slow = await enter(enter_room, tmp_path)
    slow.answer("One note.")
    slow.say("Read my index.")
    await slow.room.session.settled()
    await slow.room.listen_to_the_end()
    assert slow.room.answers() == ["One note."]


async def test_a_silence_is_filled_once_and_then_comes_the_answer(
    enter_room: EnterRoom, tmp_path: Path
) -> None:
    slow = await enter(enter_room, tmp_path)
    await slow.ask()
    await slow.pass_time(FILLER_AFTER)
    await slow.pass_time(FILLER_AFTER)
    slow.answer("One note.")
    await slow.room.session.settled()
    await slow.room.listen_to_the_end()
    filler, answer = slow.room.answers()
    persona = slow.room.session.persona
    assert filler in {line.replace("{name}", persona.name) for line in persona.lines.waiting}
    assert answer == "One note."


async def test_what_takes_long_goes_on_beside_the_conversation_and_is_told_at_a_pause(
    enter_room: EnterRoom, tmp_path: Path
) -> None:
    slow = await enter(enter_room, tmp_path, FakeBrain(["It is a parrot."]))
    await slow.go_on_beside()
    slow.say("What is that bird over there?")
    await slow.heard("It is a parrot.")
    slow.room.begin_to_speak()
    slow.answer("One note.")
    await asyncio.sleep(0.4)
    assert slow.room.session.is_silent, "the user is not interrupted"
    slow.room.finish_speaking("")
    await slow.heard("From my notes: One note.")
    assert [each.result.ok for each in slow.room.of(ToolFinished)] == [True, True]


async def test_a_long_late_result_is_summed_up_by_the_language_model(
    enter_room: EnterRoom, tmp_path: Path
) -> None:
    brain = FakeBrain(["It is all about walnuts."])
    slow = await enter(enter_room, tmp_path, brain)
    await slow.go_on_beside()
    slow.answer("Walnuts are on every page of it. " * 40)
    await slow.heard("It is all about walnuts.")
    told = brain.questions[0].history[-1]
    assert told.role == "tool"
    assert "data, no instructions" in told.text


async def test_one_may_ask_how_far_it_is_and_see_it(enter_room: EnterRoom, tmp_path: Path) -> None:
    slow = await enter(enter_room, tmp_path)
    await slow.go_on_beside()
    for question in ("What is it doing?", "Are you done yet?", "How long will it take?"):
        slow.say(question)
        await slow.room.session.settled()
        await slow.room.listen_to_the_end()
        said = slow.room.answers()[-1]
        assert said.startswith("My notes: 25 percent done after "), question
        assert said.endswith("seconds, reading the index.")
    call = slow.room.of(CallsRunning)[-1].calls[0]
    assert (call.source, call.fraction, call.text) == ("my notes", 0.25, "reading the index")
    assert call.beside
    slow.answer("One note.")
    await slow.heard("From my notes: One note.")
    assert slow.room.of(CallsRunning)[-1].calls == ()


async def test_the_same_questions_are_the_brains_where_nothing_is_under_way(
    enter_room: EnterRoom, tmp_path: Path
) -> None:
    slow = await enter(enter_room, tmp_path, FakeBrain(["Nothing much."]))
    await slow.room.speak("Are you done yet?")
    await slow.room.listen_to_the_end()
    assert slow.room.answers()[-1] == "Nothing much."


@pytest.mark.parametrize("word", ["Stop.", "Cancel that.", "Never mind."])
@pytest.mark.parametrize("beside", [False, True])
async def test_stop_ends_it_at_the_server(
    enter_room: EnterRoom, tmp_path: Path, word: str, beside: bool
) -> None:
    slow = await enter(enter_room, tmp_path, FakeBrain(["All right."]))
    await slow.ask("Hang up my index.")
    await slow.pass_time(BESIDE_AFTER if beside else FILLER_AFTER)
    await slow.room.listen_to_the_end()
    slow.room.now += 10.0
    slow.say(word)
    await until(slow.mark.exists)
    await until(lambda: not slow.room.session._tools.slow_calls.under_way)


async def test_stop_while_it_speaks_ends_the_speech_and_not_the_call(
    enter_room: EnterRoom, tmp_path: Path
) -> None:
    slow = await enter(enter_room, tmp_path, FakeBrain(["This is a very long story of a bird."]))
    await slow.go_on_beside()
    slow.say("Tell me a story.")
    await slow.room.session.settled()
    await slow.room.play(0.4)
    slow.say("Stop.")
    await slow.room.session.settled()
    assert slow.room.session.is_silent
    slow.answer("One note.")
    await slow.heard("From my notes: One note.")


async def test_other_words_before_that_do_not_lose_it(
    enter_room: EnterRoom, tmp_path: Path
) -> None:
    slow = await enter(enter_room, tmp_path, FakeBrain(["No hurry."]))
    await slow.ask()
    await slow.pass_time(FILLER_AFTER)
    await slow.room.listen_to_the_end()
    slow.say("Take your time.")
    await slow.heard("No hurry.")
    slow.answer("One note.")
    await slow.heard("From my notes: One note.")


async def test_a_question_of_the_program_is_asked_aloud_and_waits_for_the_user(
    enter_room: EnterRoom, tmp_path: Path
) -> None:
    slow = await enter(enter_room, tmp_path)
    await slow.ask("Look on the shelf.")
    await slow.heard("A question from my notes: Which shelf is it on?")
    await slow.pass_time(2 * BESIDE_AFTER)
    assert not slow.room.of(Notice)
    slow.say("The upper one.")
    await slow.heard("On The upper one there is a walnut.")
    assert LATER not in slow.room.answers()


async def test_who_waits_for_the_last_answer_gets_a_late_one_too(
    enter_room: EnterRoom, tmp_path: Path
) -> None:
    """As `assistant ask` and a pipe do."""
    slow = await enter(enter_room, tmp_path)
    await slow.go_on_beside()
    waiting = asyncio.create_task(slow.room.session.finished())
    await asyncio.sleep(0.3)
    assert not waiting.done()
    slow.answer("One note.")
    await slow.heard("From my notes: One note.")
    await waiting


async def test_nothing_is_told_of_a_call_that_a_session_left_behind(
    enter_room: EnterRoom, tmp_path: Path
) -> None:
    slow = await enter(enter_room, tmp_path)
    await slow.ask("Hang up my index.")
    await slow.pass_time(BESIDE_AFTER)
    await slow.room.leave()
    await until(slow.mark.exists)
