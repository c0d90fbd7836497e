"""What a front end shows of memory and changes in it, on real files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from assistant.memory.base import Claim, Corrects, Journal, Memory, MemoryFailure, Turn
from assistant.memory.conversation import NoMemory
from assistant.memory.factory import LazyStore
from assistant.memory.retrieval.index import SqliteIndex
from assistant.memory.service import MemoryService
from assistant.memory.store.files import FileStore
from assistant.memory.view import Previews, correct, preview, reworded, settle
from tests.fakes import FakeMemoryStore

AT = datetime(2026, 11, 20, 19, 5, tzinfo=timezone(timedelta(hours=1)))
ID = "2026-11-20T190500-jarvis"


def memory(number: int, text: str, claim: Claim | None = None, turn: int = 0) -> Memory:
    return Memory(f"{ID}/{number}", text, "personal", AT, "jarvis", turn or 2 * number - 1, ID,
                  0.9, claim=claim)  # fmt: skip


def journal() -> Journal:
    memories = [
        memory(
            1, "The user's parrot is called Picasso.", Claim("user", "parrot's name", "Picasso")
        ),
        memory(2, "The user's sister is called Grace.", Claim("user", "sister's name", "Grace")),
        memory(3, "The user's sister is called Ann.", Claim("user", "sister's name", "Ann")),
    ]
    said = [
        ("user", "My parrot is called Picasso."),
        ("agent", "Picasso is a fine name for a parrot."),
        ("user", "My sister is called Grace."),
        ("agent", "Noted."),
        ("user", "My sister's name is Ann."),
    ]
    turns = [
        Turn(n, "user" if side == "user" else "agent", "You" if side == "user" else "Jarvis", text,
             AT + timedelta(minutes=n))
        for n, (side, text) in enumerate(said, 1)
    ]  # fmt: skip
    return Journal(ID, AT, "jarvis", memories=memories, turns=turns)


def places_of(folder: Path, word: bytes) -> list[Path]:
    """The files that hold it."""
    return [path for path in folder.rglob("*") if path.is_file() and word in path.read_bytes()]


@pytest.fixture
def files(tmp_path: Path) -> Iterator[FileStore]:
    store = FileStore(tmp_path, SqliteIndex(None), look_every=0)
    store.write(journal())
    yield store
    store.close()


async def test_all_that_is_known_is_in_sections_with_its_open_questions(files: FileStore) -> None:
    book = await MemoryService(files).book()
    assert [question.text for question in book.profile.questions] == [
        "Is your sister called Grace or Ann?"
    ]
    assert {memory.text for memory in book.memories} == {
        "Your parrot is called Picasso.",
        "Your sister is called Grace.",
        "Your sister is called Ann.",
    }


async def test_the_source_is_the_turn_with_its_neighbours(files: FileStore) -> None:
    source = await MemoryService(files).source(f"{ID}/2")
    assert (source.turn, [turn.number for turn in source.turns]) == (3, [1, 2, 3, 4, 5])
    source = await MemoryService(files).source(f"{ID}#1")
    assert (source.turn, [turn.number for turn in source.turns]) == (1, [1, 2, 3])


async def test_what_is_foretold_is_what_goes_the_answer_included(files: FileStore) -> None:
    memory = MemoryService(files)
    deletion = await memory.preview([f"{ID}/1"])
    assert [each.text for each in deletion.memories] == ["Your parrot is called Picasso."]
    assert [turn.number for turn in deletion.turns] == [1, 2]
    assert len(files.memories()) == 3, "to look ahead changes nothing"
    gone = await memory.forget(deletion)
    assert (gone.memories, gone.turns) == (1, 2)
    assert [turn.number for turn in files.read(ID).turns] == [3, 4, 5]


async def test_striking_one_thing_leaves_another_from_the_same_sentence(tmp_path: Path) -> None:
    store = FileStore(tmp_path, SqliteIndex(None), look_every=0)
    told = journal()
    told.turns[0] = Turn(1, "user", "You", "My parrot is called Picasso and I am a baker.", AT)
    told.memories.append(memory(4, "The user is a baker.", Claim("user", "job", "baker"), turn=1))
    store.write(told)
    await MemoryService(store).strike([f"{ID}/1"])
    assert "The user is a baker." in {memory.text for memory in store.memories()}
    assert 1 not in {turn.number for turn in store.read(ID).turns}
    store.close()


async def test_a_correction_of_this_conversation_is_not_undone_by_its_journal(
    files: FileStore,
) -> None:
    memory = MemoryService(files)
    memory.begin(lambda event: None, lambda: "jarvis")
    memory.heard("My dog is called Rex.")
    book = await memory.book()
    dog = next(each for each in book.memories if "Rex" in each.text)
    await memory.correct(dog, "The user's dog is called Max.")
    memory.heard("I live in Leeds.")
    await memory.close()
    holding = {each.text for each in files.memories()}
    assert "The user's dog is called Max." in holding
    assert not any("Rex" in each for each in holding)
    assert any("Leeds" in each for each in holding)


async def test_what_was_forgotten_in_this_conversation_does_not_come_back_at_its_end(
    files: FileStore, tmp_path: Path
) -> None:
    memory = MemoryService(files)
    memory.begin(lambda event: None, lambda: "jarvis")
    memory.heard("My dog is called Rex.")
    memory.said("Rex is a good name.", "jarvis", "Jarvis")
    memory.heard("I live in Leeds.")
    dog = next(each for each in (await memory.book()).memories if "Rex" in each.text)
    await memory.strike([dog.id])
    await memory.close()
    assert not places_of(tmp_path, b"Rex")


@pytest.mark.parametrize("store", ["files", "plain"])
async def test_an_answered_question_is_not_asked_again(files: FileStore, store: str) -> None:
    memory = MemoryService(files if store == "files" else FakeMemoryStore(journal()))
    await memory.settle(f"{ID}/3", [f"{ID}/2"])
    book = await memory.book()
    assert not book.profile.questions
    assert "Your sister is called Ann." in {each.text for each in book.memories}
    kept = {each.id: each for each in memory.store.read(ID).memories}
    assert kept[f"{ID}/2"].replaced_by == f"{ID}/3"


def test_any_store_can_be_corrected() -> None:
    store = FakeMemoryStore(journal())
    new = correct(store, f"{ID}/1", "The user's parrot is called Dali.")
    assert new.turn == 0
    assert new.id in {memory.id for memory in store.memories()}
    assert f"{ID}/1" not in {memory.id for memory in store.memories()}
    assert preview(store, [f"{ID}/2"]).ids == (f"{ID}/2", f"{ID}#3")
    with pytest.raises(MemoryFailure, match="there is no memory"):
        settle(store, f"{ID}/1", [f"{ID}/99"])


def test_a_store_that_is_opened_later_can_do_the_same(files: FileStore) -> None:
    lazy = LazyStore(lambda: files)
    assert isinstance(lazy, Corrects)
    assert isinstance(lazy, Previews)
    assert [turn.number for turn in lazy.preview([f"{ID}/1"]).turns] == [1, 2]
    lazy.settle(f"{ID}/3", [f"{ID}/2"])
    assert lazy.correct(f"{ID}/1", "The user has no parrot.").text == "The user has no parrot."


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("The user's parrot is called Dali.", Claim("user", "parrot's name", "Dali")),
        ("The user's parrot is called Dali", Claim("user", "parrot's name", "Dali")),
        ("Something else altogether.", None),
    ],
)
def test_new_words_claim_what_they_say(text: str, claim: Claim | None) -> None:
    words, found = reworded(journal().memories[0], text)
    assert (words.rstrip("."), found) == (text.rstrip("."), claim)


def test_a_secret_is_refused_in_a_correction() -> None:
    with pytest.raises(MemoryFailure, match="I do not keep"):
        reworded(journal().memories[0], "The user's card is 4111 1111 1111 1111.")


def test_without_memory_there_is_nothing_to_see() -> None:
    nothing = NoMemory()
    assert not nothing.enabled
    assert not asyncio.run(nothing.book()).memories
