"""What comes back, on Friday, 27 November 2026, at three in the afternoon in Vienna."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.skills.recurrence import Recurrence, recurrence, split_off_recurrence

VIENNA = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 11, 27, 15, 0, tzinfo=VIENNA)


@pytest.mark.parametrize(
    ("words", "text", "first"),
    [
        ("every day at nine", "days 1 09:00", "Sat 28 Nov 09:00"),
        ("at nine every day", "days 1 09:00", "Sat 28 Nov 09:00"),
        ("daily at noon", "days 1 12:00", "Sat 28 Nov 12:00"),
        ("every evening at eight", "days 1 20:00", "Fri 27 Nov 20:00"),
        ("every other day at nine", "days 2 09:00", "Sat 28 Nov 09:00"),
        ("every weekday at seven", "weekdays 0,1,2,3,4 07:00", "Mon 30 Nov 07:00"),
        ("on weekends at ten", "weekdays 5,6 10:00", "Sat 28 Nov 10:00"),
        ("every Monday and Thursday at six pm", "weekdays 0,3 18:00", "Mon 30 Nov 18:00"),
        ("every other monday at ten", "days 14 10:00", "Mon 30 Nov 10:00"),
        ("every week on monday at eight", "days 7 08:00", "Mon 30 Nov 08:00"),
        ("every two hours", "seconds 7200", "Fri 27 Nov 17:00"),
        ("every month on the 3rd at nine", "months 3 09:00", "Thu 03 Dec 09:00"),
        ("on the last day of every month", "months 31 09:00", "Mon 30 Nov 09:00"),
        ("every year on the third of May at ten", "years 503 10:00", "Mon 03 May 10:00"),
        ("every third of May", "years 503 09:00", "Mon 03 May 09:00"),
        ("annually on December 24 at noon", "years 1224 12:00", "Thu 24 Dec 12:00"),
        ("every year", "years 1127 09:00", "Sat 27 Nov 09:00"),
    ],
)
def test_recurrences(words: str, text: str, first: str) -> None:
    found = recurrence(words, NOW)
    assert found is not None
    assert (found[0].text, f"{found[1]:%a %d %b %H:%M}") == (text, first)
    assert Recurrence.read(text) == found[0]


@pytest.mark.parametrize(
    "words", ["", "at nine", "every ten seconds", "every day at work", "everyday life", "every cat"]
)
def test_what_is_none(words: str) -> None:
    assert recurrence(words, NOW) is None


@pytest.mark.parametrize(
    ("text", "due", "hours"),
    [
        ("days 1 07:00", datetime(2026, 10, 24, 7, 0, tzinfo=VIENNA), 25),
        ("days 1 07:00", datetime(2026, 3, 28, 7, 0, tzinfo=VIENNA), 23),
        ("weekdays 6 07:00", datetime(2026, 10, 18, 7, 0, tzinfo=VIENNA), 7 * 24 + 1),
        ("seconds 7200", datetime(2026, 10, 25, 1, 0, tzinfo=VIENNA), 2),
    ],
)
def test_the_hour_stays_when_the_clocks_change(text: str, due: datetime, hours: int) -> None:
    later = Recurrence.read(text).following(due, due)
    assert later.timestamp() - due.timestamp() == hours * 3_600


def test_a_month_that_is_too_short_has_its_last_day() -> None:
    due = datetime(2027, 1, 31, 9, 0, tzinfo=VIENNA)
    found = []
    for _ in range(3):
        due = Recurrence.read("months 31 09:00").following(due, due)
        found.append(f"{due:%d %b}")
    assert found == ["28 Feb", "31 Mar", "30 Apr"]


@pytest.mark.parametrize("away", [1, 9, 400])
def test_what_was_missed_keeps_its_step(away: int) -> None:
    for text in ("days 2 15:00", "seconds 7200", "weekdays 4 15:00"):
        step, now = Recurrence.read(text), NOW + timedelta(days=away, hours=1)
        later = step.following(NOW, now)
        assert later > now
        if step.unit == "days":
            assert (later.date() - NOW.date()).days % 2 == 0


@pytest.mark.parametrize(
    ("words", "what", "when"),
    [
        ("to take my pills every day at nine", "to take my pills", "every day at nine"),
        ("every day at nine to take my pills", "to take my pills", "every day at nine"),
        ("to take two every day", "to take two", "every day"),
        ("to drink water every two hours", "to drink water", "every two hours"),
    ],
)
def test_what_and_how_often_are_told_apart(words: str, what: str, when: str) -> None:
    assert split_off_recurrence(words, NOW) == (what, when)


@given(st.text(max_size=60))
def test_no_words_are_too_odd(words: str) -> None:
    for odd in (words, f"every {words}"):
        found = recurrence(odd, NOW)
        assert found is None or found[1] > NOW
