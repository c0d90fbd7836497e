"""Other programs' tools in a conversation: asked for in words, allowed by voice."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from assistant.calls.parser import ToolCall
from assistant.session.events import AgentSaid, ToolFinished
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
    await until(lambda: "notes__search_notes" in room.session._registry)
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
