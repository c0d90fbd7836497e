"""What is said to be remembered is on disk before it is said; else the user is told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest

from assistant.brain.base import Question
from assistant.brain.scripted import ScriptedBrain
from assistant.config.schema import Config
from assistant.language.person import first_person
from assistant.memory.base import Journal, MemoryFailure, NoRoom
from assistant.memory.conversation import NoMemory
from assistant.memory.service import MemoryService
from assistant.session.events import AgentSaid, Notice, SessionEvent, ToolFinished
from assistant.session.factory import make_dependencies
from tests.fakes import FakeAudio, FakeBrain, FakeMemoryStore
from tests.memory.test_in_conversation import ask, enter, scripted
from tests.session.room import Room

FULL = NoRoom("/nowhere/x.md: cannot be written (no space)", "Free some room.", "the disk is full")
TOLD = [
    "my cat is called Pixel",
    "My name is Ada.",
    "I have a talk on Friday.",
    "remember that my cat is called Pixel",
    "remember that the spare key is under the third pot",
    "Hello there! My cat is called Pixel.",
]


class Watched(FakeMemoryStore):
    """Knows what was on disk when the first word of each answer came."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[str]] = []

    def note(self, event: SessionEvent) -> None:
        if isinstance(event, AgentSaid):
            self.seen.append([memory.text for memory in self.memories()])


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("model", [False, True])
async def test_it_is_in_the_journal_before_the_first_word_of_the_answer(
    tmp_path: Path, told: str, model: bool
) -> None:
    store = Watched()
    brain = FakeBrain(["I ", "shall remember."]) if model else None
    room = await enter(tmp_path, store, brain)
    room.session.subscribe(store.note)
    await room.type(told)
    assert store.seen[0], f"{room.answers()} was said before anything was written"
    await room.leave()


@pytest.mark.parametrize("told", TOLD)
async def test_what_cannot_be_written_is_told_without_the_name_of_a_file(
    tmp_path: Path, told: str
) -> None:
    store = FakeMemoryStore()
    room = await enter(tmp_path, store)
    store.failure = FULL
    answer = await ask(room, told)
    assert "I cannot write it down: the disk is full." in answer
    assert "/" not in answer
    assert ".md" not in answer
    [notice] = [e for e in room.events if isinstance(e, Notice) and e.key == "memory"]
    assert "/nowhere/x.md" in notice.text
    assert notice.remedy == "Free some room."
    await room.leave()


