"""Days as people name them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.dates import find_date, parse_iso

SATURDAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("on Friday", "2026-11-27"),
        ("on Saturday", "2026-11-28"),
        ("this Saturday", "2026-11-21"),
        ("next Friday", "2026-11-27"),
        ("last Monday", "2026-11-16"),
        ("tomorrow evening", "2026-11-22"),
        ("the day after tomorrow", "2026-11-23"),
        ("in three days", "2026-11-24"),
        ("in a couple of weeks", "2026-12-05"),
        ("two weeks ago", "2026-11-07"),
        ("next week", "2026-11-23/2026-11-29"),
        ("next month", "2026-12-01/2026-12-31"),
        ("on the 3rd of May", "2027-05-03"),
        ("on the twenty-first of December", "2026-12-21"),
        ("on May 3rd, 2028", "2028-05-03"),
        ("in March", "2027-03-01/2027-03-31"),
        ("on 2027-02-28", "2027-02-28"),
    ],
)
def test_a_day_is_found(text: str, iso: str) -> None:
    when = find_date(f"I go there {text}", SATURDAY)
    assert when is not None
    assert when.iso == iso
    assert f"I go there {text}"[when.start : when.end] == text


@pytest.mark.parametrize(
    "text", ["on Mondays", "every Friday", "on 2027-02-30", "may I go", "soon"]
)
def test_no_day_is_made_up(text: str) -> None:
    assert find_date(text, SATURDAY) is None


@given(st.text(max_size=80), st.dates(date(1, 1, 1), date(9999, 12, 31)))
def test_any_text_on_any_day_can_be_read(text: str, today: date) -> None:
    find_date(f"in 999 years or {text} next month, last week, next year", today)
    find_date(text, today)


@given(st.dates(), st.dates())
def test_what_was_written_can_be_read(one: date, other: date) -> None:
    first, last = min(one, other), max(one, other)
    text = f"{first.isoformat()}/{last.isoformat()}"
    assert parse_iso(text) == (first, last)
    assert parse_iso(first.isoformat()) == (first, first)
    assert parse_iso("soon") is None
