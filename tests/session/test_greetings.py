"""Whoever was never here is not greeted as somebody who comes back; whoever was may be."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from assistant.audio.files import NullAudio
from assistant.config.schema import Config
from assistant.locations import transcripts_dir
from assistant.memory.base import Claim, Journal, Memory, Turn
from assistant.memory.conversation import NoMemory
from assistant.memory.service import MemoryService
from assistant.personas.checks import presumes_acquaintance
from assistant.personas.loading import Persona
from assistant.session.factory import make_dependencies
from assistant.session.persona_switch import LineChooser
from assistant.session.transcript_store import TranscriptEntry, TranscriptStore, talked_to
from tests.fakes import FakeAudio, FakeBrain, FakeMemoryStore, make_persona
from tests.session.conftest import EnterRoom
from tests.session.room import Room, cast_of_characters

FAMILIAR = re.compile(
    r"\b(?:again|back|as always|as ever|as usual|still|last time|once more|miss(?:ed)?|returned"
    r"|resumed|it is you|there you are|where were we|remember|yesterday|old friend)\b",
    re.IGNORECASE,
)
"""Stricter than the program's own hint: of our lines each such word is looked at here."""
HARMLESS = {
    "Wren here. I have stamped the other one out, due back in a fortnight.",
    "Stand back! The Dalek commands this terminal! Please!",
    "Hey, it's Samantha. I just slipped into the chair, and it's still warm.",
}
AT = datetime(2026, 11, 1, 12).astimezone()
EVERYBODY = [persona.slug for persona in cast_of_characters()]


def persona(slug: str) -> Persona:
    return next(each for each in cast_of_characters() if each.slug == slug)


def talk_with(slug: str) -> Journal:
    turn = Turn(1, "user", "You", "Hello.", AT)
    return Journal(f"2026-11-01T120000-{slug}", AT, slug, turns=[turn])


async def greeted(tmp_path: Path, slug: str, memory: NoMemory) -> str:
    """What this persona greets with; of lines for acquaintances one is chosen where it may be."""
    room = Room(tmp_path, audio=FakeAudio(speaker=False), greeting=True, memory=memory)
    roster = room.session._roster
    roster.current = roster.get(slug)
    chooser = room.session._persona_switch._lines
    chooser._ready = lambda text: text in persona(slug).greetings_again
    await room.session.start()
    await room.calm()
    await room.leave()
    return room.answers()[0]


@pytest.mark.parametrize("slug", EVERYBODY)
def test_no_line_that_anybody_may_hear_presumes_an_earlier_meeting(slug: str) -> None:
    who = persona(slug)
    for text in [*who.greetings, *who.reintroductions]:
        assert text in HARMLESS or not FAMILIAR.search(text)
        assert not presumes_acquaintance(text)
    assert not any(re.search(r"\b(?:again|back)\b", t) for t in who.lines.hello if "bow" not in t)
    assert who.greetings_again, "an acquaintance is one"


@pytest.mark.parametrize("slug", EVERYBODY)
async def test_a_newcomer_is_greeted_as_one(tmp_path: Path, slug: str) -> None:
    memory = MemoryService(FakeMemoryStore())
    assert await greeted(tmp_path, slug, memory) in persona(slug).greetings


@pytest.mark.parametrize("slug", EVERYBODY)
async def test_who_talked_to_it_before_may_be_welcomed_back(tmp_path: Path, slug: str) -> None:
    memory = MemoryService(FakeMemoryStore(talk_with(slug)))
    assert await greeted(tmp_path, slug, memory) in persona(slug).greetings_again


async def test_who_talked_to_another_is_new_to_this_one(tmp_path: Path) -> None:
    memory = MemoryService(FakeMemoryStore(talk_with("glados")))
    assert await greeted(tmp_path, "jarvis", memory) in persona("jarvis").greetings


@pytest.mark.parametrize("memory", ["none", "private"])
async def test_where_nothing_is_kept_nobody_is_known_to_have_been_here(
    tmp_path: Path, memory: str
) -> None:
    store = FakeMemoryStore(talk_with("jarvis"))
    kept = NoMemory() if memory == "none" else MemoryService(store, private=True)
    assert await greeted(tmp_path, "jarvis", kept) in persona("jarvis").greetings


async def test_somebody_known_by_name_is_welcomed_back_once(tmp_path: Path) -> None:
    journal = talk_with("jarvis")
    name = Claim("user", "name", "Ada")
    journal.memories.append(
        Memory(f"{journal.id}/1", "My name is Ada.", "personal", AT, "jarvis", 1, journal.id,
               claim=name)
    )  # fmt: skip
    said = await greeted(tmp_path, "jarvis", MemoryService(FakeMemoryStore(journal)))
    assert said.endswith("It is good to have you back, Ada.")
    assert said.lower().count("back") == 1


