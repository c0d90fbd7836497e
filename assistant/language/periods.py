"""Periods: time words in a question (last week, in March, on Monday) as a stretch of time.

Only English, and only what is past: a memory is of something that was said.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from assistant.language.dates import month_of, span_of
from assistant.language.lexicon import DAY, DAYS, MONTH_NUMBERS, MONTH_OR_SHORT
from assistant.language.numbers import UP_TO_TWELVE

_COUPLE = {"couple of": 2, "few": 3, "several": 5}
"""What people mean by them, about; a stretch around it is searched."""

Span = tuple[date, date]
"""First and last day."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time and what is left of the question without it."""

    since: datetime
    until: datetime
    """Not in it any more."""
    rest: str


def find_period(text: str, now: datetime) -> Period | None:
    """The first time words of a text that are understood; None where there are none.

    Days are those of `now`'s time zone. What would be in the future is the last one that was:
    "in March", asked in February, is March of last year; "on Monday", asked on a Monday, is today.
    (What is told of days to come is read by `dates.find_date`.)
    """
    for pattern, span_of_words in _RULES:
        for match in pattern.finditer(text):
            try:
                first, last = span_of_words(match, now.date())
                since, until = _start(first, now), _start(last + timedelta(days=1), now)
            except (ValueError, OverflowError):  # before the year 1
                continue
            rest = f"{text[: match.start()]} {text[match.end() :]}"
            return Period(since, until, " ".join(rest.split()))
    return None


def _start(day: date, now: datetime) -> datetime:
    """Midnight. Where the time zone is a real one, its offset of that day."""
    return datetime.combine(day, time(), now.tzinfo)


def _days(first: date, count: int = 1) -> Span:
    return first, first + timedelta(days=count - 1)


def _relative_day(match: re.Match[str], today: date) -> Span:
    words = match[0].lower()
    if "before" in words:
        return _days(today - timedelta(days=2))
    back = 1 if "yesterday" in words or "last night" in words else 0
    return _days(today - timedelta(days=back))


def _relative_period(match: re.Match[str], today: date) -> Span:
    unit, last = match[2].lower(), match[1].lower() != "this"
    span = span_of(unit, 0 if unit == "weekend" else -last, today)
    if unit == "weekend" and last and span[1] >= today:
        # "This weekend" on a Tuesday is the coming one; nothing can have been said in it.
        return span_of(unit, -1, today)
    return span


def _past_days(match: re.Match[str], today: date) -> Span:
    count = _number(match[1] or "1")
    span = count * {"day": 1, "week": 7, "month": 30, "year": 365}[match[2].lower()]
    return today - timedelta(days=span), today


def _ago(match: re.Match[str], today: date) -> Span:
    unit = match[2].lower()
    count = _number(match[1])
    around = 1 if match[1].lower().removeprefix("a ") in _COUPLE else 0
    if unit == "day":
        return _days(today - timedelta(days=count + around), 1 + 2 * around)
    if unit == "week":
        # Somebody who says "two weeks ago" does not count days.
        middle = today - timedelta(days=7 * count)
        return _days(middle - timedelta(days=3 + 4 * around), 7 + 8 * around)
    earliest, latest = (span_of(unit, step, today) for step in (-count - around, around - count))
    return earliest[0], latest[1]


def _weekday(match: re.Match[str], today: date) -> Span:
    back = (today.weekday() - DAYS.index(match[2].lower())) % 7
    if match[1].lower() == "last" and back == 0:
        back = 7
    return _days(today - timedelta(days=back))


def _month_day(match: re.Match[str], today: date) -> Span:
    """ "May 3rd", "the 3rd of May", with a year or without."""
    parts = match.groupdict()
    name, day = (parts["m1"], parts["d1"]) if parts["m1"] else (parts["m2"], parts["d2"])
    month = MONTH_NUMBERS[name[:3].lower()]
    if parts["y"]:
        return _days(date(int(parts["y"]), month, int(day)))
    for year in range(today.year, today.year - 9, -1):  # the 29th of February is not in each
        try:
            found = date(year, month, int(day))
        except ValueError:
            continue
        if found <= today:
            return _days(found)
    raise ValueError


def _named_month(match: re.Match[str], today: date) -> Span:
    month = MONTH_NUMBERS[match[2][:3].lower()]
    word = match[1].lower()
    past = month > today.month or (word == "last" and month == today.month)
    span = month_of(int(match[3] or today.year - past), month)
    # Since a month that is still to come: nothing can have been said, but it is a stretch.
    return (span[0], today) if word == "since" and span[0] <= today else span


def _iso_day(match: re.Match[str], today: date) -> Span:
    return _days(date.fromisoformat(match[1]))


def _named_year(match: re.Match[str], today: date) -> Span:
    year = int(match[1])
    return date(year, 1, 1), date(year, 12, 31)


def _number(word: str) -> int:
    word = word.lower()
    about = word.removeprefix("a ")
    if about in _COUPLE:
        return _COUPLE[about]
    return UP_TO_TWELVE[word] if word in UP_TO_TWELVE else int(word)


_M = rf"{MONTH_OR_SHORT}\b\.?"
_COUNT = rf"\d{{1,4}}|{'|'.join(UP_TO_TWELVE)}|(?:a )?(?:{'|'.join(_COUPLE)})"
_PERIOD = "(day|week|month|year)"


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b{pattern}", re.IGNORECASE)


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Span]], ...] = (
    (_rule(r"(?:on )?(\d{4}-\d\d-\d\d)\b"), _iso_day),
    (_rule(r"(?:on )?(?:the )?day before yesterday\b"), _relative_day),
    (_rule(r"(?:yesterday(?: (?:morning|afternoon|evening|night))?|last night|today|tonight"
           r"|this (?:morning|afternoon|evening))\b"), _relative_day),
    (_rule(rf"(?:about |around )?({_COUNT}) {_PERIOD}s? ago\b"), _ago),
    (_rule(rf"(?:in|over|during|within|for) the (?:last|past) (?:({_COUNT}) )?{_PERIOD}s?\b"),
     _past_days),
    (_rule(rf"the (?:last|past) ({_COUNT}) {_PERIOD}s?\b"), _past_days),
    (_rule(r"(?:on |over |during )?(?:the )?(last|this|past|previous) (weekend|week|month|year)\b"),
     _relative_period),
    (_rule(rf"(?:on )?(?:the )?(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<m1>{_M})"
           rf"|(?P<m2>{_M}) (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b)(?:,? (?P<y>\d{{4}})\b)?"),
     _month_day),
    (_rule(rf"(on|last|this) ({DAY})\b"), _weekday),
    (_rule(rf"(in|during|since|last|this|back in) ({_M})(?:,? (\d{{4}})\b)?"), _named_month),
    (_rule(r"(?:in|during|back in) ((?:19|20)\d\d)\b"), _named_year),
)  # fmt: skip
