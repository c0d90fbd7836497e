"""Memory in a conversation: a whole session on fake devices, with typed and spoken words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from assistant.brain.base import Brain
from assistant.brain.scripted import ScriptedBrain
from assistant.frames import UserText
from assistant.memory.base import Claim, Journal, Memory, MemoryFailure, Turn
from assistant.memory.service import MemoryService
from assistant.session.events import MemoryKept, MemoryRecalled, Notice, ToolCalled
from tests.fakes import FakeAudio, FakeBrain, FakeMemoryStore, until
from tests.session.room import Room


async def scripted(notify: Callable[[Notice], None]) -> Brain:
    return ScriptedBrain(Random(1))


async def enter(
    folder: Path,
    store: FakeMemoryStore,
    brain: FakeBrain | None = None,
    *,
    greeting: bool = False,
    private: bool = False,
    walls: bool = False,
) -> Room:
    memory = MemoryService(store, private=private, walls=walls)
    room = Room(
        folder,
        brain,
        audio=FakeAudio(speaker=False),
        greeting=greeting,
        make_brain=None if brain else scripted,
        memory=memory,
    )
    return await room.enter()


async def ask(room: Room, text: str) -> str:
    """Type this; the answer in writing."""
    await room.type(text)
    return room.answers()[-1]


def memory(text: str, number: int = 1, claim: Claim | None = None, **changes: object) -> Memory:
    at = datetime(2026, 11, 1, 12).astimezone()
    parts: dict[str, object] = {
        "id": f"2026-11-01T120000-jarvis/{number}",
        "text": text,
        "category": "personal",
        "at": at,
        "persona": "jarvis",
        "turn": number,
        "journal": "2026-11-01T120000-jarvis",
        "claim": claim,
    }
    return Memory(**{**parts, **changes})  # type: ignore[arg-type]


def stored(*memories: Memory) -> FakeMemoryStore:
    at = memories[0].at
    turns = [Turn(m.turn, "user", "You", m.text, m.at) for m in memories]
    return FakeMemoryStore(
        Journal(memories[0].journal, at, memories[0].persona, memories=list(memories), turns=turns)
    )


GRACE = [
    memory("Grace is the user's sister.", 1, people=("Grace",)),
    memory("Grace lives in Bergen.", 2, people=("Grace",)),
    memory("The user's parrot is called Picasso.", 3, Claim("user", "parrot's name", "Picasso")),
]


async def test_what_was_told_is_known_in_the_next_conversation(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = await enter(tmp_path, store)
    await room.type("remember that my parrot is called Picasso")
    assert "your parrot is called Picasso" in room.answers()[-1]
    await room.leave()
    texts = [m.text for journal in store.kept.values() for m in journal.memories]
    assert texts == ["The user's parrot is called Picasso."]
    again = await enter(tmp_path, store)
    assert "Picasso" in await ask(again, "what is my parrot called?")
    await again.leave()


async def test_what_is_kept_without_being_asked_for_is_told_to_the_front_end_once(
    tmp_path: Path,
) -> None:
    room = await enter(tmp_path, FakeMemoryStore())
    await room.type("my parrot is called Picasso")
    await room.type("remember that my cat is called Miro")
    await room.type("my parrot is called Picasso")
    await until(lambda: len(room.of(MemoryKept)) >= 2)
    await room.leave()
    told = [(event.memory.text, event.asked) for event in room.of(MemoryKept)]
    assert told == [
        ("Your parrot is called Picasso.", False),
        ("Your cat is called Miro.", True),
    ]


async def test_of_a_private_conversation_nothing_is_told_to_be_kept(tmp_path: Path) -> None:
    room = await enter(tmp_path, FakeMemoryStore(), private=True)
    await room.type("my parrot is called Picasso")
    await room.leave()
    assert room.of(MemoryKept) == []


async def test_it_is_in_the_journal_before_the_conversation_ends(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = await enter(tmp_path, store)
    await room.type("remember that my parrot is called Picasso")
    assert [m.confidence for m in store.memories()] == [1.0]
    await room.leave()


async def test_a_password_is_refused_and_said_so(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = await enter(tmp_path, store)
    answer = await ask(room, "remember that my password is swordfish77")
    assert "password" in answer
    assert "do not keep" in answer
    await room.leave()
    assert "swordfish77" not in repr(store.kept)


async def test_a_private_conversation_leaves_no_trace_but_knows_the_user(tmp_path: Path) -> None:
    store = stored(*GRACE)
    before = repr(store.kept)
    room = await enter(tmp_path, store, private=True)
    assert "Picasso" in await ask(room, "what is my parrot called?")
    answer = await ask(room, "remember that my cat is called Miro")
    assert "private" in answer
    await room.leave()
    assert repr(store.kept) == before


async def test_forgetting_more_than_one_thing_is_asked_about_first(tmp_path: Path) -> None:
    store = stored(*GRACE)
    room = await enter(tmp_path, store)
    answer = await ask(room, "forget everything about Grace")
    assert "2 things" in answer
    assert answer.endswith("?")
    assert len(store.memories()) == 3
    assert await ask(room, "yes") == "All 2 are forgotten."
    assert [m.text for m in store.memories()] == ["The user's parrot is called Picasso."]
    assert "Grace" not in repr(store.kept["2026-11-01T120000-jarvis"])
    await room.leave()


async def test_a_no_keeps_everything(tmp_path: Path) -> None:
    store = stored(*GRACE)
    room = await enter(tmp_path, store)
    await room.type("forget everything about Grace")
    await room.type("no")
    await room.type("yes")
    assert len(store.memories()) == 3
    await room.leave()


async def test_a_word_misheard_forgets_nothing_and_is_not_called_forgotten(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = await enter(tmp_path, store)
    await room.type("remember that my parrot is called Bruno")
    for _ in range(2):
        answer = await ask(room, "forget my parent")
        assert answer == "There was nothing to forget about your parent."
    assert "Bruno" in await ask(room, "what is my parrot called?")
    await room.leave()


async def test_what_was_forgotten_is_not_known_any_more_at_once(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = await enter(tmp_path, store)
    await room.type("remember that my parrot is called Picasso")
    assert await ask(room, "forget my parrot") == "It is forgotten."
    assert "Picasso" not in await ask(room, "what is my parrot called?")
    await room.leave()
    assert "Picasso" not in repr(store.kept)
    assert all("Picasso" not in text for _, text in room.history())


async def test_it_tells_what_it_knows(tmp_path: Path) -> None:
    room = await enter(tmp_path, stored(*GRACE))
    answer = await ask(room, "What do you know about me?")
    assert "your parrot is called Picasso" in answer
    assert "Grace is your sister" in answer
    told = await ask(room, "what did I tell you about Grace?")
    assert "Bergen" in told
    assert [event.call.name for event in room.of(ToolCalled)] == [
        "what_do_you_know_about_me",
        "recall",
    ]
    await room.leave()


async def test_a_language_model_is_given_what_matters_and_the_dashboard_is_told(
    tmp_path: Path,
) -> None:
    brain = FakeBrain(["Picasso, of course."])
    room = await enter(tmp_path, stored(*GRACE), brain)
    await room.type("what is my parrot called?")
    assert "Picasso" in brain.questions[0].memory
    assert "Bergen" not in brain.questions[0].memory
    assert [hit.text for event in room.of(MemoryRecalled) for hit in event.found][:1] == [
        "Your parrot is called Picasso."
    ]
    await room.leave()


async def test_what_was_recalled_can_be_struck_with_the_words_it_came_from(
    tmp_path: Path,
) -> None:
    store = stored(*GRACE)
    room = await enter(tmp_path, store, FakeBrain(["Picasso."], ["I do not know."]))
    await room.type("what is my parrot called?")
    [recalled] = room.of(MemoryRecalled)
    memories = room.session.memory
    assert isinstance(memories, MemoryService)
    await memories.strike([hit.id for hit in recalled.found])
    await room.type("what is my parrot called?")
    assert len(room.of(MemoryRecalled)) == 1
    await room.leave()
    assert "Picasso" not in repr(store.kept["2026-11-01T120000-jarvis"])
    assert len(store.memories()) == 2


async def test_memory_is_looked_up_while_the_user_still_speaks(tmp_path: Path) -> None:
    store = stored(*GRACE)
    brain = FakeBrain(["Picasso."])
    room = await enter(tmp_path, store, brain)
    room.begin_to_speak()
    room.backend.emit(UserText(text="what is my parrot", final=False, speech_end=0.0))
    recall = room.session.memory
    assert isinstance(recall, MemoryService)
    await recall.recall.run(lambda: None)
    assert store.searches == ["what is my parrot"]
    room.finish_speaking("What is my parrot called?")
    await room.session.settled()
    assert store.searches == ["what is my parrot"], "the answer did not need another search"
    assert "Picasso" in brain.questions[0].memory
    await room.leave()


async def test_a_model_cannot_make_it_remember_what_the_user_never_said(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    call = 'TOOL_CALL: {"name": "remember", "arguments": {"text": "my cat is called Adolf"}}'
    brain = FakeBrain([call], ["Well."])
    room = await enter(tmp_path, store, brain)
    await room.type("good morning to you")
    await room.leave()
    assert store.memories() == []


async def test_a_model_cannot_confirm_in_the_users_place(tmp_path: Path) -> None:
    store = stored(*GRACE)
    arguments = '{"what": "Grace", "confirmed": true}'
    call = f'TOOL_CALL: {{"name": "forget", "arguments": {arguments}}}'
    brain = FakeBrain([call], [call], ["Shall I?"])
    room = await enter(tmp_path, store, brain)
    await room.type("clean up a little")
    await room.leave()
    assert len(store.memories()) == 3


async def test_nothing_is_learnt_from_the_assistants_own_words(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    brain = FakeBrain(["My name is Bob. I live in Paris. I have a talk on Friday."])
    room = await enter(tmp_path, store, brain)
    await room.type("tell me about yourself")
    await room.leave()
    assert store.memories() == []
    assert len(store.kept) == 1


async def test_with_walls_no_persona_knows_what_another_was_told(tmp_path: Path) -> None:
    store = stored(*GRACE)
    room = await enter(tmp_path, store, walls=True)
    await room.session.change_persona("glados")
    await room.calm()
    assert "Picasso" not in await ask(room, "what is my parrot called?")
    await room.session.change_persona("jarvis")
    await room.calm()
    assert "Picasso" in await ask(room, "what is my parrot called?")
    await room.leave()
    assert {id.rsplit("-", 1)[-1] for id in store.journals()} == {"jarvis", "glados"}


async def test_the_greeting_asks_once_how_it_went(tmp_path: Path) -> None:
    today = datetime.now().astimezone()
    held = (today - timedelta(days=1)).date().isoformat()
    store = stored(
        memory(
            "Ada has a talk.",
            1,
            Claim("user", "date of talk", held),
            category="temporal",
            at=today - timedelta(days=3),
        ),
        memory("The user's name is Ada.", 2, Claim("user", "name", "Ada")),
    )
    room = await enter(tmp_path, store, greeting=True)
    assert room.answers()[0].endswith("How did the talk go, Ada?")
    await room.type("it went well, thank you")
    await room.leave()
    again = await enter(tmp_path, store, greeting=True)
    assert "talk" not in again.answers()[0]
    assert "Ada" in again.answers()[0]
    await again.leave()


@pytest.mark.parametrize("text", ["hello", "how are you?", "what time is it?"])
async def test_a_store_that_fails_costs_one_notice_and_no_answer(tmp_path: Path, text: str) -> None:
    store = FakeMemoryStore()
    store.failure = MemoryFailure("the memory folder cannot be read", "look at its permissions")
    room = await enter(tmp_path, store, greeting=True)
    assert await ask(room, text)
    assert await ask(room, "remember that my parrot is called Picasso")
    await room.leave()
    assert room.notices().count("the memory folder cannot be read") == 1