async def test_a_persona_is_there_again_only_when_it_was_there_before(tmp_path: Path) -> None:
    hal, jarvis = persona("hal"), persona("jarvis")
    room = Room(tmp_path, greeting=False)
    again = [*hal.reintroductions_again, *jarvis.reintroductions_again]
    room.session._persona_switch._lines._ready = again.__contains__
    await room.enter()
    for slug in ("hal", "jarvis", "hal"):
        await room.session.change_persona(slug)
        await room.calm()
        await room.listen_to_the_end()
    first, second, third = [said for said in room.answers() if said]
    assert first in hal.reintroductions
    assert second in jarvis.reintroductions, "it has not said a word yet"
    assert third in hal.reintroductions_again
    await room.leave()


def test_a_persona_without_lines_for_acquaintances_greets_all_alike() -> None:
    own = make_persona("ada", "Ada", "a persona of a user's")
    assert own.openings("greetings", again=True) == own.greetings
    assert LineChooser(1).opening(own, "reintroductions", again=True) == "Ada again."


def said_in(folder: Path, *turns: tuple[str, str]) -> None:
    store = TranscriptStore(folder)
    for name, text in turns:
        side = "user" if name == "You" else "assistant"
        store.append(TranscriptEntry(datetime.now(), side, name, text, played=text))
    store.close()


def test_transcripts_tell_who_was_talked_to(tmp_path: Path) -> None:
    assert talked_to(tmp_path) == frozenset()
    said_in(tmp_path, ("JARVIS", "Good day."))
    assert talked_to(tmp_path) == frozenset(), "nobody has answered"
    said_in(tmp_path, ("GLaDOS", "Hello."), ("You", "Hi."), ("HAL 9000", "Yes?"))
    assert talked_to(tmp_path) == {"GLaDOS", "HAL 9000"}


@pytest.mark.parametrize(
    ("settings", "met"),
    [
        ({}, {"glados"}),
        ({"memory": {"enabled": False}}, set()),
        ({"memory": {"private": True}}, set()),
        ({"session": {"save": False}}, set()),
    ],
)
def test_transcripts_are_asked_only_where_something_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], met: set[str]
) -> None:
    for kind in ("DATA", "CACHE", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind))
    said_in(tmp_path / "DATA" / "assistant" / "transcripts", ("GLaDOS", "Hello."), ("You", "Hi."))
    config = Config.model_validate({"backend": {"name": "echo"}, **settings})
    assert make_dependencies(config, NullAudio(), remember=True).met() == met


@pytest.mark.parametrize("first", [True, False])
async def test_who_is_here_for_the_first_time_is_offered_a_next_step(
    tmp_path: Path, first: bool
) -> None:
    room = Room(tmp_path, audio=FakeAudio(speaker=False), greeting=True)
    room.session._dependencies.is_first = lambda: first
    await room.session.start()
    await room.calm()
    await room.leave()
    (greeting,) = room.answers()
    assert greeting.endswith("ask about my abilities, or call for another persona.") is first


def test_who_has_talked_before_is_not_here_for_the_first_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    config = Config.model_validate({"memory": {"enabled": False}, "brain": {"kind": "scripted"}})
    dependencies = make_dependencies(config, NullAudio(), remember=True)
    assert dependencies.is_first()
    store = TranscriptStore(transcripts_dir())
    store.append(TranscriptEntry(datetime(2026, 11, 1), "user", "You", "Hello."))
    store.close()
    assert not dependencies.is_first()
    assert not make_dependencies(config, NullAudio()).is_first()


async def test_what_a_first_greeting_suggests_is_not_taken_for_its_echo(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room()
    room.session._persona_switch._agent_turn.say(room.session._persona_switch._next_step())
    await room.listen_to_the_end()
    for said in ("Change to GLaDOS.", "What can you do?", "What are you able to do?"):
        assert not room.session._user_turn._self_echo.echoes(said)
        assert not room.session._user_turn._self_echo.echoes_late(said)


async def test_who_comes_later_is_greeted_then_and_once(tmp_path: Path) -> None:
    room = Room(tmp_path, FakeBrain(), greeting=False)
    await room.enter()
    assert room.answers() == []
    room.session.greet()
    await room.listen_to_the_end()
    greeted = room.answers()
    assert len(greeted) == 1
    room.session.greet()
    await room.listen_to_the_end()
    assert room.answers() == greeted
    await room.session.stop()


async def test_who_has_talked_already_needs_no_greeting(tmp_path: Path) -> None:
    room = Room(tmp_path, FakeBrain(["Hello."]), greeting=False)
    await room.enter()
    await room.type("Is anybody there?")
    room.session.greet()
    await room.listen_to_the_end()
    assert room.answers() == ["Hello."]
    await room.session.stop()


async def test_who_comes_before_the_voice_is_ready_is_greeted_once_it_is(tmp_path: Path) -> None:
    room = Room(tmp_path, FakeBrain(), greeting=False)
    await room.session.start()
    room.session.greet()
    assert room.answers() == []
    room.backend.come_up()
    await room.listen_to_the_end()
    assert len(room.answers()) == 1
    await room.session.stop()
