"""What the assistant says of itself is what is so."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from assistant.brain.base import Brain, Piece, Question
from assistant.brain.choose import FallbackBrain
from assistant.brain.scripted import ScriptedBrain
from assistant.config.schema import Config
from assistant.memory.conversation import NoMemory
from assistant.session.event_bus import EventBus
from assistant.session.events import (
    AudioChanged,
    BackendChosen,
    BrainChosen,
    FirstSample,
    Notice,
)
from assistant.session.own_state import OwnState
from assistant.session.persona_switch import PersonaRoster
from assistant.session.transcript_store import TranscriptStore
from assistant.skills import Schedule, SkillSources
from tests.fakes import FakeBrain
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
        self.schedule = Schedule()
        self.asked: str | None = None
        self.state = OwnState(
            self.bus, config, store, memory, roster, self.schedule, lambda: self.asked
        )
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


async def test_who_answers_since_a_change_is_what_counts() -> None:
    standing = Standing({"brain": {"url": "https://models.example/v1"}})
    words = "are you connected to the internet"
    assert "models.example" in await standing.told(words)
    standing.asked = ""  # the scripted persona, or a model of our own
    assert (await standing.told(words)).startswith("No.")


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


async def test_how_loud_and_how_fast_it_speaks_and_as_whom(enter_room: EnterRoom) -> None:
    room = await enter_room()
    room.session.set_volume(0.4)
    room.session.set_speech_rate(1.5)
    for words in ("how loud are you", "what is your volume", "how fast do you speak"):
        await room.type(words)
        await room.listen_to_the_end()
        assert room.answers()[-1] == "My volume is 40%, and I speak 150% of my usual pace."
    await room.type("who am i talking to")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "You are talking to JARVIS."
    assert not room.brain.questions


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Tell me about your personas", "The only personas are JARVIS, GLaDOS"),
        ("Do I need another timer?", "Set are: pasta timer, ten minutes left."),
        ("Why can you be so loud?", "Your volume is 40%"),
        ("My microphone is old", "The microphone is on."),
        ("Does a model think?", "Your answers come from scripted."),
    ],
)
def test_a_model_is_told_what_its_question_touches(words: str, told: str) -> None:
    standing = Standing({})
    standing.bus.publish(AudioChanged(microphone="mic", speaker="speaker", volume=0.4))
    standing.schedule.add("timer", "pasta", time.time() + 600.4)
    (found,) = standing.state.touched(words)
    assert told in found
    assert len(found) < 200, "every token costs a slow machine time"


def test_a_model_is_told_nothing_of_itself_where_nothing_touches_it() -> None:
    assert Standing({}).state.touched("My sister Grace comes on Saturday.") == []
    assert Standing({}).state.touched("Remind me") == ["No timer, alarm or reminder is set."]


class Liar(FakeBrain):
    """Says that it has done everything."""

    small = True

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        self.questions.append(question)
        yield "I am Qwen. It is five in the morning. Done."


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("What time is it?", ""),
        ("Which personas are there?", "GLaDOS"),
        ("How loud are you?", "My volume is"),
        ("Is my microphone on?", "It is on"),
        ("What do you know about me?", ""),
        ("How long is left on my timer?", "timer"),
        ("Turn off the lights in the kitchen.", ""),
    ],
)
async def test_with_a_model_in_charge_rules_still_answer_first(
    enter_room: EnterRoom, words: str, answer: str
) -> None:
    liar = Liar()
    assert answer in await beside(liar, words, enter_room)
    assert not liar.questions


async def test_the_day_is_the_clocks_and_not_the_models(enter_room: EnterRoom) -> None:
    liar, before = Liar(), datetime.now()
    answer = await beside(liar, "What day is it?", enter_room)
    days = {f"{at:%A}" for at in (before, datetime.now())}  # midnight may pass meanwhile
    assert any(day in answer for day in days)
    assert not liar.questions


async def beside(model: FakeBrain, words: str, enter_room: EnterRoom) -> str:
    """What is answered where that model answers what rules do not."""

    async def make_brain(notify: Callable[[Notice], None]) -> Brain:
        return FallbackBrain(model, ScriptedBrain(), lambda error: None)

    room = await enter_room(make_brain=make_brain)
    await room.type(words)
    await room.listen_to_the_end()
    return room.answers()[-1]


async def test_what_a_model_is_told_of_the_program_travels_with_the_question(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain(["Aye."]))
    await room.type("I wonder why you have so many voices and characters, all of them odd.")
    (question,) = room.brain.questions
    assert "GLaDOS" in question.known[0]
    assert "HAL 9000" in question.personas
