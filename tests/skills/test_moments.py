"""When people mean, on Friday, 27 November 2026, at three in the afternoon in Vienna."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.skills.moments import (
    duration,
    moment,
    split_off_moment,
    spoken_duration,
    spoken_moment,
)

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=ZoneInfo("Europe/Vienna"))


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("ten minutes", 10),
        ("10 minutes", 10),
        ("an hour and a half", 90),
        ("half an hour", 30),
        ("1 hour 30 minutes", 90),
        ("90 seconds", 1.5),
        ("two and a half minutes", 2.5),
        ("a quarter of an hour", 15),
        ("one hour thirty", 90),
        ("a minute", 1),
        ("5 mins", 5),
        ("5mins", 5),
        ("three quarters of an hour", 45),
        ("a couple of minutes", 2),
        ("one hundred and twenty seconds", 2),
    ],
)
def test_durations(words: str, minutes: float) -> None:
    assert duration(words) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "words", ["", "pasta", "10", "ten", "minutes", "zero minutes", "9999 days"]
)
def test_what_is_no_duration(words: str) -> None:
    assert duration(words) is None


@pytest.mark.parametrize(
    ("words", "then"),
    [
        ("in ten minutes", "27 15:10"),
        ("seven", "27 19:00"),
        ("at seven", "27 19:00"),
        ("7:30", "27 19:30"),
        ("7 30", "27 19:30"),
        ("seven thirty", "27 19:30"),
        ("half past six", "27 18:30"),
        ("quarter to eight", "27 19:45"),
        ("ten past nine", "27 21:10"),
        ("seven in the morning", "28 07:00"),
        ("seven o'clock in the morning", "28 07:00"),
        ("7 pm", "27 19:00"),
        ("7pm", "27 19:00"),
        ("6 a.m.", "28 06:00"),
        ("0730", "28 07:30"),
        ("19:45", "27 19:45"),
        ("noon", "28 12:00"),
        ("midnight", "28 00:00"),
        ("two", "28 14:00"),
        ("tomorrow at nine", "28 09:00"),
        ("at nine tomorrow morning", "28 09:00"),
        ("tomorrow morning", "28 09:00"),
        ("tomorrow", "28 09:00"),
        ("tomorrow at six", "28 18:00"),
        ("tonight at eight", "27 20:00"),
        ("this evening", "27 19:00"),
        ("monday morning at ten", "30 10:00"),
        ("tomorrow night at eleven", "28 23:00"),
    ],
)
def test_moments(words: str, then: str) -> None:
    found = moment(words, NOW)
    assert found is not None
    assert f"{found:%d %H:%M}" == then


@pytest.mark.parametrize(
    "words",
    ["", "at", "at work", "the shop", "at home tomorrow", "25:00", "seven hundred", "today at two"],
)
def test_what_is_no_moment_to_come(words: str) -> None:
    assert moment(words, NOW) is None


@pytest.mark.parametrize(
    ("words", "now", "then"),
    [
        ("this evening", "19:14", "20:00"),
        ("tonight", "22:40", "23:10"),
        ("tonight", "21:05", "22:00"),
        ("this afternoon", "15:20", "16:00"),
        ("today", "10:00", "11:00"),
        ("this morning", "13:00", None),
    ],
)
def test_a_part_of_today_whose_usual_hour_is_over(words: str, now: str, then: str | None) -> None:
    hour, minute = map(int, now.split(":"))
    found = moment(words, NOW.replace(hour=hour, minute=minute))
    assert (f"{found:%H:%M}" if found else None) == then


def test_an_hour_is_the_clocks_when_the_clocks_change() -> None:
    evening = datetime(2026, 10, 24, 20, 0, tzinfo=ZoneInfo("Europe/Vienna"))
    found = moment("tomorrow at seven in the morning", evening)
    assert found is not None
    assert found.isoformat() == "2026-10-25T07:00:00+01:00"


@pytest.mark.parametrize(
    ("words", "what", "when"),
    [
        ("to call Ada tomorrow at nine", "to call Ada", "tomorrow at nine"),
        ("to call Ada at work in ten minutes", "to call Ada at work", "in ten minutes"),
        ("at three to call Ada", "to call Ada", "at three"),
        ("tomorrow at nine that we leave", "that we leave", "tomorrow at nine"),
    ],
)
def test_what_and_when_are_told_apart(words: str, what: str, when: str) -> None:
    assert split_off_moment(words, NOW) == (what, when)


def test_they_are_said_as_people_say_them() -> None:
    assert spoken_duration(timedelta(seconds=3_661)) == "one hour and one minute"
    assert spoken_duration(timedelta(seconds=59)) == "fifty-nine seconds"
    assert (
        spoken_moment(NOW + timedelta(days=1), NOW) == "tomorrow at three o'clock in the afternoon"
    )
    assert (
        spoken_moment(NOW + timedelta(days=3), NOW) == "on Monday at three o'clock in the afternoon"
    )


@given(st.text(max_size=60))
def test_no_words_are_too_odd(words: str) -> None:
    found = moment(words, NOW)
    assert found is None or found > NOW
    duration(words)
