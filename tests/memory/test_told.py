"""What is remembered, said to the user: in the second person, and each thing once."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from assistant.language.tokens import gist
from assistant.memory.base import Claim, Found, Journal, Memory, Turn
from assistant.memory.extraction.candidates import Candidate
from assistant.memory.extraction.deduplicate import KnownMemories
from assistant.memory.extraction.rules import Rules
from assistant.memory.profile.profile import FACTS, profile_of
from assistant.memory.retrieval.index import SqliteIndex
from assistant.memory.service import MemoryService
from assistant.memory.store.files import FileStore
from assistant.memory.told import as_said, in_third_person, once, told, told_hits
from assistant.memory.view import reworded
from assistant.tools.builtin.memory import PendingDeletion, memory_tools
from tests.fakes import FakeAudio, FakeMemoryStore
from tests.memory.test_in_conversation import scripted
from tests.session.room import Room

AT = datetime(2026, 11, 20, 12).astimezone()
TODAY = date(2026, 11, 29)
ID = "2026-11-20T120000-jarvis"
CAT = ("The user's cat is called Pixel.", Claim("user", "cat's name", "Pixel"))


def memory(
    text: str, claim: Claim | None = None, number: int = 1, journal: str = ID, sure: float = 0.8
) -> Memory:
    return Memory(
        f"{journal}/{number}", text, "personal", AT, "jarvis", number, journal,
        claim=claim, confidence=sure,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "who", "said"),
    [
        ("The user's cat is called Pixel.", "", "Your cat is called Pixel."),
        ("Ada's cat is called Pixel.", "Ada", "Your cat is called Pixel."),
        ("The user's name is Ada.", "Ada", "Your name is Ada."),
        ("The user is a nurse in Oslo.", "", "You are a nurse in Oslo."),
        ("Ada lives in Leeds.", "Ada", "You live in Leeds."),
        ("The user has two brothers.", "", "You have two brothers."),
        ("Grace is the user's sister.", "", "Grace is your sister."),
        ("Grace lives in Bergen.", "Ada", "Grace lives in Bergen."),
        ("The user's sister's birthday is on the 5th of May.", "",
         "Your sister's birthday is on the 5th of May."),
        ("The user does not like olives.", "", "You do not like olives."),
        ("The user was born in Graz.", "", "You were born in Graz."),
        ("The user wants to remember to buy milk.", "", "You want to remember to buy milk."),
        ("The user goes swimming on Mondays.", "", "You go swimming on Mondays."),
        ("The user's boss is called Tom.", "", "Your boss is called Tom."),
    ],
)  # fmt: skip
def test_it_is_said_to_the_user(text: str, who: str, said: str) -> None:
    assert told(memory(text), who, TODAY) == said


@pytest.mark.parametrize(
    ("written", "who", "kept"),
    [
        ("Your cat is called Bruno.", "", "The user's cat is called Bruno."),
        ("You live in Oslo.", "Ada", "Ada lives in Oslo."),
        ("You are a nurse.", "", "The user is a nurse."),
        ("Grace is your sister.", "", "Grace is the user's sister."),
        ("The user's dog is called Max.", "", "The user's dog is called Max."),
        ("Grace lives in Bergen.", "", "Grace lives in Bergen."),
    ],
)
def test_what_a_person_corrects_so_is_kept_in_the_third_person(
    written: str, who: str, kept: str
) -> None:
    assert in_third_person(written, who) == kept


async def test_a_correction_of_what_is_shown_keeps_its_claim() -> None:
    store = FakeMemoryStore(Journal(ID, AT, "jarvis", memories=[memory(*CAT)]))
    book = MemoryService(store)
    (shown,) = (await book.book()).memories
    assert shown.text == "Your cat is called Pixel."
    new = await book.correct(shown, "Your cat is called Bruno.")
    assert new.text == "Your cat is called Bruno."
    (holding,) = store.memories()
    assert holding.text == "The user's cat is called Bruno."
    assert holding.claim == Claim("user", "cat's name", "Bruno")
    assert reworded(memory(*CAT), holding.text)[1] == holding.claim


CATS = (
    "My cat is Pixel.",
    "My cat's name is Pixel.",
    "I have a cat called Pixel.",
    "I have a cat, Pixel.",
    "I've got a cat whose name is Pixel.",
    "My cat is called Pixel.",
    "Pixel is my cat.",
    "The name of my cat is Pixel.",
    "Remember that my cat is called Pixel.",
)


def taken(*texts: str) -> list[Memory]:
    journal = Journal(ID, AT, "jarvis")
    known, rules = KnownMemories(FakeMemoryStore()), Rules()
    for number, text in enumerate(texts, 1):
        for each in rules.judge(Turn(number, "user", "You", text, AT)):
            if isinstance(each, Candidate):
                known.take(each, journal, "jarvis", AT)
    return [each for each in journal.memories if not each.replaced_by]


@pytest.mark.parametrize("first", CATS)
@pytest.mark.parametrize("second", CATS)
def test_the_same_fact_in_other_words_is_remembered_once(first: str, second: str) -> None:
    (one,) = taken(first, second)
    assert one.claim == Claim("user", "cat's name", "Pixel")
    assert told(one, "", TODAY) == "Your cat is called Pixel."


@pytest.mark.parametrize(
    "texts",
    [
        ("My dog is Rex.", "My dog's name is Rex.", "I have a dog named Rex."),
        ("My sister is Grace.", "Grace is my sister.", "My sister is called Grace."),
        ("My horse is Storm.", "I have a horse called Storm."),
        ("I live in Oslo.", "I live in Oslo, you know.", "Remember that I live in Oslo."),
    ],
)
def test_other_facts_too(texts: tuple[str, ...]) -> None:
    assert len(taken(*texts)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The user likes cats.", "The user does not like cats."),
        ("Grace likes Tom.", "Tom likes Grace."),
        ("The user is a nurse.", "The user was a nurse."),
        ("The user lives in Oslo.", "The user works in Oslo."),
        ("The user has a cat.", "The user's cat is called Pixel."),
        ("The user has a meeting on Monday, 30 November 2026 at 10.",
         "The user has a meeting on Monday, 30 November 2026 at 3."),
        ("The user read book 1.", "The user read book 10."),
    ],
)  # fmt: skip
def test_what_is_not_the_same_stays_two(one: str, other: str) -> None:
    assert gist(one) != gist(other)
    assert len(once([memory(one), memory(other, number=2)])) == 2


def test_claim_and_sentence_of_two_journals_are_shown_once() -> None:
    other = "2026-11-21T120000-hal"
    memories = [
        memory("The user's cat is Pixel.", number=1),
        memory(*CAT, number=2, sure=0.9),
        memory(*CAT, number=1, journal=other),
    ]
    assert [each.claim for each in once(memories)] == [CAT[1]]
    profile = profile_of(memories)
    assert [item.text for item in profile.sections[FACTS]] == ["cat's name: Pixel"]
    assert profile.markdown().count("Pixel") == 1
    assert profile.questions == ()
    hits = [Found(m.id, m.text, m.at, "jarvis", 1.0, m) for m in memories]
    assert [hit.text for hit in told_hits(hits, "", TODAY)] == ["Your cat is called Pixel."]


async def test_the_panel_shows_it_once_to_the_user_by_name(tmp_path: Path) -> None:
    store = FileStore(tmp_path, SqliteIndex(None))
    for number, slug in enumerate(("jarvis", "hal"), 1):
        id = f"2026-11-2{number}T120000-{slug}"
        store.write(
            Journal(
                id, AT, slug,
                memories=[
                    memory("The user's name is Ada.", Claim("user", "name", "Ada"), 1, id),
                    memory("Ada's cat is called Pixel.", CAT[1], 2, id),
                    memory("The user's cat is Pixel.", None, 3, id),
                ],
            )
        )  # fmt: skip
    book = await MemoryService(store).book()
    shown = [item.text for item in book.profile.items]
    assert sorted(shown) == ["Your cat is called Pixel.", "Your name is Ada."]
    assert sorted(m.text for m in book.memories) == sorted(shown)


def test_an_appointment_is_said_as_it_is_asked_for() -> None:
    claim = Claim("user", "date of flight to Oslo", "2026-12-04 in the evening")
    flight = memory("The user's flight to Oslo leaves on Friday, 4 December 2026.", claim)
    when = "on Friday, 4 December 2026 in the evening"
    assert as_said(flight, "", TODAY) == [f"my flight to Oslo is {when}", f"my flight is {when}"]
    assert as_said(flight, "", date(2026, 12, 5))[1] == f"my flight was {when}"
    assert as_said(memory(*CAT), "", TODAY) == ["my cat is called Pixel"]


async def test_when_an_appointment_is_the_scripted_persona_knows(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    claim = Claim("user", "date of dentist appointment", "2099-12-01 at 3")
    text = "The user has the dentist on Tuesday, 1 December 2099 at 3."
    store.write(Journal(ID, AT, "jarvis", memories=[memory(text, claim)]))
    room = Room(tmp_path, make_brain=scripted, memory=MemoryService(store),
                audio=FakeAudio(speaker=False))  # fmt: skip
    await room.enter()
    await room.type("When is my dentist appointment?")
    assert "Tuesday 1 December 2099 at 3" in room.answers()[-1]
    await room.leave()


async def test_what_is_recalled_was_said_by_the_user_and_is_said_once() -> None:
    said = [
        Turn(1, "user", "You", "My cat is called Pixel.", AT),
        Turn(2, "agent", "JARVIS", "Your cat, Pixel, is a lion, sir.", AT),
        Turn(3, "user", "You", "My cat sleeps on the radiator.", AT),
        Turn(4, "user", "You", "Remember that my cat is called Pixel.", AT),
    ]
    store = FakeMemoryStore(Journal(ID, AT, "jarvis", memories=[memory(*CAT)], turns=said))
    tools = {each.name: each for each in memory_tools(MemoryService(store), PendingDeletion())}
    answer = await tools["recall"].function(query="my cat")
    assert answer == (
        "You told me that your cat is called Pixel, and that you said: "
        "My cat sleeps on the radiator."
    )
