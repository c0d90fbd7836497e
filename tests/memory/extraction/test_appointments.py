"""Appointments: their day and their time of day, where they stand, and when they are over."""

from __future__ import annotations

from datetime import date, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.clock import find_clock, without_clock, written_out
from assistant.language.dates import find_date, parse_iso
from assistant.memory.base import Claim, Found, Journal, Memory, Turn
from assistant.memory.extraction.candidates import Candidate
from assistant.memory.extraction.deduplicate import KnownMemories
from assistant.memory.extraction.rules import Rules
from assistant.memory.profile.profile import HABITS, PLANS, profile_of
from assistant.memory.told import quote, told
from tests.fakes import FakeMemoryStore

SUNDAY = datetime(2026, 11, 29, 13, 0).astimezone()
ID = "2026-11-29T130000-jarvis"


def remembered(text: str) -> list[Memory]:
    outcomes = Rules().judge(Turn(1, "user", "You", text, SUNDAY))
    drafts = [each for each in outcomes if isinstance(each, Candidate)]
    return [d.placed(f"{ID}/{n}", ID, "jarvis", SUNDAY) for n, d in enumerate(drafts, 1)]


def section(memory: Memory) -> str:
    (title,) = profile_of([memory]).sections
    return title


DENTIST = "date of dentist appointment"
SAID = [
    ("I have a dentist appointment on Tuesday at 3.", DENTIST, "2026-12-01 at 3"),
    ("Remember that I have the dentist on Tuesday at 3.", DENTIST, "2026-12-01 at 3"),
    ("Remember dentist on Tuesday at 3.", DENTIST, "2026-12-01 at 3"),
    ("I'm seeing the dentist on Tuesday at 3.", DENTIST, "2026-12-01 at 3"),
    ("My dentist appointment is on Tuesday at half past four.", DENTIST,
     "2026-12-01 at half past four"),
    ("I have to see the dentist tomorrow morning.", DENTIST, "2026-11-30 in the morning"),
    ("I have a meeting on the 5th at 10:30.", "date of meeting", "2026-12-05 at 10:30"),
    ("My flight to Oslo leaves next Friday evening.", "date of flight to Oslo",
     "2026-12-04 in the evening"),
    ("I have a workshop on Monday from 3 to 5.", "date of workshop", "2026-11-30 from 3 to 5"),
    ("I have a call in two hours.", "date of call", "2026-11-29 at 15:00"),
    ("I have a doctor's appointment at 9 am on Thursday.", "date of doctor appointment",
     "2026-12-03 at 9 am"),
    ("My train leaves tomorrow at 7:45.", "date of train", "2026-11-30 at 7:45"),
    ("Note that the vet is coming on Friday at noon.", "date of vet appointment",
     "2026-12-04 at noon"),
    ("I have an appointment with Dr. Brown on 3 December at 14:15.",
     "date of appointment with Dr. Brown", "2026-12-03 at 14:15"),
    ("I'm meeting Grace for lunch on Thursday at one.", "date of meeting Grace for lunch",
     "2026-12-03 at one"),
    ("My sister's birthday party is on Saturday at 8.", "date of sister's birthday party",
     "2026-12-05 at 8"),
    ("We have a parents' evening next Wednesday at quarter to eight.",
     "date of parents' evening", "2026-12-02 at quarter to eight"),
    ("Next Friday at ten I have a job interview.", "date of job interview", "2026-12-04 at ten"),
    ("I have a haircut the day after tomorrow at 4 pm.", "date of haircut", "2026-12-01 at 4 pm"),
    ("I fly to Oslo next Friday evening.", "date of trip to Oslo", "2026-12-04 in the evening"),
    ("Remember that my exam is on 14 December between 9 and 11.", "date of exam",
     "2026-12-14 between 9 and 11"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "attribute", "value"), SAID)
def test_an_appointment_has_its_day_and_its_time_among_the_plans(
    text: str, attribute: str, value: str
) -> None:
    (memory,) = remembered(text)
    assert memory.claim == Claim("user", attribute, value)
    assert section(memory) == PLANS
    assert f"{attribute}: {value}" in profile_of([memory]).markdown()
    time = value.partition(" ")[2]
    said = told(memory, "", SUNDAY.date())
    assert time in said, "it is told with its time"
    assert "2026" in said
    assert not said.startswith("The user")


@pytest.mark.parametrize(
    "text",
    [
        "I have yoga every Tuesday at 3.",
        "I play tennis every Tuesday at 3.",
        "Every Tuesday at 3 I have a piano lesson.",
        "I go swimming on Mondays.",
        "I have a dentist appointment every year.",
        "Remember that I take my pills every day at 8.",
        "I always get up at six.",
    ],
)
def test_what_happens_again_and_again_is_a_habit(text: str) -> None:
    memories = remembered(text)
    assert [section(each) for each in memories] == [HABITS]
    assert all(not (m.claim and m.claim.attribute.startswith("date of")) for m in memories)


@pytest.mark.parametrize("text", ["My birthday is on the 5th of May.", SAID[0][0]])
def test_a_day_of_the_calendar_is_no_habit(text: str) -> None:
    assert [section(each) for each in remembered(text)] == [PLANS]


