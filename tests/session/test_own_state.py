"""What the assistant says of itself is what is so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.config.schema import Config
from assistant.memory.conversation import NoMemory
from assistant.session.event_bus import EventBus
from assistant.session.events import BackendChosen, BrainChosen, FirstSample
from assistant.session.own_state import OwnState
from assistant.session.persona_switch import PersonaRoster
from assistant.session.transcript_store import TranscriptStore
from assistant.skills import SkillSources
from tests.session.conftest import EnterRoom
from tests.session.room import cast_of_characters
from tests.skills.test_answers import told


class Standing:
    """A session's state by these settings."""

    def __init__(self, settings: dict[str, Any], *, saves: bool = True) -> None:
        self.bus = EventBus(lambda: 0.0)
        roster = PersonaRoster(list(cast_of_characters()), "jarvis")
        store = TranscriptStore(Path("/transcripts"), enabled=saves)
        config = Config.model_validate(settings)
        memory = NoMemory(private=config.memory.private)
        self.state = OwnState(self.bus, config, store, memory, roster)
        self.bus.publish(BackendChosen(name="cascade", reason="", engine="Whisper", ready=True))
        self.bus.publish(BrainChosen(label="scripted"))

    async def told(self, words: str) -> str:
        return await told(SkillSources(facts=self.state.facts), words)


async def test_what_is_recorded_is_what_is_written() -> None:
    words = "do you record what i say"
    no_sound = "I record no sound: what I hear becomes words, and the sound is gone."
    assert await Standing({}).told(words) == (
        f"{no_sound} What we say is written as text in /transcripts."
    )
    private = Standing({"memory": {"private": True}}, saves=False)
    assert await private.told(words) == (
        f"{no_sound} This conversation is private: nothing of it is kept."
    )
    assert await Standing({}, saves=False).told(words) == (
        f"{no_sound} Nothing of what we say is kept."
    )


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        (None, "No. I run on this machine, and send nothing that you say to any other."),
        (
            "http://127.0.0.1:11434/v1",
            "No. I run on this machine, and send nothing that you say to any other.",
        ),
        ("https://me:secret@llm.example.org/v1", "Yes: what you ask goes to llm.example.org."),
    ],
)
async def test_what_goes_to_other_machines_is_named(url: str | None, answer: str) -> None:
    standing = Standing({"brain": {"url": url}})
    assert await standing.told("are you connected to the internet") == answer


async def test_a_moshi_server_hears() -> None:
    standing = Standing({"backend": {"server": {"url": "wss://desktop:8998/api/chat"}}})
    standing.bus.publish(BackendChosen(name="moshi-server", reason="", ready=True))
    assert await standing.told("are you online") == "Yes: what I hear goes to desktop."
    assert (await standing.told("are you recording me")).startswith(
        "What I hear is sent to desktop, and I keep no sound myself."
    )


async def test_a_model_that_its_server_runs_elsewhere_is_not_vouched_for() -> None:
    standing = Standing({})
    standing.bus.publish(BrainChosen(label="gpt-oss:120b-cloud (Ollama)"))
    answer = await standing.told("do you run locally")
    assert answer.endswith(
        "But of the model gpt-oss:120b-cloud (Ollama) I do not know what is sent."
    )


async def test_which_model_runs_and_how_slow_it_was() -> None:
    standing = Standing({})
    assert await standing.told("which model are you") == (
        "No language model answers: I am a scripted persona, and know only what I was taught. "
        "Hearing and speaking is done by Whisper, as cascade."
    )
    assert "nothing that I have measured" in await standing.told("why are you slow")
    standing.bus.publish(FirstSample(turn=1, latency=1.24, stages={"wait": 480.0, "voice": 700.0}))
    standing.bus.publish(FirstSample(turn=2))  # a greeting answers nobody
    assert await standing.told("why are you so slow") == (
        "My last answer began 1.2 seconds after your last word. "
        "The most of it, 0.7 seconds, was making the voice."
    )


async def test_a_session_says_whether_its_microphone_is_open(enter_room: EnterRoom) -> None:
    room = await enter_room()
    await room.type("is my microphone on")
    await room.listen_to_the_end()
    assert room.answers()[-1].startswith("It is on: I listen through ")
    room.session.set_muted(True)
    await room.type("is my microphone on")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "It is muted: I hear nothing until you open it again."


async def test_a_session_names_its_transcripts_and_its_maker(enter_room: EnterRoom) -> None:
    room = await enter_room()
    await room.type("do you record me")
    await room.listen_to_the_end()
    assert str(room.folder) in room.answers()[-1]
    await room.type("who made you")
    await room.listen_to_the_end()
    assert room.answers()[-1] in " ".join(room.session.persona.lines.who_made_you)
    assert not room.brain.questions
