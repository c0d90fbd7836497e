"""Who answers is changed while the conversation goes on, by the user or because a server starts."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial, partialmethod
from pathlib import Path
from random import Random

import pytest

from assistant.brain.base import BrainChoice
from assistant.brain.local import weights
from assistant.brain.local.process import LocalBrain
from assistant.brain.openai.discover import Server, discover, discover_all
from assistant.brain.scripted import ScriptedBrain
from assistant.brain.switch import BrainSwitch
from assistant.config.schema import BrainConfig
from assistant.frames import Capabilities, Substituted
from assistant.memory.service import MemoryService
from assistant.session.events import BrainChosen, Notice
from tests.brain.local.test_gguf import gguf
from tests.brain.openai.servers import (
    STREAM_HEAD,
    LoopbackServer,
    Send,
    event,
    models,
    reply,
    serve,
)
from tests.fakes import FakeAudio, FakeMemoryStore, until
from tests.session.conftest import EnterRoom, enter_room
from tests.session.room import Room

__all__ = ["enter_room"]

DONE = b"data: [DONE]\n\n"
Enter = Callable[..., Awaitable[Room]]


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))


@asynccontextmanager
async def ollama(says: str, *names: str, port: int = 0) -> AsyncIterator[LoopbackServer]:
    """A server that answers every question with the same words, as Ollama would."""

    async def script(request: str, send: Send) -> None:
        if request.startswith("GET"):
            await send(reply(models(*(names or ("llama3",)))))
        else:
            await send(STREAM_HEAD + event(says) + DONE)

    async with serve(script, port) as server:
        yield server


@pytest.fixture
def enter(enter_room: EnterRoom) -> EnterRoom:
    """Rooms in which nobody speaks: answers are heard as soon as they are made."""
    return partial(enter_room, audio=FakeAudio(microphone=False, speaker=False))


def switch(
    config: BrainConfig, *ports: int, first_look: float = 60.0, awake: bool = True
) -> BrainSwitch:
    """Looks for the user's servers at these ports."""
    servers = [Server("Ollama", port) for port in ports]
    return BrainSwitch(
        config,
        ScriptedBrain(Random(1)),
        awake=awake,
        find=partial(discover, 5.0, servers),
        find_all=partial(discover_all, 5.0, servers),
        first_look=first_look,
    )


@pytest.fixture
def own_model(monkeypatch: pytest.MonkeyPatch) -> str:
    """A model's file, whose child speaks as llama.cpp does without loading anything."""
    weights.folder().mkdir(parents=True)
    weights.place_of("tiny").write_bytes(gguf())
    monkeypatch.setattr(weights, "is_runtime_here", lambda: True)
    child = (sys.executable, "-m", "tests.brain.local.model_process", "well")
    monkeypatch.setattr(LocalBrain, "start", partialmethod(LocalBrain.start, command=child))
    return "tiny"


def label(room: Room) -> str:
    return room.of(BrainChosen)[-1].label


def told(room: Room, words: str) -> Notice | None:
    return next((notice for notice in room.of(Notice) if words in notice.text), None)


async def in_use(room: Room) -> str:
    return next(each.name for each in await room.session.brains() if each.in_use)


async def change(room: Room, name: str, to: str) -> None:
    room.session.change_brain(name)
    await until(lambda: label(room) == to)


async def test_the_conversation_goes_on_with_another(enter: EnterRoom) -> None:
    async with ollama("Forty-two.") as server:
        brains = switch(BrainConfig(kind="scripted"), server.port)
        store = FakeMemoryStore()
        room = await enter(brains=brains, memory=MemoryService(store))
        await room.type("My parrot is called Picasso.")
        await change(room, "ollama/llama3", "llama3 · Ollama")
        persona = room.session.persona
        await room.type("Why is the sea salty?")
        asked = json.loads(server.requests[-1][2])
        assert room.answers()[-1] == "Forty-two."
        assert any("Picasso" in str(message["content"]) for message in asked["messages"])
        assert persona.prompt.identity.split(".")[0] in asked["messages"][0]["content"]
        await change(room, "scripted", "scripted")
        await room.type("What is my parrot called?")
        assert "Picasso" in room.answers()[-1], "what was told is still known"
        assert room.session.persona is persona


