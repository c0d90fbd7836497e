"""The sentence that a greeting adds for somebody who is known."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from assistant.memory.base import Category, Claim, Journal, Memory, Turn
from assistant.memory.told import greeting, users_name
from tests.fakes import FakeMemoryStore

NOW = datetime(2026, 11, 21, 19, 5).astimezone()
TOLD = NOW - timedelta(days=20)
ID = "2026-11-01T190500-jarvis"


def known(*claims: Claim) -> FakeMemoryStore:
    memories = []
    for number, claim in enumerate(claims, start=1):
        category: Category = "personal" if claim.attribute == "name" else "temporal"
        memories.append(
            Memory(f"{ID}/{number}", "…", category, TOLD, "jarvis", number, ID, claim=claim)
        )
    return FakeMemoryStore(Journal(ID, TOLD, "jarvis", memories=memories))


def plan(what: str, days: str) -> Claim:
    return Claim("user", f"date of {what}", days)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        (plan("talk", "2026-11-20"), "How did the talk go?"),
        (plan("dentist appointment", "2026-11-18"), "How did the dentist appointment go?"),
        (plan("trip to Oslo", "2026-11-09/2026-11-15"), "How did the trip to Oslo go?"),
        (plan("meeting Grace", "2026-11-20"), "How did meeting Grace go?"),
        (plan("talk", "2026-11-21"), "The talk is today, is it not?"),
        (plan("talk", "2026-11-22"), ""),
        (plan("talk", "2026-10-20"), ""),
        (plan("trip to Oslo", "2026-11-16/2026-11-22"), ""),
        (plan("talk", "some day"), ""),
        (plan("will rain", "2026-11-20"), ""),
    ],
)
def test_a_plan_is_asked_about_when_its_day_has_come(claim: Claim, sentence: str) -> None:
    assert greeting(known(claim), NOW) == sentence


def test_the_user_is_called_by_name() -> None:
    store = known(Claim("user", "name", "Ada"), plan("talk", "2026-11-20"))
    name = users_name(store)
    assert greeting(store, NOW, name=name) == "How did the talk go, Ada?"
    assert greeting(known(Claim("user", "name", "Ada")), NOW, name="Ada").endswith("back, Ada.")


def test_a_stranger_is_greeted_as_before() -> None:
    assert greeting(FakeMemoryStore(), NOW) == ""


def test_it_is_asked_once_and_then_the_next_thing() -> None:
    store = known(plan("talk", "2026-11-20"), plan("exam", "2026-11-19"))
    first = greeting(store, NOW)
    said = Turn(1, "agent", "JARVIS", f"Good evening, sir. {first}", NOW)
    store.write(Journal("2026-11-21T080000-jarvis", NOW, "jarvis", turns=[said]))
    second = greeting(store, NOW)
    assert second
    assert second != first
    said = Turn(1, "agent", "JARVIS", second, NOW)
    store.write(Journal("2026-11-21T090000-jarvis", NOW, "jarvis", turns=[said]))
    assert greeting(store, NOW) == ""
