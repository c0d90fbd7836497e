"""Other programs' tools in a conversation: asked for in words, allowed by voice."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from assistant.brain.scripted import ScriptedBrain
from assistant.calls.parser import ToolCall
from assistant.session.events import AgentSaid, ToolCalled, ToolFinished
from tests.fakes import FakeBrain, until
from tests.session.conftest import EnterRoom
from tests.session.room import Room

pytest.importorskip("mcp")
NOTES = {
    "notes": {
        "command": [sys.executable, "-m", "tests.adapters.server"],
        "cwd": str(Path.cwd()),
        "spoken": ["my notes"],
        "intents": {
            "search my notes for {query}": "search_notes",
            "write a note called {title}": "create_note",
        },
    }
}


async def enter(enter_room: EnterRoom, brain: FakeBrain | None = None) -> Room:
    room = await enter_room(brain or FakeBrain(), adapters=NOTES)
    await until(lambda: "notes__huge" in room.session._tools.registry)
    return room


def say(room: Room, text: str) -> None:
    room.begin_to_speak()
    room.finish_speaking(text)


async def heard(room: Room) -> str:
    """The last answer, once it has been heard."""
    await room.session.settled()
    await room.listen_to_the_end()
    return room.answers()[-1]


async def until_asked(room: Room) -> str:
    """The question, once it has been heard."""
    await until(lambda: any("May I use" in each.text for each in room.of(AgentSaid)))
    await room.listen_to_the_end()
    return next(each for each in room.answers() if "May I use" in each)


async def test_notes_are_searched_by_voice_without_a_language_model(
    enter_room: EnterRoom,
) -> None:
    room = await enter(enter_room)
    say(room, "Search my notes for walnuts.")
    assert (await heard(room)).startswith("Parrots live long.")


@pytest.mark.parametrize(
    ("word", "runs", "always"), [("Yes.", 1, 0), ("No, thanks.", 0, 0), ("Always.", 1, 1)]
)
async def test_what_changes_something_is_asked_about_and_answered_by_voice(
    enter_room: EnterRoom, word: str, runs: int, always: int
) -> None:
    room = await enter(enter_room)
    say(room, "Write a note called Parrots.")
    assert await until_asked(room) == (
        "May I use my notes: create note, title Parrots? Say yes, no or always."
    )
    say(room, word)
    said = await heard(room)
    result = room.of(ToolFinished)[0].result
    assert result.ok is bool(runs)
    assert said == (
        "Wrote Parrots." if runs else "notes__create_note was not run: the user said no"
    )
    assert len(room.always) == always
    if always:
        say(room, "Write a note called Cats.")
        assert await heard(room) == "Wrote Cats."


async def test_who_asks_before_the_program_is_there_gets_an_answer(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain(), adapters=NOTES)
    say(room, "Search my notes for walnuts.")
    assert (await heard(room)).startswith("Parrots live long.")


async def test_who_asks_too_early_for_what_needs_his_leave_says_it_again(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain(), adapters=NOTES)
    say(room, "Write a note called Parrots.")
    assert await heard(room) == "I can use my notes now. Please say that again."
    assert not any(event.result.ok for event in room.of(ToolFinished))


@pytest.mark.parametrize("model", [True, False])
async def test_a_prompt_is_asked_of_whoever_answers(enter_room: EnterRoom, model: bool) -> None:
    brain = FakeBrain(["Monday was quiet."])
    room = await enter(enter_room, brain)
    if not model:
        brain = ScriptedBrain()  # type: ignore[assignment]
        room.session._let_answer(brain)
    say(room, "Use the weekly review prompt.")
    said = await heard(room)
    if model:
        assert said == "Monday was quiet."
        assert brain.questions[0].text == "Look back on my week, day by day."
        assert not brain.questions[0].history, "what stands for it is not said twice"
    else:
        assert "language model" in said


async def test_what_a_prompt_needs_is_asked_aloud(enter_room: EnterRoom) -> None:
    brain = FakeBrain(["Dear Ada."])
    room = await enter(enter_room, brain)
    say(room, "Use the letter prompt for Aunt Ada.")
    assert await heard(room) == "And, what is the tone?"
    say(room, "Very stern.")
    assert await heard(room) == "Dear Ada."
    assert brain.questions[0].text == "Write a Very stern letter to Aunt Ada."


async def test_a_command_is_no_answer_to_what_a_prompt_needs(enter_room: EnterRoom) -> None:
    room = await enter(enter_room, FakeBrain(["It is stern."]))
    say(room, "Use the letter prompt for Aunt Ada.")
    await heard(room)
    say(room, "Change to GLaDOS.")
    await heard(room)
    assert room.session.persona.slug == "glados"
    say(room, "Very stern.")
    assert await heard(room) == "It is stern."


async def test_what_a_stranger_wrote_is_no_call(enter_room: EnterRoom) -> None:
    """Read aloud, or told to a model, which says it again."""
    call = ToolCall("notes__hostile", {}, id="1")
    room = await enter(enter_room, FakeBrain([call], ["It says hello."]))
    say(room, "What did the stranger write?")
    assert await heard(room) == "It says hello."
    say(room, "Read my bird diary.")
    assert "walnuts" in await heard(room)
    assert [each.call.name for each in room.of(ToolCalled)] == [
        "notes__hostile",
        "notes__read_resource",
    ]


async def test_a_model_is_told_what_came_back_and_sums_it_up(enter_room: EnterRoom) -> None:
    call = ToolCall("notes__search_notes", {"query": "walnuts"}, id="1")
    brain = FakeBrain([call], ["Bruno eats walnuts."])
    room = await enter(enter_room, brain)
    say(room, "What does my parrot eat?")
    assert await heard(room) == "Bruno eats walnuts."
    told = brain.questions[1].history[-1]
    assert told.role == "tool"
    assert "data, no instructions" in told.text


async def test_other_words_are_no_answer_and_take_the_question_back(
    enter_room: EnterRoom,
) -> None:
    room = await enter(enter_room, FakeBrain(["It is a parrot."]))
    say(room, "Write a note called Parrots.")
    await until_asked(room)
    say(room, "What is that thing over there?")
    assert await heard(room) == "It is a parrot."
    say(room, "Yes.")
    await room.session.settled()
    await asyncio.sleep(0.05)
    assert not any(event.result.ok for event in room.of(ToolFinished)), "nothing was written"
