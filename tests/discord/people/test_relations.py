from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from assistant.tools.registry import ToolError
from tests.discord.conftest import Start
from tests.discord.people.test_memory import ADA, BEN, CLEO, Room
from tests.discord.test_bot import said_all


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(tmp_path)
    yield made
    await made.memory.close()


async def asked(room: Room, question: str, by: str = "Cleo") -> str:
    """The answer to a question of one's, "" where somebody else has to answer it."""
    room.memory.speaks(by)
    call = room.memory.spoken(question)
    if call is None:
        return ""
    tool = room.tool(call.name)
    answer: Any = await tool.function(**call.arguments)  # type: ignore[misc]
    return str(answer.spoken)


@pytest.mark.parametrize(
    ("teller", "told", "question", "answer"),
    [
        ("Ada", "Ben is my brother.", "Who is Ben?", "Ben is Ada's brother."),
        ("Ada", "I am Ben's boss.", "Who is Ben?", "Ada is Ben's boss."),
        ("Ada", "Ben is my brother.", "How are Ada and Ben related?", "Ben is Ada's brother."),
        ("Ada", "Ben is my brother.", "How does Ben know Ada?", "Ben is Ada's brother."),
        ("Ben", "Ada and I are married.", "Are Ada and Ben married?", "Ada and Ben are married."),
        ("Ada", "This is my wife Clara.", "Hey, who's Clara?", "Clara is Ada's wife."),
        ("Ada", "My wife Clara lives in Oslo.", "Who is Clara to Ada?", "Clara is Ada's wife."),
        ("Ben", "Ada is Clara's cousin.", "What is Ada to Clara?", "Ada is Clara's cousin."),
    ],
)  # fmt: skip
async def test_who_people_are_to_each_other_is_answered_by_what_they_told(
    room: Room, teller: str, told: str, question: str, answer: str
) -> None:
    await room.say(teller, told)
    assert await asked(room, question) == answer


async def test_who_asks_for_himself_is_meant_by_i(room: Room) -> None:
    await room.say("Ada", "Ben is my brother.")
    assert await asked(room, "How do I know Ada?", by="Ben") == "Ben is Ada's brother."


async def test_two_who_know_each_other_by_a_third(room: Room) -> None:
    await room.say("Ada", "Clara is my wife.")
    await room.say("Ben", "Clara is my sister.")
    answer = await asked(room, "How do Ada and Ben know each other?")
    assert answer == "Clara is Ada's wife. Clara is Ben's sister."


async def test_what_nobody_told_is_said_to_be_unknown_and_others_are_no_concern(
    room: Room,
) -> None:
    assert await asked(room, "How do Ada and Ben know each other?") == (
        "Nobody has told me how Ada and Ben stand to each other."
    )
    assert await asked(room, "Who is Cleo?") == "Nobody has told me who Cleo is."
    assert await asked(room, "Who is Napoleon?") == ""
    assert await asked(room, "Who is the president of France?") == ""


async def test_nothing_is_kept_that_names_somebody_who_has_not_agreed(room: Room) -> None:
    await room.say("Ada", "Cleo is my sister.", "My parrot is called Picasso.")
    room.memory.said("A fine sister, Cleo.", "jarvis", "JARVIS")
    await room.say("Ada", "My cat is called Nefertiti.")
    room.memory.said("Cleo will like that.", "jarvis", "JARVIS")
    assert "has not agreed" in await room.memory.acknowledge("Cleo is my sister.")
    remember: Any = room.tool("remember")
    await room.say("Ada", "Remember that Cleo is my sister.")
    with pytest.raises(ToolError, match="has not agreed"):
        await remember.function(text="Cleo is my sister")
    await room.memory.close()
    assert b"Cleo" not in room.on_disk()
    assert b"Picasso" in room.on_disk()
    assert b"Nefertiti" in room.on_disk()


async def test_who_forgets_takes_what_others_told_of_that_one(room: Room) -> None:
    await room.say("Ada", "Ben is my brother.", "Clara is my wife.", "On Friday I meet Ben.")
    room.memory.said("Greet Ben for me.", "jarvis", "JARVIS")
    await room.memory.memories.forget_person(BEN)
    assert b"Ben" not in room.on_disk()
    assert await asked(room, "Who is Clara?") == "Clara is Ada's wife."
    assert await asked(room, "Who is Ben?") == "Nobody has told me who Ben is."


