"""What lifts and what weighs is counted from what was said, with where, and from nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from assistant.memory.base import Journal, Turn
from assistant.memory.conversation import NoMemory
from assistant.memory.feelings import feelings_of, patterns, told, weeks
from assistant.memory.service import MemoryService
from tests.fakes import FakeMemoryStore

NOW = datetime(2026, 11, 26, 20, 0).astimezone()  # a Thursday
MONTH = NOW - timedelta(days=31)


def conversation(days_ago: int, *said: str, persona: str = "jarvis") -> Journal:
    at = NOW - timedelta(days=days_ago)
    turns = [
        Turn(number, "user", "You", text, at + timedelta(minutes=number))
        for number, text in enumerate(said, 1)
    ]
    turns.append(Turn(len(said) + 1, "agent", "Jarvis", "I am so sad about work.", at))
    return Journal(f"{at:%Y-%m-%dT%H%M%S}-{persona}", at, persona, turns=turns)


def store(*journals: Journal) -> FakeMemoryStore:
    return FakeMemoryStore(*journals)


HARD_WORK = [
    conversation(9, "I'm exhausted after work"),
    conversation(4, "My boss makes me so angry at work"),
    conversation(2, "what time is it", "My sister got me tickets, I'm over the moon!"),
    conversation(1, "I'm so happy that my sister is here!"),
]


def test_what_came_with_feelings_more_than_once_is_a_pattern_with_its_sources() -> None:
    found = patterns(feelings_of(store(*HARD_WORK), MONTH))

    by = {pattern.about: pattern for pattern in found}
    assert by["work"].sign == "weighs"
    assert by["your sister"].sign == "lifts"
    assert [each.source.endswith("#1") for each in by["work"].seen] == [True, True]
    assert by["your sister"].seen[0].source.endswith("#2")


def test_once_is_no_pattern_and_what_does_both_is_none_either() -> None:
    both = [
        conversation(3, "I'm so sad about my sister"),
        conversation(2, "I'm thrilled about my sister"),
    ]

    assert patterns(feelings_of(store(both[0]), MONTH)) == []
    assert patterns(feelings_of(store(*both), MONTH), least=1) == []


def test_what_was_taken_back_or_said_by_the_assistant_does_not_count() -> None:
    journal = conversation(1, "I need to lie down", "I'm not tired", "what time is it")

    assert feelings_of(store(journal), MONTH) == []


def test_a_quarrel_with_the_assistant_is_no_part_of_the_users_life() -> None:
    assert feelings_of(store(conversation(1, "I already told you that")), MONTH) == []


def test_what_is_forgotten_is_gone_from_it() -> None:
    kept = store(*HARD_WORK)
    kept.forget([HARD_WORK[0].id, HARD_WORK[1].id])

    assert "work" not in {pattern.about for pattern in patterns(feelings_of(kept, MONTH))}


def test_only_the_time_that_is_asked_for_is_looked_at() -> None:
    seen = feelings_of(store(*HARD_WORK), NOW - timedelta(days=3))

    assert {each.kind for each in seen} == {"excited"}


def test_weeks_begin_on_monday_and_the_present_one_is_last() -> None:
    before, last, present = weeks(feelings_of(store(*HARD_WORK), MONTH), NOW.date(), 3)

    assert [week.begins.day for week in (before, last, present)] == [9, 16, 23]
    assert (before.weighs, last.weighs, present.weighs) == (0, 2, 0)
    assert present.lifts == 2


def test_it_is_told_in_numbers_and_not_in_judgements() -> None:
    said = told(feelings_of(store(*HARD_WORK), MONTH), "this month")

    assert said == (
        "By what you told me this month, you were excited twice, tired once and frustrated once."
        " What came with the hard moments: work twice. With the good: your sister twice."
    )
    assert told([], "today") == "You told me nothing of how you felt today."


async def test_walls_hold_here_too() -> None:
    journals = [conversation(0, "I'm so sad", persona="hal"), conversation(0, "I'm thrilled")]
    now = datetime.now().astimezone()
    for journal in journals:
        journal.turns = [Turn(t.number, t.side, t.name, t.text, now) for t in journal.turns]
        journal.id = f"{now:%Y-%m-%dT%H%M%S}-{journal.persona}"
    memory = MemoryService(store(*journals), walls=True)
    memory.begin(lambda event: None, lambda: "hal")

    said = await memory.how_been(7, "this week")

    assert "sad once" in said
    assert "excited" not in said
    await memory.close()


async def test_where_nothing_is_remembered_it_says_so() -> None:
    assert "no memory" in await NoMemory().how_been(7, "this week")
