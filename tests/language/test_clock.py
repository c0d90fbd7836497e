"""Time and date sound as people say them."""

from __future__ import annotations

from datetime import datetime

import pytest

from assistant.language.clock import day_word, spoken_date, spoken_time
from assistant.language.numbers import year as spoken_year

NOW = datetime(2026, 11, 21, 9, 41)


@pytest.mark.parametrize(
    ("hour", "minute", "text"),
    [
        (9, 41, "nine forty-one in the morning"),
        (9, 5, "nine oh five in the morning"),
        (0, 0, "midnight"),
        (12, 0, "noon"),
        (0, 30, "twelve thirty at night"),
        (12, 15, "twelve fifteen in the afternoon"),
        (17, 59, "five fifty-nine in the afternoon"),
        (22, 0, "ten o'clock in the evening"),
        (23, 20, "eleven twenty at night"),
    ],
)
def test_time(hour: int, minute: int, text: str) -> None:
    assert spoken_time(datetime(2026, 1, 1, hour, minute)) == text


def test_every_minute_of_a_day_has_its_own_words() -> None:
    times = {spoken_time(datetime(2026, 1, 1, h, m)) for h in range(24) for m in range(60)}
    assert len(times) == 24 * 60


def test_date() -> None:
    assert spoken_date(NOW) == "Saturday, the twenty-first of November"
    assert spoken_date(NOW, offset=10) == "Tuesday, the first of December"
    assert spoken_date(NOW, year=True).endswith("of November, twenty twenty-six")


@pytest.mark.parametrize(
    ("year", "text"),
    [
        (1900, "nineteen hundred"),
        (1984, "nineteen eighty-four"),
        (2000, "two thousand"),
        (2005, "two thousand and five"),
        (2026, "twenty twenty-six"),
        (2105, "twenty-one oh-five"),
    ],
)
def test_year(year: int, text: str) -> None:
    assert spoken_year(year) == text


@pytest.mark.parametrize(
    ("offset", "text"), [(1, "tomorrow"), (-2, "the day before yesterday"), (5, "in five days")]
)
def test_day(offset: int, text: str) -> None:
    assert day_word(offset) == text
