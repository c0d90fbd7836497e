from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from assistant.config.schema import MemoryConfig
from assistant.discord.people.agreements import People
from assistant.discord.people.memory import NOT_AGREED, RoomMemory
from assistant.session.events import SessionEvent
from assistant.tools.registry import Tool, ToolError

ADA, BEN, CLEO = 1, 2, 3


class Room:
    """Ada and Ben have agreed, Cleo has not."""

    today = date(2026, 11, 30)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.later = timedelta()
        self.people = People(
            folder / "people.json", now=lambda: datetime.now().astimezone() + self.later
        )
        for user, name in ((ADA, "Ada"), (BEN, "Ben"), (CLEO, "Cleo")):
            self.people.enter(user, name, name.lower())
        for user in (ADA, BEN):
            self.people.agree(user, self.today)
        self.speaking = ""
        self.speakers: list[str] = []
        self.events: list[SessionEvent] = []
        self.forgotten: list[str] = []
        self.memory = RoomMemory(
            MemoryConfig(),
            self.people,
            folder,
            speaking=lambda: self.speaking,
            on_speaker=self.speakers.append,
        )
        self.memory.begin(self.events.append, lambda: "jarvis", self.forgotten.extend)

    async def say(self, name: str, *sentences: str) -> None:
        """And it is written down."""
        self.memory.speaks(name)
        for sentence in sentences:
            self.memory.heard(sentence)
        for service in self.memory.memories._services.values():
            await service.recorder.write()

    async def context(self, name: str, question: str) -> str:
        """What a language model is told at this question of somebody's."""
        self.memory.speaks(name)
        for _ in range(100):  # the first time, word vectors are read
            recalled = await self.memory.recalled(question)
            if recalled.found or getattr(recalled, "others", ()):
                break
            await asyncio.sleep(0.02)
        return recalled.context(400)

    def on_disk(self) -> bytes:
        return b"".join(p.read_bytes() for p in self.folder.rglob("*") if p.is_file())

    def tool(self, name: str) -> Tool:
        return next(tool for tool in self.memory.tools() if tool.name == name)


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(tmp_path)
    yield made
    await made.memory.close()


async def test_what_each_tells_is_kept_under_that_ones_name(room: Room) -> None:
    await room.say("Ada", "My parrot is called Picasso.")
    await room.say("Ben", "My dog is called Rex.")
    assert (await room.memory.known_of(ADA))[1] == ["Ada's parrot is called Picasso."]
    assert (await room.memory.known_of(BEN))[1] == ["Ben's dog is called Rex."]


async def test_of_who_has_not_agreed_not_a_word_is_kept(room: Room) -> None:
    await room.say("Cleo", "My cat is called Nefertiti.")
    room.memory.said("A fine name.", "jarvis", "JARVIS")
    await room.say("", "My fish is called Wanda.")
    await room.memory.close()
    assert b"Nefertiti" not in room.on_disk()
    assert b"fine name" not in room.on_disk()
    assert b"Wanda" not in room.on_disk()
    room.memory.speaks("Cleo")
    assert await room.memory.acknowledge("My cat is called Nefertiti.") == NOT_AGREED


async def test_each_is_told_what_that_one_told_and_not_what_the_other_did(room: Room) -> None:
    await room.say("Ada", "My parrot is called Picasso.")
    await room.say("Ben", "My parrot is called Dali.")
    ada = await room.context("Ada", "What is my parrot called?")
    ben = await room.context("Ben", "What is my parrot called?")
    assert "Picasso" in ada
    assert "Dali" not in ada
    assert 'called "Ada"' in ada
    assert "Dali" in ben
    assert "Picasso" not in ben
    cleo = await room.context("Cleo", "What is my parrot called?")
    assert "Picasso" not in cleo
    assert "Dali" not in cleo