async def test_who_forgets_takes_along_what_that_one_told(room: Room) -> None:
    await room.say("Ada", "Ben is my brother.", "Clara is my wife.")
    await room.memory.memories.forget_person(ADA)
    assert await asked(room, "Who is Ben?") == "Nobody has told me who Ben is."
    assert not any(word in room.on_disk() for word in (b"Clara", b"brother"))


async def test_who_is_renamed_stays_the_same_one(room: Room) -> None:
    await room.say("Ada", "Ben is my brother.")
    room.people.enter(BEN, "Benedict", "ben")
    assert await asked(room, "Who is Benedict?") == "Benedict is Ada's brother."
    assert await asked(room, "Who is Ben?") == "Benedict is Ada's brother."
    await room.say("Ada", "Benedict lives in Rome.")
    await room.memory.memories.forget_person(BEN)
    assert b"Ben" not in room.on_disk()


async def test_a_name_that_one_gave_in_words_is_that_ones(room: Room) -> None:
    await room.say("Ben", "My name is Benedict.")
    await asyncio.sleep(0)  # what was kept is told in the event loop
    await room.say("Ada", "Benedict is my brother.")
    assert await asked(room, "Who is Ben?") == "Benedict is Ada's brother."
    await room.memory.memories.forget_person(BEN)
    assert b"Benedict" not in room.on_disk()


async def test_a_name_taken_later_takes_nothing_with_it_that_was_told_before(room: Room) -> None:
    await room.say("Ada", "My parrot is called Picasso.")
    room.later = timedelta(minutes=1)
    room.people.enter(BEN, "Picasso", "ben")
    await room.memory.memories.forget_person(BEN)
    assert b"Picasso" in room.on_disk()


async def test_who_agrees_again_begins_anew(room: Room) -> None:
    await room.say("Ben", "Ada is my sister.")
    await room.memory.memories.forget_person(BEN)
    await room.say("Ben", "Ada is my sister.")
    assert await asked(room, "Who is Ada?") == "Nobody has told me who Ada is."
    room.people.agree(BEN, room.today)
    await room.say("Ben", "Ada is my cousin.")
    assert await asked(room, "Who is Ada?") == "Ada is Ben's cousin."
    assert b"sister" not in room.on_disk()


async def test_of_two_with_one_name_what_is_told_goes_with_either(room: Room) -> None:
    room.people.enter(CLEO, "Ben", "ben_c")
    room.people.agree(CLEO, room.today)
    await room.say("Ada", "Ben is my brother.")
    await room.memory.memories.forget_person(CLEO)
    assert b"brother" not in room.on_disk()


async def test_a_stranger_with_the_name_of_one_who_agreed_keeps_nothing_from_being_kept(
    room: Room,
) -> None:
    room.people.enter(CLEO, "Ben", "ben_c")
    room.people.enter(4, "Parrot", "p")
    await room.say("Ada", "Ben is my brother.", "My parrot is called Picasso.")
    assert b"Picasso" in room.on_disk()
    assert await asked(room, "Who is Ben?") == "Ben is Ada's brother."


async def test_a_whole_conversation_about_who_is_who(start: Start) -> None:
    async with start(in_lounge=(1, 2, 3)) as running:
        await said_all(running)
        running.brain._answers += [["How nice."]] * 2
        for who in (1, 2):
            await running.command(who, "remember-me")
        await running.command(1, "ask", text="Ben is my brother.")
        answer = await running.command(3, "ask", text="Who is Ben?")
        assert answer == "> Who is Ben?\nBen is Ada's brother."
        assert "Ben is Ada's brother" in await running.command(3, "roster", about="Ada and Ben")
        assert "Ben is Ada's brother" in await running.command(3, "roster", about="Ben")
        await running.command(2, "forget-me")
        assert "Nobody has told me" in await running.command(3, "roster", about="Ben")
        answer = await running.command(3, "ask", text="Who is Ben?")
        assert "brother" not in answer
        folder = running.room.memory.memories.folder
        left = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        assert b"Ben" not in left
        assert all("brother" not in m.text for m in running.room.session.history.messages())