async def test_a_models_answer_is_followed_by_what_could_not_be_done_once(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = await enter(tmp_path, store, FakeBrain(["Noted."], ["Noted, too."], ["Indeed."]))
    store.failure = FULL
    assert "the disk is full" in await ask(room, "my cat is called Pixel")
    assert await ask(room, "my dog is called Rex") == "Noted, too."
    store.failure = None
    assert await ask(room, "my boat is called Argo") == "Indeed."
    assert len(store.memories()) == 3, "all of it is written once there is room"
    await room.leave()


async def test_a_model_that_calls_the_tool_says_what_became_of_it(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    call = 'TOOL_CALL: {"name": "remember", "arguments": {"text": "my cat is called Pixel"}}'
    room = await enter(tmp_path, store, FakeBrain([call]))
    store.failure = FULL
    answer = await ask(room, "Pixel, that cat of mine, sleeps all day")
    assert "your cat is called Pixel" in answer
    assert "the disk is full" in answer
    [finished] = [e for e in room.events if isinstance(e, ToolFinished)]
    assert "Not kept beyond this conversation" in finished.result.content
    await room.leave()


async def test_what_another_program_has_forgotten_meanwhile_is_kept_anew(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = await enter(tmp_path, store)
    await room.type("I live in Oslo.")
    await room.leave()
    again = await enter(tmp_path, store)
    await again.type("I live in Oslo.")
    store.kept.clear()  # `assistant memory forget --all` elsewhere
    await again.type("remember that I live in Oslo")
    assert [memory.text for memory in store.memories()] == ["The user lives in Oslo."]
    await again.leave()


async def test_in_private_it_is_known_while_we_talk_and_said_so(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = await enter(tmp_path, store, private=True)
    for told in ("my cat is called Pixel", "remember that my dog is called Rex"):
        assert "private" in await ask(room, told)
    assert "Pixel" in await ask(room, "what is my cat called?")
    assert "Rex" in await ask(room, "what is my dog called?")
    assert store.kept == {}
    await room.leave()


@pytest.mark.parametrize("told", ["my dog is called Rex", "remember that my dog is called Rex"])
@pytest.mark.parametrize("private", [False, True])
async def test_what_no_file_holds_can_be_forgotten(
    tmp_path: Path, told: str, private: bool
) -> None:
    store = FakeMemoryStore()
    knowing = ScriptedBrain(Random(1))

    async def make_brain(notify: object) -> ScriptedBrain:
        return knowing

    memory = MemoryService(
        store,
        private=private,
        on_forgotten=lambda texts: [knowing.knowledge.unlearn(first_person(t)) for t in texts],
    )
    audio = FakeAudio(speaker=False)
    room = Room(tmp_path, None, audio=audio, greeting=False, make_brain=make_brain, memory=memory)
    await room.enter()
    store.failure = None if private else FULL
    await room.type(told)
    answer = await ask(room, "forget my dog")
    assert "forgotten" in answer
    assert "Rex" not in await ask(room, "what is my dog called?")
    await room.leave()


async def test_while_the_memory_server_is_away_nothing_is_acknowledged(tmp_path: Path) -> None:
    from assistant.memory.remote.client import HttpStore
    from tests.memory.remote.served import TOKEN, Served

    theirs = FakeMemoryStore()
    with Served(theirs) as served:
        client = HttpStore(served.url, TOKEN, retry=0)
        room = await enter(tmp_path, client)  # type: ignore[arg-type]
        assert "write it down" not in await ask(room, "my cat is called Pixel")
        served.stop()
        assert "server cannot be reached" in await ask(room, "my dog is called Rex")
        served.start()
        assert "write it down" not in await ask(room, "my boat is called Argo")
        assert len(theirs.memories()) == 3
        await room.leave()
        client.close()


async def test_with_walls_nobody_else_knows_what_could_not_be_written(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = await enter(tmp_path, store, walls=True)
    store.failure = FULL
    await room.type("remember that my dog is called Rex")
    await room.type("change to glados")
    assert "Rex" not in await ask(room, "what is my dog called?")
    await room.leave()


@pytest.mark.parametrize(
    ("settings", "why"),
    [({"enabled": False}, "switched off"), ({"enabled": False, "private": True}, "private")],
)
async def test_where_memory_is_off_it_is_said(
    tmp_path: Path, settings: dict[str, bool], why: str
) -> None:
    config = Config.model_validate({"memory": settings, "backend": {"name": "echo"}})
    memory = make_dependencies(config, FakeAudio(speaker=False), remember=True, seed=1).memory
    assert isinstance(memory, NoMemory)
    room = Room(
        tmp_path,
        None,
        audio=FakeAudio(speaker=False),
        greeting=False,
        make_brain=scripted,
        memory=memory,
    )
    await room.enter()
    answer = await ask(room, "my cat is called Pixel")
    assert "your cat is called Pixel" in answer
    assert why in answer
    assert "Pixel" in await ask(room, "what is my cat called?")
    await room.leave()


async def test_a_disk_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.memory.unwritten.WRITING", 0.2)
    store = FakeMemoryStore()
    room = await enter(tmp_path, store)
    hang = asyncio.Event()
    loop = asyncio.get_running_loop()
    write = store.write

    def wait(journal: Journal) -> None:
        asyncio.run_coroutine_threadsafe(hang.wait(), loop).result(30)
        write(journal)

    store.write = wait  # type: ignore[method-assign]
    assert "the disk does not answer" in await ask(room, "my cat is called Pixel")
    hang.set()
    await room.leave()
    assert len(store.memories()) == 1


async def test_what_was_forgotten_can_be_told_again(tmp_path: Path) -> None:
    from assistant.memory.store.files import FileStore
    from tests.memory.retrieval.small_index import SmallIndex

    folder = tmp_path / "memory"
    store = FileStore(folder, SmallIndex(None), look_every=0)
    memory = MemoryService(store)
    audio = FakeAudio(speaker=False)
    room = Room(tmp_path, None, audio=audio, greeting=False, make_brain=scripted, memory=memory)
    await room.enter()
    await room.type("my cat is called Pixel")
    await room.type("forget my cat")
    await room.type("my cat is called Miro")
    assert [memory.text for memory in store.memories()] == ["The user's cat is called Miro."]
    await room.leave()


def test_a_failure_without_spoken_words_never_speaks_of_files() -> None:
    assert MemoryFailure("/x/y.md: is broken").spoken == "my memory cannot be used just now"
    assert MemoryFailure("the server is away.").spoken == "the server is away"


async def test_the_scripted_persona_waits_for_the_disk() -> None:
    from tests.brain.personas import persona

    waited = []

    async def acknowledge() -> str:
        waited.append(True)
        return "No."

    question = Question("my cat is called Pixel", persona(), [], acknowledge=acknowledge)
    said = "".join([piece async for piece in ScriptedBrain(Random(1)).answer(question)])
    assert waited
    assert said.endswith("No.")
