"""Time words in a question, as a person means them on a given day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.periods import find_period
from assistant.memory.base import Filters, with_when

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
"""A Wednesday."""


@pytest.mark.parametrize(
    ("text", "since", "days"),
    [
        ("What did I say yesterday?", "2026-11-17", 1),
        ("what did we talk about today", "2026-11-18", 1),
        ("How did I sleep last night?", "2026-11-17", 1),
        ("the day before yesterday I was ill", "2026-11-16", 1),
        ("What happened last week?", "2026-11-09", 7),
        ("What happened this week?", "2026-11-16", 7),
        ("Where was I last weekend?", "2026-11-14", 2),
        ("last month", "2026-10-01", 31),
        ("this month", "2026-11-01", 30),
        ("Last year I was in Rome", "2025-01-01", 365),
        ("on Monday", "2026-11-16", 1),
        ("What did I plan on Wednesday?", "2026-11-18", 1),
        ("last Wednesday", "2026-11-11", 1),
        ("last Friday", "2026-11-13", 1),
        ("three days ago", "2026-11-15", 1),
        ("2 weeks ago", "2026-11-01", 7),
        ("a week ago", "2026-11-08", 7),
        ("a month ago", "2026-10-01", 31),
        ("a couple of days ago", "2026-11-15", 3),
        ("two years ago", "2024-01-01", 366),
        ("in the last 3 days", "2026-11-15", 4),
        ("over the past week", "2026-11-11", 8),
        ("in March", "2026-03-01", 31),
        ("in December", "2025-12-01", 31),
        ("in February 2024", "2024-02-01", 29),
        ("last November", "2025-11-01", 30),
        ("since March", "2026-03-01", 263),
        ("in 2023", "2023-01-01", 365),
        ("on May 3rd", "2026-05-03", 1),
        ("on the 3rd of May", "2026-05-03", 1),
        ("on 24 December", "2025-12-24", 1),
        ("on December 24, 2020", "2020-12-24", 1),
        ("on 29 February", "2024-02-29", 1),
        ("on 2026-01-09", "2026-01-09", 1),
    ],
)
def test_time_words_are_the_stretch_a_person_means(text: str, since: str, days: int) -> None:
    found = find_period(text, NOW)
    assert found is not None
    first = date.fromisoformat(since)
    assert (found.since.date(), found.until.date()) == (first, first + timedelta(days=days))
    assert found.since.hour == found.until.hour == 0


@pytest.mark.parametrize(
    "text",
    [
        "What is my parrot called?",
        "May I have some tea?",
        "the march to the sea",
        "I have two days",
        "the last sandwich",
        "on 31 February",
        "2026-13-45",
        "9999 years ago",
        "Monday",
    ],
)
def test_what_names_no_time_is_left_alone(text: str) -> None:
    assert find_period(text, NOW) is None


def test_the_rest_of_the_question_is_what_is_searched_for() -> None:
    found = find_period("What did Grace say last week about lichens?", NOW)
    assert found is not None
    assert found.rest == "What did Grace say about lichens?"


def test_days_begin_at_the_users_midnight_whatever_summer_time_does() -> None:
    now = datetime(2026, 11, 18, 0, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    found = find_period("in July", now)
    assert found is not None
    assert found.since.utcoffset() == timedelta(hours=2)
    yesterday = find_period("yesterday", now.astimezone(timezone(timedelta(hours=-5))))
    assert yesterday is not None
    assert yesterday.since.isoformat() == "2026-11-16T00:00:00-05:00"


def test_filters_get_the_time_unless_they_have_one() -> None:
    query, filters = with_when("my dreams last week", Filters(persona="glados"), NOW)
    assert query == "my dreams"
    assert filters.persona == "glados"
    assert filters.since is not None
    assert with_when("my dreams last week", filters, NOW) == ("my dreams last week", filters)
    assert with_when("my dreams", Filters(), NOW) == ("my dreams", Filters())


WORDS = (
    "last this on in the past ago days weeks month year 3 12 2024 may monday a few since of 31st"
)


@given(st.lists(st.sampled_from(WORDS.split()), max_size=8), st.datetimes(timezones=st.just(UTC)))
def test_any_words_on_any_day_give_a_stretch_or_nothing(words: list[str], now: datetime) -> None:
    found = find_period(" ".join(words), now)
    assert found is None or found.since < found.until


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    find_period(text, NOW)