async def test_what_could_answer_is_listed(enter: EnterRoom, own_model: str) -> None:
    async with ollama("Hm.", "llama3", "qwen3:4b", "nomic-embed-text") as server:
        room = await enter(brains=switch(BrainConfig(), server.port))
        listed = await room.session.brains()
    names = [each.name for each in listed]
    assert names == ["auto", "ollama/llama3", "ollama/qwen3:4b", own_model, "scripted"]
    assert listed[1] == BrainChoice(
        "ollama/llama3", "llama3 · Ollama", "a server that you run", in_use=False
    )
    assert [each.name for each in listed if each.in_use] == ["auto"]


@pytest.mark.parametrize("name", ["ollama", "Ollama", "llama3", "ollama/LLAMA3"])
async def test_a_server_is_called_as_people_call_it(enter: EnterRoom, name: str) -> None:
    async with ollama("Hm.", "llama3", "qwen3:4b") as server:
        room = await enter(brains=switch(BrainConfig(kind="scripted"), server.port))
        await change(room, name, "llama3 · Ollama")
        assert await in_use(room) == "ollama/llama3"


async def test_an_answer_that_is_being_made_ends_as_it_began(enter: EnterRoom) -> None:
    go_on = asyncio.Event()

    async def script(request: str, send: Send) -> None:
        if request.startswith("GET"):
            await send(reply(models("slow")))
            return
        await send(STREAM_HEAD + event("It begins here, "))
        await go_on.wait()
        await send(event("and ends here.") + DONE)

    async with serve(script) as server:
        room = await enter(brains=switch(BrainConfig(), server.port))
        assert label(room) == "slow · Ollama"
        await room.session.send_text("Tell me about the sea.")
        await until(lambda: len(server.requests) > 1)
        await change(room, "scripted", "scripted")
        go_on.set()
        await room.session.settled()
        assert room.answers()[-1] == "It begins here, and ends here."
        await room.type("Who are you?")
        assert len([r for r, _, _ in server.requests if r.startswith("POST /v1")]) == 1
        assert label(room) == "scripted"


async def test_our_own_model_answers_once_it_is_loaded(enter: EnterRoom, own_model: str) -> None:
    room = await enter(brains=switch(BrainConfig(kind="scripted")))
    await change(room, own_model, "tiny · own server")
    await room.type("Why is the sky blue?")
    assert "max_tokens" in room.answers()[-1]


@pytest.mark.parametrize(
    ("name", "words", "remedy"),
    [
        ("qwen3-4b", "not on this machine", "assistant setup brain"),
        ("ollama", "No Ollama runs", "Start Ollama"),
        ("local", "no language model of our own", "assistant setup brain"),
        ("openai", "No server is set", "brain.url"),
        ("http://127.0.0.1:9/v1", "Nothing listens", "Start"),
        ("https://example.org/v1", "before the conversation begins", "--brain https://example.org"),
        ("", "no language model of our own", "assistant setup brain"),
    ],
)
async def test_who_cannot_answer_is_told_and_the_old_one_stays(
    enter: EnterRoom, name: str, words: str, remedy: str
) -> None:
    async with ollama("Still here.") as server:
        brains = switch(BrainConfig(), server.port)
        brains._find_all = partial(discover_all, 5.0, [Server("Ollama", 1)])
        room = await enter(brains=brains)
        room.session.change_brain(name)
        await until(lambda: told(room, words) is not None)
        notice = told(room, words)
        assert notice is not None
        assert remedy in notice.remedy
        assert notice.severity == "warning"
        await room.type("Why is the sea salty?")
        assert room.answers()[-1] == "Still here."
        assert await in_use(room) == "auto"


async def test_without_what_runs_it_a_model_is_refused(
    enter: EnterRoom, own_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "is_runtime_here", lambda: False)
    room = await enter(brains=switch(BrainConfig(kind="scripted")))
    room.session.change_brain(own_model)
    await until(lambda: told(room, "not installed") is not None)
    assert label(room) == "scripted"


