"""What people on Discord told, in the commands for memory: forgotten, sealed, and told of."""

from __future__ import annotations

import asyncio
from datetime import date, datetime

import pytest

from assistant.config.schema import MemoryConfig
from assistant.discord.people.agreements import AgreedTranscripts, People
from assistant.discord.people.kept import agreements_file, discord_folder, transcripts_folder
from assistant.discord.people.memory import RoomMemory
from assistant.memory.factory import PASSPHRASE
from assistant.session.transcript_store import TranscriptEntry
from tests.commands.memory.stored import House, empty, house

__all__ = ["empty", "house"]
WORD = "correct horse battery"
ADA, BEN = 1, 2


def settle(house: House, **settings: object) -> None:
    """Ada and Ben agree, and tell something each."""

    async def talk() -> None:
        folder = discord_folder()
        people = People(agreements_file(folder))
        memory = RoomMemory(MemoryConfig.model_validate(settings), people, folder)
        memory.begin(lambda event: None, lambda: "jarvis")
        transcripts = AgreedTranscripts(transcripts_folder(folder), people, enabled=not settings)
        for user, name, words in (
            (ADA, "Adelheid", "My snake is called Kaa."),
            (BEN, "Benedict", "Adelheid is my sister."),
        ):
            people.enter(user, name, name.lower())
            people.agree(user, date(2026, 11, 30))
            memory.speaks(name)
            memory.heard(words)
            transcripts.append(TranscriptEntry(datetime.now(), "user", name, words))
        await memory.close()
        transcripts.close()

    asyncio.run(talk())


def test_everything_is_what_people_on_discord_told_too(house: House) -> None:
    settle(house)
    assert b"kaa" in house.raw()
    assert house.run("forget", "--all", typed="n\n") == 1
    asked = " ".join((house.out + house.err).split())
    assert "2 people on Discord told (2 memories, 2 turns, 1 transcript)" in asked
    assert b"kaa" in house.raw()
    assert house.run("forget", "--all", "--yes") == 0, house.err
    assert "2 people on Discord" in house.out
    left = house.raw()
    assert not any(word in left for word in (b"kaa", b"adelheid", b"benedict", b"picasso"))
    assert house.run("forget", "--all", "--yes") == 0
    assert "Discord" not in house.out + house.err
    assert house.run("doctor") == 0


def test_where_nothing_else_is_kept_people_on_discord_are_forgotten(empty: House) -> None:
    settle(empty)
    assert empty.run("forget", "--all", "--yes") == 0, empty.err
    assert b"kaa" not in empty.raw()
    assert not discord_folder().exists()


def test_what_lies_elsewhere_behind_a_link_is_forgotten_too(empty: House) -> None:
    elsewhere = empty.home / "disk"
    elsewhere.mkdir()
    discord_folder().parent.mkdir(parents=True)
    discord_folder().symlink_to(elsewhere)
    settle(empty)
    assert empty.run("forget", "--all", "--yes") == 0, empty.err
    assert not list(elsewhere.rglob("*"))


def test_less_than_everything_leaves_to_people_on_discord_what_is_theirs(house: House) -> None:
    settle(house)
    house.run("forget", "--topic", "pets", "--yes")
    assert b"kaa" in house.raw()


def test_a_bot_that_runs_keeps_nothing_more_of_those_who_were_forgotten(house: House) -> None:
    async def talk() -> None:
        folder = discord_folder()
        people = People(agreements_file(folder))
        memory = RoomMemory(MemoryConfig(), people, folder)
        memory.begin(lambda event: None, lambda: "jarvis")
        people.enter(ADA, "Adelheid", "a")
        people.agree(ADA, date(2026, 11, 30))
        memory.speaks("Adelheid")
        memory.heard("My snake is called Kaa.")
        await memory.known_of(ADA)
        assert await asyncio.to_thread(house.run, "forget", "--all", "--yes") == 0
        memory.heard("My snake Kaa is green.")
        await memory.close()

    asyncio.run(talk())
    assert not any(word in house.raw() for word in (b"kaa", b"adelheid"))


def test_sealed_and_readable_again_with_the_users_own(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    settle(house)
    monkeypatch.setenv(PASSPHRASE, WORD)
    assert house.run("encrypt") == 0, house.err
    assert not any(word in house.raw() for word in (b"kaa", b"picasso"))
    assert house.run("doctor") == 0, house.out
    assert [each["memories"] for each in house.json("show", "discord")] == [1, 1]
    assert house.run("decrypt") == 0, house.err
    assert b"kaa" in house.raw()
    assert not list(house.data.rglob("*.sealed"))
    assert house.run("doctor") == 0, house.out


def test_what_was_sealed_from_the_beginning_is_readable_after_decrypting(
    empty: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    monkeypatch.setenv(PASSPHRASE, WORD)
    settle(empty, encryption="passphrase")
    assert b"kaa" not in empty.raw()
    assert empty.run("doctor") == 1  # the settings say that nothing is sealed
    assert "are sealed" in empty.out
    assert empty.run("decrypt") == 0, empty.err
    assert b"kaa" in empty.raw()
    assert empty.run("doctor") == 0, empty.out


def test_without_the_word_they_are_forgotten_unread(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    settle(house)
    monkeypatch.setenv(PASSPHRASE, WORD)
    house.run("encrypt")
    monkeypatch.setenv(PASSPHRASE, "another word")
    assert house.run("show", "discord") == 0
    assert "cannot be read" in house.err
    assert house.run("doctor") == 1
    assert house.run("forget", "--all", "--yes") == 0
    assert "2 cannot be read" in house.out
    assert not discord_folder().exists()


def test_who_they_are_is_shown_and_an_export_says_that_it_is_without_them(house: House) -> None:
    settle(house)
    assert house.run("show", "discord") == 0
    assert "Adelheid" in house.out
    assert "2026-11-30" in house.out
    assert "Kaa" not in house.out  # it is theirs
    assert house.run("export", str(house.home / "x.zip")) == 0
    assert "on Discord" in house.err
    assert house.run("doctor") == 0
    assert "what 2 people told" in house.out


def test_the_doctor_tells_of_what_others_may_read_and_of_a_broken_line(house: House) -> None:
    settle(house)
    (journal,) = discord_folder().rglob("people/1/memory/journals/**/*.md")
    journal.chmod(0o644)
    assert house.run("doctor") == 1
    assert "1 files can be reached by others" in house.out
    journal.chmod(0o600)
    text = journal.read_text()
    time = text.partition("1. **You** (")[2].partition(")")[0]
    journal.write_text(text.replace(f"({time})", "(99:05:03)"))
    assert house.run("doctor") == 1
    assert "not understood" in house.out
