"""A conversation without an end: what it costs does not grow with it, and nothing of it is lost."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from assistant.bench.small_talk import WORDS, small_talk
from assistant.brain.base import Brain
from assistant.brain.scripted import ScriptedBrain
from assistant.memory import keeper
from assistant.memory.base import Journal, MemoryFailure
from assistant.memory.files import FileStore
from assistant.memory.index import SqliteIndex
from assistant.memory.keeper import Keeper
from assistant.memory.remembering import Remembering
from tests.conversation.room import Room
from tests.fakes import FakeAudio, FakeMemoryStore

A_LINE = 4_000
"""Bytes that a line may leave in memory over some hundred lines: of the words that are new, the
vectors are kept, and of each turn where its own is found."""


def lines(count: int) -> Iterator[str]:
    """Small talk, and every tenth line something to be remembered."""
    talk = iter(small_talk(4 * count, seed=3))
    random = Random(3)
    for number in range(1, count + 1):
        if number % 10 == 0:
            art = random.choice(WORDS["art"])
            yield f"Remember that my favourite number {number} is {art}."
            continue
        text = next(talk).text
        while any(word in text.lower() for word in ("stop", "quiet", "change", "forget", "switch")):
            text = next(talk).text
        yield text


async def scripted(notify: object) -> Brain:
    return ScriptedBrain(Random(1))


async def test_a_line_leaves_little_in_memory_however_many_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LONGEST", 40)
    store = FileStore(tmp_path / "memory", SqliteIndex(None))
    room = Room(
        tmp_path / "transcripts",
        audio=FakeAudio(speaker=False),
        make_brain=scripted,
        memory=Remembering(store),
    )
    await room.enter()
    said = list(lines(180))
    held = 0
    for number, line in enumerate(said, 1):
        await room.session.send_text(line)
        await room.session.finished()
        room.events.clear()  # the test's own
        if number == 60:
            await room.session.memory.keeper.write()  # type: ignore[attr-defined]
            gc.collect()
            tracemalloc.start(1)
            held = tracemalloc.get_traced_memory()[0]
    await room.session.memory.keeper.write()  # type: ignore[attr-defined]
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    assert grown / 120 < A_LINE
    journal = room.session.memory.keeper.journal  # type: ignore[attr-defined]
    assert len(journal.turns) <= 40
    assert sum(len(each.journal.turns) for each in store._written.values()) <= 3 * 40
    await room.leave()
    turns = [t for id in store.journals() for t in store.read(id).turns if t.side == "user"]
    assert [turn.text for turn in turns] == said, "every word is in a journal, in its order"
    assert len(store.journals()) == 9
    transcript = room.transcript()
    assert all(f": {line}\n" in transcript for line in said)
    assert len(store.memories()) >= 18
    store.close()


def talk(keep: Keeper, count: int, first: int = 1) -> None:
    for number in range(first, first + count):
        keep.heard(f"This is line {number}.", "jarvis")
        keep.said("I see.", "jarvis", "JARVIS")


@pytest.fixture
def ticking() -> Callable[[], datetime]:
    at = datetime(2026, 11, 20, 12).astimezone()

    def now() -> datetime:
        nonlocal at
        at += timedelta(seconds=1)
        return at

    return now


async def test_a_full_journal_is_closed_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch, ticking: Callable[[], datetime]
) -> None:
    monkeypatch.setattr(keeper, "LONGEST", 10)
    store = FakeMemoryStore()
    keep = Keeper(store, now=ticking)
    talk(keep, 12)
    await keep.write()
    journals = [store.kept[id] for id in sorted(store.kept)]
    assert [len(each.turns) for each in journals] == [10, 10, 4]
    assert [each.ended is not None for each in journals] == [True, True, False]
    assert [each.turns[0].number for each in journals] == [1, 1, 1]
    assert keep.ongoing == (journals[1].id, journals[2].id)
    await keep.close()


async def test_a_journal_that_cannot_be_written_is_not_left(
    monkeypatch: pytest.MonkeyPatch, ticking: Callable[[], datetime]
) -> None:
    monkeypatch.setattr(keeper, "LONGEST", 10)
    store = FakeMemoryStore()
    keep = Keeper(store, now=ticking)
    store.failure = MemoryFailure("the disk is full")
    talk(keep, 12)
    await keep.write()
    assert keep.journal is not None
    assert len(keep.journal.turns) == 24
    assert keep.journal.ended is None
    store.failure = None
    talk(keep, 1, first=13)
    await keep.close()
    kept: list[Journal] = [store.kept[id] for id in sorted(store.kept)]
    texts = [t.text for each in kept for t in each.turns if t.side == "user"]
    assert texts == [f"This is line {number}." for number in range(1, 14)]
