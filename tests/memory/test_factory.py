"""The real store by the settings: what `assistant plain` uses, on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from assistant.brain.base import Brain
from assistant.brain.scripted import ScriptedBrain
from assistant.config.schema import MemoryConfig
from assistant.memory.base import MemoryFailure
from assistant.memory.factory import PASSPHRASE, open_store
from assistant.memory.service import MemoryService
from assistant.session.events import Notice
from tests.fakes import FakeAudio
from tests.session.room import Room


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path / "data"


async def scripted(notify: Callable[[Notice], None]) -> Brain:
    return ScriptedBrain(Random(1))


async def talk(home: Path, *lines: str, **settings: object) -> list[str]:
    """The answers of a whole conversation, typed, with the real store."""
    memory = MemoryService(open_store(MemoryConfig.model_validate(settings)))
    room = Room(
        home / "assistant" / "transcripts",
        audio=FakeAudio(speaker=False),
        make_brain=scripted,
        memory=memory,
    )
    await room.enter()
    for line in lines:
        await room.type(line)
    await room.leave()
    return [*room.answers(), *room.notices()]


def files(home: Path, pattern: str) -> list[Path]:
    return [path for path in home.rglob(pattern) if path.is_file()]


def raw(home: Path) -> bytes:
    """Every byte below the folder."""
    return b"".join(path.read_bytes() for path in files(home, "*"))


async def test_the_parrots_name_is_in_a_readable_journal_and_known_tomorrow(home: Path) -> None:
    await talk(home, "remember that my parrot is called Picasso")
    [journal] = files(home, "journals/**/*.md")
    assert "The user's parrot is called Picasso." in journal.read_text("utf-8")
    assert journal.stat().st_mode & 0o777 == 0o600
    assert "Picasso" in (await talk(home, "what is my parrot called?"))[-1]


async def test_what_was_forgotten_is_in_no_byte_of_the_folder(home: Path) -> None:
    await talk(home, "remember that my parrot is called Picasso", "I live in Oslo")
    assert b"Picasso" in raw(home)
    answers = await talk(home, "forget my parrot", "what is my parrot called?")
    assert "It is forgotten." in answers[0]
    assert "Picasso" not in answers[1]
    assert b"Picasso" not in raw(home)
    assert b"Oslo" in raw(home)


async def test_a_secret_is_in_no_byte_of_the_folder(home: Path) -> None:
    await talk(home, "remember that my password is swordfish77", "I live in Oslo")
    assert b"swordfish77" not in raw(home)


async def test_one_switch_seals_what_was_written_before(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    await talk(home, "remember that my parrot is called Picasso")
    monkeypatch.setenv(PASSPHRASE, "a parrot and a painter")
    sealed = {"encryption": "passphrase"}
    answers = await talk(home, "what is my parrot called?", **sealed)
    assert "Picasso" in answers[0]
    journals = files(home, "journals/**/*")
    assert journals
    assert all(path.suffix == ".sealed" for path in journals)
    memory = home / "assistant" / "memory"
    assert b"Picasso" not in raw(memory)
    monkeypatch.setenv(PASSPHRASE, "not the passphrase")
    answers = await talk(home, "what is my parrot called?", **sealed)
    assert any("passphrase" in text for text in answers[1:])


def test_without_a_passphrase_it_says_what_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    monkeypatch.delenv(PASSPHRASE, raising=False)
    store = open_store(MemoryConfig(encryption="passphrase"))
    with pytest.raises(MemoryFailure) as failure:
        store.memories()
    assert PASSPHRASE in failure.value.remedy


async def test_a_broken_index_is_made_anew(home: Path) -> None:
    await talk(home, "remember that my parrot is called Picasso")
    index = home / "assistant" / "memory" / "index.sqlite"
    for path in index.parent.glob("index.sqlite*"):
        path.write_bytes(b"no database" * 500)
    assert "Picasso" in (await talk(home, "what is my parrot called?"))[0]


async def test_journals_are_committed_where_the_user_wants_it(home: Path) -> None:
    await talk(home, "remember that my parrot is called Picasso", git=True)
    assert (home / "assistant" / "memory" / ".git").is_dir()


async def test_a_folder_that_cannot_be_made_is_told_and_the_talk_goes_on(home: Path) -> None:
    (home / "assistant").mkdir(parents=True)
    (home / "assistant" / "memory").write_text("in the way")
    answers = await talk(home, "remember that my parrot is called Picasso", "hello")
    assert len(answers) >= 3
    assert any("memory" in text for text in answers)
