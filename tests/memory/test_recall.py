"""What comes to mind while the user speaks, and what of it is said."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime

from assistant.memory.base import ANY, Filters, Found, Journal, Memory, MemoryFailure, Turn
from assistant.memory.recall import NOTHING, Recall
from tests.fakes import FakeMemoryStore

NOW = datetime(2026, 11, 20, 12).astimezone()


def store() -> FakeMemoryStore:
    id = "2026-11-20T120000-jarvis"
    texts = ["The user's parrot is called Picasso.", "The user is a nurse in Oslo."]
    memories = [
        Memory(f"{id}/{n}", text, "personal", NOW, "jarvis", n, id)
        for n, text in enumerate(texts, start=1)
    ]
    turns = [
        Turn(1, "user", "You", "My parrot whistles the Marseillaise.", NOW),
        Turn(2, "agent", "JARVIS", "Your parrot is surely called Bob.", NOW),
        Turn(3, "user", "You", "What is my parrot called?", NOW),
    ]
    return FakeMemoryStore(Journal(id, NOW, "jarvis", memories=memories, turns=turns))


async def test_an_answer_waits_for_nothing_that_was_prepared() -> None:
    kept = store()
    recall = Recall(kept)
    recall.prepare("what is")
    recall.prepare("what is my parrot")
    await recall.run(lambda: None)
    found = await recall.take("What is my parrot called?")
    assert found.found[0].text == "The user's parrot is called Picasso."
    assert kept.searches == ["what is my parrot"]


async def test_words_that_came_last_are_looked_up_too() -> None:
    recall = Recall(store())
    recall.prepare("tell me about my")
    recall.prepare("tell me about my parrot")
    await recall.run(lambda: None)
    found = await recall.take("Tell me about my parrot and Oslo.")
    assert {hit.text for hit in found.found if hit.memory} == {
        "The user's parrot is called Picasso.",
        "The user is a nurse in Oslo.",
    }


async def test_only_the_users_own_words_and_no_old_questions_are_told() -> None:
    found = await Recall(store()).take("what does my parrot do?")
    assert [hit.text for hit in found.found] == [
        "The user's parrot is called Picasso.",
        "My parrot whistles the Marseillaise.",
    ]


async def test_turns_of_the_conversation_that_goes_on_are_in_the_history_anyway() -> None:
    recall = Recall(store(), current=lambda: ("2026-11-20T120000-jarvis",))
    found = await recall.take("what does my parrot do?")
    assert all(hit.memory for hit in found.found)


async def test_a_greeting_brings_nothing_to_mind() -> None:
    kept = store()
    assert await Recall(kept).take("Hello, how are you?") is NOTHING
    assert kept.searches == []


async def test_a_slow_store_holds_up_no_answer() -> None:
    gate = threading.Event()

    class Slow(FakeMemoryStore):
        def search(self, query: str, filters: Filters = ANY, limit: int = 10) -> Sequence[Found]:  # type: ignore[override]
            gate.wait(10)
            return super().search(query, filters, limit)

    recall = Recall(Slow())
    recall.prepare("what is my parrot")
    found = await recall.take("what is my parrot called?")
    assert found.found == ()
    gate.set()


async def test_a_failing_store_is_told_and_costs_nothing_else() -> None:
    kept = store()
    kept.failure = MemoryFailure("the disk is gone")
    told: list[str] = []
    found = await Recall(kept, on_problem=lambda error: told.append(error.message)).take(
        "my parrot"
    )
    assert found.found == ()
    assert told == ["the disk is gone"]


async def test_what_one_persona_was_told_is_not_handed_to_the_next() -> None:
    who = ["jarvis"]
    recall = Recall(store(), persona=lambda: who[0])
    recall.prepare("what is my parrot called")
    await recall.run(lambda: None)
    who[0] = "glados"
    assert (await recall.take("what is my parrot called?")).found == ()


async def test_what_was_forgotten_is_not_taken_from_what_was_prepared() -> None:
    kept = store()
    recall = Recall(kept)
    recall.prepare("what is my parrot called")
    await recall.run(lambda: None)
    kept.kept.clear()
    recall.drop()
    assert (await recall.take("what is my parrot called?")).found == ()