async def test_what_is_known_of_another_comes_to_mind_at_the_name(room: Room) -> None:
    await room.say("Ada", "My parrot is called Picasso.")
    told = await room.context("Ben", "What is Ada's parrot called?")
    assert "Ada's parrot is called Picasso." in told
    assert '"Ada", "Ben", "Cleo"' in told
    room.memory.speaks("Ben")
    recalled = await room.memory.recalled("What is Ada's parrot called?")
    assert room.memory.as_told(recalled) == []  # it is not Ben's parrot


async def test_how_they_stand_to_each_other_is_known(room: Room) -> None:
    await room.say("Ada", "Ben is my brother.")
    relations, _ = await room.memory.known_of(ADA)
    assert relations == ["Ben is Ada's brother."]


async def test_forgetting_somebody_leaves_no_byte_and_says_how_much_it_was(room: Room) -> None:
    await room.say("Ada", "My parrot is called Picasso.", "I live in Oslo.", "How are you?")
    await room.say("Ben", "Ada is my sister.", "My dog is called Rex.")
    gone = await room.memory.memories.forget_person(ADA)
    assert (gone.memories, gone.turns) == (3, 4)  # one of each is Ben's, about her
    assert not any(word in room.on_disk() for word in (b"Picasso", b"Oslo", b"Ada"))
    assert b"Rex" in room.on_disk()
    assert "My parrot is called Picasso." in room.forgotten
    assert not room.people.has_agreed(ADA)
    await room.say("Ada", "My parrot is called Picasso.")
    assert b"Picasso" not in room.on_disk()


async def test_who_never_agreed_has_nothing_to_delete(room: Room) -> None:
    gone = await room.memory.memories.forget_person(CLEO)
    assert (gone.memories, gone.turns, gone.journals) == (0, 0, 0)


async def test_what_is_kept_holds_for_the_next_time(room: Room, tmp_path: Path) -> None:
    await room.say("Ada", "My parrot is called Picasso.")
    await room.memory.close()
    later = Room(tmp_path)
    assert "Picasso" in await later.context("Ada", "What is my parrot called?")
    gone = await later.memory.memories.forget_person(ADA)
    assert gone.memories == 1
    assert b"Picasso" not in later.on_disk()


async def test_the_tools_of_memory_are_the_speakers(room: Room) -> None:
    await room.say("Ada", "Remember that my parrot is called Picasso.")
    remember: Any = room.tool("remember")
    await remember.function(text="my parrot is called Picasso")
    known: Any = room.tool("what_do_you_know_about_me")
    assert "Picasso" in str(await known.function())
    room.memory.speaks("Ben")
    assert "Picasso" not in str(await known.function())
    room.memory.speaks("Cleo")
    with pytest.raises(ToolError, match="remember-me"):
        await known.function()


async def test_anothers_yes_deletes_nothing(room: Room) -> None:
    await room.say("Ada", "My parrot is called Picasso.", "Forget everything.")
    forget: Any = room.tool("forget")
    await forget.function(what="everything")
    assert room.memory.pending.deletion is not None
    room.memory.speaks("Ben")
    assert room.memory.pending.answered("yes") is None
    assert (await room.memory.known_of(ADA))[1] == ["Ada's parrot is called Picasso."]


async def test_whose_turn_it_is_is_told_on(room: Room) -> None:
    room.memory.speaks("Ada")
    room.memory.speaks("Cleo")
    assert room.speakers == ["Ada", "Cleo"]


async def test_where_memory_is_off_nothing_is_kept_of_anybody(tmp_path: Path) -> None:
    people = People(tmp_path / "people.json")
    people.enter(ADA, "Ada", "ada")
    people.agree(ADA, date(2026, 11, 30))
    memory = RoomMemory(MemoryConfig(enabled=False), people, tmp_path)
    memory.speaks("Ada")
    memory.heard("My parrot is called Picasso.")
    await memory.close()
    assert not memory.enabled
    assert not (tmp_path / "people").exists()
