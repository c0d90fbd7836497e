"""The scribe: what of a conversation is in its journal, and when it is written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from assistant.memory.base import Journal, MemoryFailure
from assistant.memory.extraction.candidates import RefusedCandidate
from assistant.memory.recorder import Recorder
from tests.fakes import FakeMemoryStore


@asynccontextmanager
async def keeping(store: FakeMemoryStore, **changes: Any) -> AsyncIterator[Recorder]:
    recorder = Recorder(store, **changes)
    yield recorder
    await recorder.close()


async def told(store: FakeMemoryStore, *turns: str, **changes: Any) -> Journal:
    """The journal of a conversation in which the user says these."""
    async with keeping(store, **changes) as recorder:
        for text in turns:
            recorder.heard(text, "jarvis")
            recorder.said("I see.", "jarvis", "JARVIS")
    return store.kept[max(store.kept)]


async def test_the_journal_holds_who_said_what_and_what_mattered() -> None:
    store = FakeMemoryStore()
    journal = await told(store, "My name is Ada.", "I have a talk on Friday.", "I'm so excited!")
    assert [(t.number, t.side) for t in journal.turns[:4]] == [
        (1, "user"),
        (2, "agent"),
        (3, "user"),
        (4, "agent"),
    ]
    assert journal.who == "Ada"
    assert journal.mood == "excited"
    assert journal.ended is not None
    assert [memory.turn for memory in journal.memories] == [1, 3]
    assert journal.commitments == [journal.memories[1].text]
    assert journal.memories[1].text.startswith("Ada has a talk on Friday")
    assert all(m.id.startswith(f"{journal.id}/") for m in journal.memories)


async def test_nothing_is_written_where_the_user_said_nothing() -> None:
    store = FakeMemoryStore()
    async with keeping(store) as recorder:
        recorder.said("Good evening.", "jarvis", "JARVIS")
    assert store.kept == {}


async def test_small_talk_waits_and_weighty_things_do_not() -> None:
    store = FakeMemoryStore()
    async with keeping(store) as recorder:
        recorder.heard("I like jazz.", "jarvis")
        await recorder.unread()
        assert store.writes == 0
        recorder.heard("I have a talk on Friday.", "jarvis")
        await recorder.unread()
        assert store.writes == 1
        recorder.heard("What time is it?", "jarvis")
        await recorder.unread()
        assert store.writes == 1


async def test_a_long_conversation_is_written_now_and_then_by_itself() -> None:
    store = FakeMemoryStore()
    written = threading.Event()
    write = store.write

    def note(journal: Journal) -> None:
        write(journal)
        written.set()

    store.write = note  # type: ignore[method-assign]
    async with keeping(store, write_every=0.05) as recorder:
        recorder.heard("I like jazz.", "jarvis")
        assert await asyncio.to_thread(written.wait, 5)
        assert [m.text for m in store.memories()] == ["The user likes jazz."]


async def test_in_private_nothing_is_kept_not_even_for_the_moment() -> None:
    store = FakeMemoryStore()
    async with keeping(store, private=True) as recorder:
        recorder.heard("Remember that my parrot is called Picasso.", "jarvis")
        assert await recorder.remember("my cat is called Miro", "jarvis") == []
        assert recorder.journal is None
    assert store.kept == {}


async def test_the_same_thing_told_again_is_only_surer() -> None:
    store = FakeMemoryStore()
    first = await told(store, "I live in Oslo.")
    before = first.memories[0].confidence
    await told(store, "I live in Oslo.", "I live in Oslo!", now=later)
    assert [m.text for m in store.memories()] == ["The user lives in Oslo."]
    assert store.memories()[0].confidence > before
    assert store.memories()[0].journal == first.id


DAY = timedelta(days=1)


def later() -> datetime:
    return datetime.now().astimezone() + DAY


async def test_newer_corrects_older_across_conversations_and_history_stays() -> None:
    store = FakeMemoryStore()
    first = await told(store, "I live in Oslo.")
    second = await told(store, "I live in Bergen now.", now=later)
    assert [m.text for m in store.memories()] == ["The user lives in Bergen."]
    old = store.kept[first.id].memories[0]
    assert old.text == "The user lives in Oslo."
    assert old.replaced_by == second.memories[0].id


async def test_what_cannot_change_is_left_to_be_asked_about() -> None:
    store = FakeMemoryStore()
    await told(store, "My birthday is on the 3rd of May.")
    await told(store, "My birthday is on the 4th of May.", now=later)
    assert len(store.memories()) == 2
    await told(store, "Actually, my birthday is on the 5th of May.", now=lambda: later() + DAY)
    assert [m.text for m in store.memories()] == ["The user's birthday is on the 5th of May."]


async def test_two_conversations_of_one_second_are_two() -> None:
    store = FakeMemoryStore()
    now = datetime.now().astimezone()
    await told(store, "I live in Oslo.", now=lambda: now)
    await told(store, "I like jazz.", now=lambda: now)
    assert len(store.kept) == 2
    assert len(store.memories()) == 2


async def test_with_walls_a_name_is_known_only_to_whom_it_was_told() -> None:
    store = FakeMemoryStore()
    async with keeping(store, walls=True) as recorder:
        recorder.heard("My name is Ada.", "jarvis")
        recorder.heard("I live in Oslo.", "glados")
        recorder.heard("I like jazz.", "jarvis")
    texts = {memory.persona: memory.text for memory in store.memories()}
    assert texts["glados"] == "The user lives in Oslo."
    assert "Ada likes jazz." in [memory.text for memory in store.memories()]
    assert len(store.kept) == 3


async def test_a_secret_is_in_no_journal() -> None:
    store = FakeMemoryStore()
    async with keeping(store) as recorder:
        recorder.heard("Remember that my pin is 4711.", "jarvis")
        [refused] = await recorder.remember("my pin is 4711", "jarvis")
        assert isinstance(refused, RefusedCandidate)
        recorder.said("Your pin is 4711, noted.", "jarvis", "JARVIS")
    assert "4711" not in repr(store.kept)


async def test_the_assistants_words_said_back_are_not_learnt() -> None:
    store = FakeMemoryStore()
    async with keeping(store) as recorder:
        recorder.heard("Hello.", "jarvis")
        recorder.said("My sister lives in a small town in Norway.", "jarvis", "JARVIS")
        recorder.heard("my sister lives in a small town in norway", "jarvis")
    assert store.memories() == []


async def test_a_full_disk_is_told_once_and_nothing_is_lost_when_there_is_room_again() -> None:
    store = FakeMemoryStore()
    told_of: list[MemoryFailure] = []
    async with keeping(store, on_problem=told_of.append) as recorder:
        await recorder.unread()
        store.failure = MemoryFailure("no space left on the disk")
        recorder.heard("I have a talk on Friday.", "jarvis")
        recorder.heard("I have an exam on Monday.", "jarvis")
        await recorder.unread()
        store.failure = None
    assert [error.message for error in told_of] == ["no space left on the disk"]
    assert len(store.memories()) == 2


async def test_forgetting_takes_it_out_of_the_conversation_that_goes_on() -> None:
    store = FakeMemoryStore()
    async with keeping(store) as recorder:
        recorder.heard("My parrot is called Picasso.", "jarvis")
        recorder.heard("I have a talk on Friday.", "jarvis")
        await recorder.write()
        journal = recorder.journal
        assert journal is not None
        await recorder.forget([journal.memories[0].id, f"{journal.id}#1"])
        recorder.heard("I live in Oslo.", "jarvis")
    assert "Picasso" not in repr(store.kept)
    texts = [m.text for m in store.memories()]
    assert len(texts) == 2
    assert len({m.id for m in store.memories()}) == 2, "no id is given twice"


async def test_the_event_loop_never_waits_for_the_disk() -> None:
    store = FakeMemoryStore()
    gate = threading.Event()
    write = store.write
    store.write = lambda journal: (gate.wait(5), write(journal))[1]  # type: ignore[method-assign]
    async with keeping(store) as recorder:
        recorder.heard("I have a talk on Friday.", "jarvis")
        recorder.heard("I have an exam on Monday.", "jarvis")
        assert store.kept == {}
        gate.set()
    assert len(store.memories()) == 2


async def test_many_talk_at_once_and_every_turn_has_its_own_number() -> None:
    store = FakeMemoryStore()
    async with keeping(store) as recorder:

        def talk(line: Callable[[int], str]) -> None:
            for number in range(50):
                recorder.heard(line(number), "jarvis")

        threads = [threading.Thread(target=talk, args=(str,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    [journal] = store.kept.values()
    assert [turn.number for turn in journal.turns] == list(range(1, 201))
    assert replace(journal, turns=[]).memories == []