@pytest.mark.parametrize(
    "text",
    [
        "The bus was strange this morning.",
        "My meeting on Tuesday is cancelled.",
        "Do I have a dentist appointment on Tuesday at 3?",
        "Maybe I have a meeting on Tuesday.",
        "The party on Friday was great.",
    ],
)
def test_what_is_over_doubtful_or_called_off_is_no_appointment(text: str) -> None:
    assert not [m for m in remembered(text) if m.claim and m.claim.attribute.startswith("date of")]


def test_an_appointment_that_is_over_is_told_as_over() -> None:
    (memory,) = remembered(SAID[0][0])
    assert told(memory, "", date(2026, 12, 1)).startswith("You have a dentist appointment on")
    after = told(memory, "", date(2026, 12, 2))
    assert after == "Your dentist appointment was on Tuesday, 1 December 2026 at 3."
    hit = Found(memory.id, memory.text, memory.at, "jarvis", 1.0, memory)
    later = datetime(2026, 12, 9, 12).astimezone()
    assert "appointment was on Tuesday" in quote([hit], 400, later)
    assert "has a dentist" not in quote([hit], 400, later)


def taken(*texts: str) -> list[Memory]:
    """What holds once these have been said one after another."""
    journal = Journal(ID, SUNDAY, "jarvis")
    known, rules = KnownMemories(FakeMemoryStore()), Rules()
    for number, text in enumerate(texts, 1):
        for each in rules.judge(Turn(number, "user", "You", text, SUNDAY)):
            if isinstance(each, Candidate):
                known.take(each, journal, "jarvis", SUNDAY)
    return [memory for memory in journal.memories if not memory.replaced_by]


def values(memories: list[Memory]) -> list[str]:
    return [memory.claim.value for memory in memories if memory.claim]


def test_two_meetings_are_two_and_one_that_is_moved_is_one() -> None:
    two = taken("I have a meeting on Monday at 10.", "I have a meeting on Thursday at 2.")
    assert values(two) == ["2026-11-30 at 10", "2026-12-03 at 2"]
    assert profile_of(two).questions == ()
    moved = taken("I have a meeting on Monday at 10.", "My meeting is moved to Thursday at 2.")
    assert values(moved) == ["2026-12-03 at 2"]


def test_a_time_that_is_told_later_completes_the_appointment() -> None:
    assert values(taken("I have a dentist appointment on Tuesday.", SAID[0][0])) == [
        "2026-12-01 at 3"
    ]
    assert values(taken(SAID[0][0], "I have a dentist appointment on Tuesday.")) == [
        "2026-12-01 at 3"
    ]
    assert values(taken(*(text for text, *_ in SAID[:4]))) == ["2026-12-01 at 3"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("at 3", "at 3"),
        ("on Tuesday at 3 pm", "at 3 pm"),
        ("at half past four", "at half past four"),
        ("at a quarter to eight in the evening", "at a quarter to eight in the evening"),
        ("between 9 and 11", "between 9 and 11"),
        ("from 3 to 5 on Monday", "from 3 to 5"),
        ("around noon", "around noon"),
        ("by 17:30", "by 17:30"),
        ("10:30 sharp", "at 10:30"),
        ("in the morning", "in the morning"),
        ("at night", "at night"),
        ("at three o'clock", "at three o'clock"),
        ("at 3 percent", ""),
        ("at one of the tables", ""),
        ("at 10 Downing Street", ""),
        ("for 3 hours", ""),
        ("at 45", ""),
        ("at home", ""),
        ("version 3:1:4", ""),
    ],
)
def test_a_time_of_day_is_found_where_there_is_one(text: str, words: str) -> None:
    clock = find_clock(text)
    assert (clock.text if clock else "") == words


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a call in two hours", "a call on 29 November 2026 at 15:00"),
        ("a call in half an hour", "a call on 29 November 2026 at 13:30"),
        ("a call in an hour and a half", "a call on 29 November 2026 at 14:30"),
        ("a call in 90 minutes", "a call on 29 November 2026 at 14:30"),
        ("a call in 12 hours", "a call on 30 November 2026 at 01:00"),
        ("60 miles in an hour a day", "60 miles in an hour a day"),
    ],
)
def test_hours_from_now_become_a_day_and_a_time(text: str, written: str) -> None:
    assert written_out(text, SUNDAY) == written


@given(st.text(alphabet="at 0123456789:.pmfro half past to in the hours-", max_size=40))
def test_no_words_break_the_clock(text: str) -> None:
    clock = find_clock(text)
    if clock is not None:
        assert 0 <= clock.start < clock.end <= len(text)
    without_clock(text)
    written_out(text, SUNDAY)
    find_date(text, SUNDAY.date())


def test_a_day_of_the_month_is_the_next_one() -> None:
    for today in (date(2026, 11, 29), date(2026, 1, 31), date(2026, 2, 28)):
        when = find_date("on the 31st at 9", today)
        assert when is not None
        assert when.first.day == 31
        assert when.first >= today
    assert find_date("on the second floor", date(2026, 11, 29)) is None
    assert find_date("on the 5th of December", date(2026, 11, 29)).first == date(2026, 12, 5)  # type: ignore[union-attr]


def test_a_value_with_a_time_is_still_a_day() -> None:
    random = Random(1)
    for _ in range(20):
        day = date.fromordinal(random.randrange(730_000, 740_000))
        assert parse_iso(f"{day} at half past four") == (day, day)
