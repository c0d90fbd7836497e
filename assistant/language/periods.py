"""Periods: time words in a question (last week, in March, on Monday) as a stretch of time.

Only English, and only what is past: a memory is of something that was said.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_WORDS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip
_NUMBERS = {word: number for number, word in enumerate(_WORDS, 1)} | {"a": 1, "an": 1}
_COUPLE = {"couple of": 2, "few": 3, "several": 5}
"""What people mean by them, about; a stretch around it is searched."""

Span = tuple[date, date]
"""From the first day to before the second."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time and what is left of the question without it."""

    since: datetime
    until: datetime
    """Not in it any more."""
    rest: str


def find_when(text: str, now: datetime) -> Period | None:
    """The first time words of a text that are understood; None where there are none.

    Days are those of `now`'s time zone. What would be in the future is the last one that was:
    "in March", asked in February, is March of last year; "on Monday", asked on a Monday, is today.
    """
    for pattern, span_of in _RULES:
        for match in pattern.finditer(text):
            span = _span(span_of, match, now.date())
            if span is not None:
                rest = f"{text[: match.start()]} {text[match.end() :]}"
                return Period(_start(span[0], now), _start(span[1], now), " ".join(rest.split()))
    return None


def _span(rule: Callable[[re.Match[str], date], Span | None], match: re.Match[str], today: date
) -> Span | None:  # fmt: skip
    """None too where it would be before the year 1."""
    try:
        return rule(match, today)
    except (ValueError, OverflowError):
        return None


def _start(day: date, now: datetime) -> datetime:
    """Midnight. Where the time zone is a real one, its offset of that day."""
    return datetime.combine(day, time(), now.tzinfo)


def _days(first: date, count: int = 1) -> Span:
    return first, first + timedelta(days=count)


def _month(year: int, month: int) -> Span:
    """`month` may be 0 or less: months before January."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    after = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, 1), after


def _year(year: int) -> Span:
    return date(year, 1, 1), date(year + 1, 1, 1)


def _week(today: date) -> date:
    """Its Monday."""
    return today - timedelta(days=today.weekday())


def _relative_day(match: re.Match[str], today: date) -> Span:
    words = match[0].lower()
    if "before" in words:
        return _days(today - timedelta(days=2))
    back = 1 if "yesterday" in words or "last night" in words else 0
    return _days(today - timedelta(days=back))


def _relative_period(match: re.Match[str], today: date) -> Span:
    last = match[1].lower() != "this"
    match match[2].lower():
        case "week":
            return _days(_week(today) - timedelta(days=7 * last), 7)
        case "weekend":
            saturday = _week(today) + timedelta(days=5)
            # "This weekend" on a Tuesday is the coming one; nothing can have been said in it.
            back = last and saturday + timedelta(days=2) > today
            return _days(saturday - timedelta(days=7 * back), 2)
        case "month":
            return _month(today.year, today.month - last)
        case _:
            return _year(today.year - last)


def _past_days(match: re.Match[str], today: date) -> Span:
    count = _number(match[1] or "1")
    span = count * {"day": 1, "week": 7, "month": 30, "year": 365}[match[2].lower()]
    return today - timedelta(days=span), today + timedelta(days=1)


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
    if unit == "month":
        first = _month(today.year, today.month - count - around)[0]
        return first, _month(today.year, today.month - count + around)[1]
    return date(today.year - count - around, 1, 1), date(today.year - count + around + 1, 1, 1)


def _weekday(match: re.Match[str], today: date) -> Span:
    back = (today.weekday() - _DAYS.index(match[2].lower())) % 7
    if match[1].lower() == "last" and back == 0:
        back = 7
    return _days(today - timedelta(days=back))


def _month_day(match: re.Match[str], today: date) -> Span:
    """ "May 3rd", "the 3rd of May", with a year or without."""
    parts = match.groupdict()
    name, day = (parts["m1"], parts["d1"]) if parts["m1"] else (parts["m2"], parts["d2"])
    month = _month_number(name)
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
    month = _month_number(match[2])
    word = match[1].lower()
    past = month > today.month or (word == "last" and month == today.month)
    span = _month(int(match[3] or today.year - past), month)
    # Since a month that is still to come: nothing can have been said, but it is a stretch.
    return (span[0], today + timedelta(days=1)) if word == "since" and span[0] <= today else span


def _iso_day(match: re.Match[str], today: date) -> Span:
    return _days(date.fromisoformat(match[1]))


def _named_year(match: re.Match[str], today: date) -> Span:
    return _year(int(match[1]))


def _number(word: str) -> int:
    word = word.lower()
    about = word.removeprefix("a ")
    if about in _COUPLE:
        return _COUPLE[about]
    return _NUMBERS[word] if word in _NUMBERS else int(word)


def _month_number(name: str) -> int:
    short = name.lower()[:3]
    return next(n for n, month in enumerate(_MONTHS, 1) if month.startswith(short))


_M = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|" + (
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_D = r"\d{1,2}(?:st|nd|rd|th)?"
_COUNT = r"\d{1,4}|an?|" + "|".join(_WORDS) + r"|(?:a )?(?:couple of|few|several)"
_PERIOD = "(day|week|month|year)"


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b{pattern}", re.IGNORECASE)


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Span | None]], ...] = (
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
    (_rule(rf"(on|last|this) ({'|'.join(_DAYS)})\b"), _weekday),
    (_rule(rf"(in|during|since|last|this|back in) ({_M})(?:,? (\d{{4}})\b)?"), _named_month),
    (_rule(r"(?:in|during|back in) ((?:19|20)\d\d)\b"), _named_year),
)  # fmt: skip
