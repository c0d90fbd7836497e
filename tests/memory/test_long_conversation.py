"""A conversation without an end: what it costs does not grow with it, and nothing of it is lost."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from assistant.brain.base import Brain
from assistant.brain.scripted import ScriptedBrain
from assistant.memory.base import Journal, MemoryFailure
from assistant.memory.journal import writer as journal_writer
from assistant.memory.recorder import Recorder
from assistant.memory.retrieval.embedding import load_embedder
from assistant.memory.retrieval.index import SqliteIndex
from assistant.memory.service import MemoryService
from assistant.memory.store.files import FileStore
from assistant.session import replay
from benchmarks.memory.small_talk import WORDS, small_talk
from tests.fakes import FakeAudio, FakeMemoryStore
from tests.session.room import Room

A_LINE, A_FACT = 350, 4_000
"""Bytes that one may leave in memory after some hundred. What a line leaves in the index,
`test_index_memory` weighs."""
WORDS_KNOWN = 5_000
"""As many as somebody uses in a long conversation: the pieces of the last few thousand are kept."""


def lines(count: int, every: int = 10) -> Iterator[str]:
    """Small talk, and every so many lines something to be remembered; 0: never."""
    talk = iter(small_talk(4 * count, seed=3, facts=0.05 if every else 0.0))
    random = Random(3)
    for number in range(1, count + 1):
        if every and number % every == 0:
            art = random.choice(WORDS["art"])
            yield f"Remember that my favourite number {number} is {art}."
            continue
        text = next(talk).text
        while any(word in text.lower() for word in ("stop", "quiet", "change", "forget", "switch")):
            text = next(talk).text
        yield text


async def scripted(notify: object) -> Brain:
    return ScriptedBrain(Random(1))


class Long:
    """A conversation in a room, and what each of its lines left in memory."""

    def __init__(self, folder: Path) -> None:
        self.store = FileStore(folder / "memory", SqliteIndex(folder / "index.sqlite"))
        self.room = Room(
            folder / "transcripts",
            audio=FakeAudio(speaker=False),
            make_brain=scripted,
            memory=MemoryService(self.store),
        )

    @property
    def recorder(self) -> Recorder:
        recorder: Recorder = self.room.session.memory.recorder  # type: ignore[attr-defined]
        return recorder

    async def hold(self, said: Sequence[str], known: int) -> float:
        """Say it all; bytes of a line, of those after `known` ones."""
        tracemalloc.start(1)
        if embedder := load_embedder():
            embedder.sums([f"word{number}" for number in range(WORDS_KNOWN)])
        await self.room.enter()
        held = 0
        for number, line in enumerate(said, 1):
            await self.room.session.send_text(line)
            await self.room.session.finished()
            self.room.events.clear()  # the test's own
            if number == known:
                held = await self._held()
        grown = await self._held() - held
        tracemalloc.stop()
        return grown / (len(said) - known)

    async def _held(self) -> int:
        await self.recorder.write()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]


async def test_small_talk_leaves_next_to_nothing_in_memory_however_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_writer, "LONGEST", 40)
    monkeypatch.setattr(replay, "MOST_EVENTS", 40)
    long = Long(tmp_path)
    left = await long.hold(list(lines(320, every=0)), known=160)
    assert left < A_LINE
    await long.room.leave()
    long.store.close()


async def test_a_long_conversation_keeps_every_word_and_holds_little_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_writer, "LONGEST", 40)
    monkeypatch.setattr(replay, "MOST_EVENTS", 40)
    long = Long(tmp_path)
    store, room = long.store, long.room
    said = list(lines(240))
    left = await long.hold(said, known=120)
    assert left < A_LINE + A_FACT / 10
    journal = long.recorder.journal
    assert journal is not None
    assert len(journal.turns) <= 40
    assert sum(len(each.journal.turns) for each in store._written.values()) <= 3 * 40
    await room.leave()
    turns = [t for id in store.journals() for t in store.read(id).turns if t.side == "user"]
    assert [turn.text for turn in turns] == said, "every word is in a journal, in its order"
    assert len(store.journals()) == 12
    transcript = room.transcript()
    assert all(f": {line}\n" in transcript for line in said)
    assert len(store.memories()) >= 24
    store.close()


def talk(keep: Recorder, count: int, first: int = 1) -> None:
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
    monkeypatch.setattr(journal_writer, "LONGEST", 10)
    store = FakeMemoryStore()
    keep = Recorder(store, now=ticking)
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
    monkeypatch.setattr(journal_writer, "LONGEST", 10)
    store = FakeMemoryStore()
    keep = Recorder(store, now=ticking)
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