async def test_a_file_that_does_not_load_is_told_once_and_the_old_one_stays(
    enter: EnterRoom, own_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = (sys.executable, "-m", "tests.brain.local.model_process", "cannot")
    monkeypatch.setattr(LocalBrain, "start", partialmethod(LocalBrain.start, command=child))
    room = await enter(brains=switch(BrainConfig(kind="scripted")))
    room.session.change_brain(own_model)
    await until(lambda: bool(room.of(Notice)))
    await room.calm()
    assert len(room.of(Notice)) == 1
    assert room.of(Notice)[0].remedy
    assert label(room) == "scripted"


async def test_the_last_of_two_wishes_counts(enter: EnterRoom, own_model: str) -> None:
    async with ollama("Hm.") as server:
        room = await enter(brains=switch(BrainConfig(kind="scripted"), server.port))
        room.session.change_brain(own_model)
        await room.calm()  # no longer: on a busy machine it would be loaded by then
        await change(room, "ollama", "llama3 · Ollama")
        await asyncio.sleep(0.5)
        assert [each.label for each in room.of(BrainChosen)] == ["scripted", "llama3 · Ollama"]


# -- a server that starts and ends ---------------------------------------------------------------


async def test_a_server_that_starts_later_answers_from_the_next_turn_on(
    enter: EnterRoom,
) -> None:
    async with ollama("Hm.") as server:
        port = server.port
    room = await enter(brains=switch(BrainConfig(), port, first_look=0.02))
    assert label(room) == "scripted"
    async with ollama("From the server.", port=port):
        await until(lambda: label(room) == "llama3 · Ollama")
        assert told(room, "Ollama is running: llama3 · Ollama answers") is not None
        await room.type("Why is the sky blue?")
        assert room.answers()[-1] == "From the server."
        await asyncio.sleep(0.2)
        assert len(room.of(Notice)) == 1, "it is told once"
    await until(lambda: label(room) == "scripted")
    assert told(room, "does not run any more: scripted answers") is not None
    await room.type("What is two plus three?")
    assert "5" in room.answers()[-1]
    async with ollama("Here again.", port=port):
        await until(lambda: label(room) == "llama3 · Ollama")
        await room.type("Why is the sky blue?")
        assert room.answers()[-1] == "Here again."


async def test_our_own_model_takes_over_where_the_server_ends(
    enter: EnterRoom, own_model: str
) -> None:
    async with ollama("From the server.") as server:
        brains = switch(BrainConfig(weights=own_model), server.port, first_look=0.02)
        room = await enter(brains=brains)
        assert label(room) == "llama3 · Ollama"
    await until(lambda: label(room) == "tiny · own server")
    await room.type("Why is the sky blue?")
    assert "max_tokens" in room.answers()[-1]


@pytest.mark.parametrize("kind", ["scripted", "openai", "local"])
async def test_where_the_settings_name_who_answers_nothing_is_looked_for(
    enter: EnterRoom, own_model: str, kind: str
) -> None:
    async with ollama("Hm.") as server:
        config = BrainConfig(kind=kind, weights=own_model, url="http://127.0.0.1:9/v1")
        await enter(brains=switch(config, server.port, first_look=0.01))
        await asyncio.sleep(0.2)
        assert server.requests == []


async def test_who_was_chosen_by_hand_stays(enter: EnterRoom) -> None:
    async with ollama("Hm.") as server:
        port = server.port
    room = await enter(brains=switch(BrainConfig(), port, first_look=0.02))
    room.session.change_brain("scripted")
    await asyncio.sleep(0.1)
    async with ollama("From the server.", port=port):
        await asyncio.sleep(0.2)
        assert label(room) == "scripted"
        await change(room, "auto", "llama3 · Ollama")


# -- a backend that answers by itself --------------------------------------------------------------


async def test_nothing_is_loaded_while_the_backend_answers_by_itself(
    tmp_path: Path, own_model: str
) -> None:
    brains = switch(BrainConfig(kind="local", weights=own_model), awake=False)
    room = Room(tmp_path, audio=FakeAudio(microphone=False, speaker=False), brains=brains)
    await room.session.start()
    room.backend.capabilities = Capabilities(
        user_text=True, say=True, full_duplex=True, answers_by_itself=True
    )
    room.backend.come_up()
    await room.calm()
    answers = brains._current
    assert answers._model.server is None  # type: ignore[attr-defined]
    assert label(room) == "the model itself"
    room.backend.emit(Substituted("moshi-torch", "cascade", "no memory", ""))
    assert answers._model.server is not None  # type: ignore[attr-defined]
    room.backend.capabilities = Capabilities(user_text=True, say=True)
    room.backend.come_up()
    await room.type("Why is the sky blue?")
    assert "max_tokens" in room.answers()[-1]
    await room.leave()


async def test_no_child_is_left_behind(enter: EnterRoom, own_model: str) -> None:
    room = await enter(brains=switch(BrainConfig(kind="scripted")))
    await change(room, own_model, "tiny · own server")
    server = room.brains._current._model.server  # type: ignore[union-attr]
    pid = server.pid
    await change(room, "scripted", "scripted")
    await until(lambda: not Path(f"/proc/{pid}").exists())
