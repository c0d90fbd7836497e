"""Memory on a disk that is full, or that cannot be written: what is known can still be looked at,
taken along and forgotten; what is new is known as long as the conversation lasts, and said so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from assistant.brain.base import Brain
from assistant.brain.scripted import ScriptedBrain
from assistant.config.schema import MemoryConfig
from assistant.memory.factory import open_store
from assistant.memory.service import MemoryService
from assistant.session.events import Notice
from tests.commands.memory.stored import OLD, PARROT, House
from tests.fakes import FakeAudio
from tests.session.room import Room
from tests.small_disk import SmallDisk, small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def house(disk: SmallDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(disk.path, monkeypatch)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))  # a log that is open for writing
    house.fill()
    assert house.run("list") == 0, house.err
    return house


# A folder cannot be made read-only while it is in use, so it is that before the conversation.


def full(disk: SmallDisk) -> None:
    disk.fill()


def read_only(disk: SmallDisk) -> None:
    disk.read_only()


Damage = Callable[[SmallDisk], None]
EVERY = pytest.mark.parametrize("damage", [full, read_only])


@EVERY
@pytest.mark.parametrize("index", ["there", "gone"])
def test_all_that_only_looks_works_on(
    house: House, disk: SmallDisk, tmp_path: Path, damage: Damage, index: str
) -> None:
    if index == "gone":
        for path in house.memory.glob("index*"):
            path.unlink()
    damage(disk)
    assert "Ada's parrot is called Picasso." in house.texts()
    assert any("Picasso" in each["text"] for each in house.json("search", "parrot"))
    assert house.run("show") == 0
    assert "Picasso" in house.out
    assert house.run("stats") == 0, house.err
    place = tmp_path / "elsewhere.zip"
    assert house.run("export", str(place)) == 0, house.err
    assert place.stat().st_size > 500


def test_on_a_full_disk_things_are_forgotten_for_good(house: House, disk: SmallDisk) -> None:
    disk.fill()
    assert house.run("forget", PARROT, "--yes") == 0, house.err
    assert b"picasso" not in house.raw()
    assert any("Grace" in text for text in house.texts())
    disk.fill()
    assert house.run("forget", "--person", "Grace", "--yes") == 0, house.err
    assert b"bergen" not in house.raw()
    disk.fill()
    assert house.run("forget", "--all", "--yes") == 0, house.err
    assert house.run("list") == 0


def test_what_could_not_be_forgotten_is_told_and_nothing_is_half_gone(
    house: House, disk: SmallDisk
) -> None:
    disk.read_only()
    assert house.run("forget", PARROT, "--yes") == 1
    assert "read-only" in house.err
    disk.read_only(False)
    assert "Ada's parrot is called Picasso." in house.texts()


def test_without_an_index_to_give_room_forgetting_says_what_it_could_not_do(
    house: House, disk: SmallDisk
) -> None:
    for path in house.memory.glob("index*"):
        path.unlink()
    disk.fill()
    before = house.journal(OLD).read_bytes()
    code = house.run("forget", PARROT, "--yes")
    if code:
        assert "not all of it is forgotten" in house.err
        assert "no space left" in house.err
        assert house.journal(OLD).read_bytes() == before, "a journal is whole, whatever happens"
    else:
        assert b"picasso" not in house.raw()


def test_with_room_again_everything_is_as_it_should_be(house: House, disk: SmallDisk) -> None:
    disk.fill()
    assert house.run("list") == 0
    disk.empty()
    assert house.run("list") == 0
    assert house.run("doctor") == 0, house.out


async def scripted(notify: Callable[[Notice], None]) -> Brain:
    return ScriptedBrain(Random(1))


async def enter(folder: Path) -> Room:
    memory = MemoryService(open_store(MemoryConfig()))
    audio = FakeAudio(speaker=False)
    room = Room(folder, None, audio=audio, greeting=False, make_brain=scripted, memory=memory)
    return await room.enter()


@EVERY
@pytest.mark.parametrize("told", ["my dog is called Rex", "remember that my dog is called Rex"])
async def test_what_cannot_be_written_is_known_for_the_conversation_and_said_so(
    house: House, disk: SmallDisk, tmp_path: Path, damage: Damage, told: str
) -> None:
    damage(disk)
    room = await enter(tmp_path / "room")
    try:
        await room.type(told)
        answer = room.answers()[-1]
        assert "your dog is called Rex" in answer
        assert "I cannot write it down: " in answer
        assert "only while we talk" in answer
        assert "/" not in answer, "no name of a file is spoken"
        assert ("the disk is full" in answer) == (damage is full)
        await room.type("what is my dog called?")
        assert "Rex" in room.answers()[-1]
        assert "write it down" not in room.answers()[-1]
        await room.type("what do you know about me?")
        assert "Rex" in room.answers()[-1]
        notices = [event for event in room.events if isinstance(event, Notice)]
        assert any(str(house.memory) in notice.text and notice.remedy for notice in notices)
    finally:
        await room.leave()


async def test_with_room_again_it_is_written_after_all(
    house: House, disk: SmallDisk, tmp_path: Path
) -> None:
    room = await enter(tmp_path / "room")
    disk.fill()
    await room.type("my dog is called Rex")
    assert "the disk is full" in room.answers()[-1]
    disk.empty()
    await room.type("my sister is called Grace")
    assert "write it down" not in room.answers()[-1]
    await room.leave()
    assert any("Rex" in text for text in house.texts())


async def test_what_could_not_be_written_can_be_forgotten(
    house: House, disk: SmallDisk, tmp_path: Path
) -> None:
    room = await enter(tmp_path / "room")
    disk.fill()
    await room.type("my dog is called Rex")
    await room.type("forget my dog")
    disk.empty()
    await room.type("my boat is called Argo")
    await room.leave()
    assert b"rex" not in house.raw()
