"""Dates that people name from today: on Friday, next week, in three days, on the 3rd of May.

A day of the week is the next one of that name (today's own name: a week on, unless "this"); "next
Friday" is that of the next week, which begins on Monday (ISO 8601). A date without a year is the
next one. "last", "yesterday" and "ago" lie behind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from assistant.language.lexicon import (
    DAY,
    DAYS,
    MONTH,
    MONTH_NUMBERS,
    MONTH_OR_SHORT,
    MONTHS,
    NAMED_DAYS,
)
from assistant.language.numbers import UP_TO_TWELVE, ordinal

_NUMBERS = UP_TO_TWELVE | {"a couple of": 2, "a few": 3}
_ORDINALS = {ordinal(day): day for day in range(1, 32)}
_NUMBER = "|".join(word.replace(" ", r"\ ") for word in sorted(_NUMBERS, key=len, reverse=True))
_NUMBER += r"|\d{1,3}"
_NTH = r"\d{1,2}(?:st|nd|rd|th)?|" + "|".join(
    word.replace("-", "[- ]") for word in sorted(_ORDINALS, key=len, reverse=True)
)
_PART = r"(?:\ (?:morning|afternoon|evening|night))?"
_WHEN = re.compile(
    rf"""
    \b(?:on\ )?(?P<near>the\ day\ after\ tomorrow|tomorrow|today|tonight|
        this\ (?:morning|afternoon|evening)|the\ day\ before\ yesterday|yesterday){_PART}\b
    | \b(?:on\ )?(?P<which>next|this|last|this\ coming|coming)\ (?P<day>{DAY}){_PART}\b
    | \b(?:on|by|until|for|from|since|to)\ (?P<on>{DAY}){_PART}\b(?!s)
    | \b(?P<span>next|this|last)\ (?P<unit>week|weekend|month|year)\b
    | \b(?:at|on|over)\ the\ (?P<weekend>weekend)\b
    | \bin\ (?P<count>{_NUMBER})\ (?P<later>day|week|month|year)s?(?:'\ time)?\b
    | \b(?P<back>{_NUMBER})\ (?P<ago>day|week|month|year)s?\ ago\b
    | \b(?:on\ )?(?:the\ )?(?P<nth>{_NTH})(?:\ of)?\ (?P<month>{MONTH_OR_SHORT})\b\.?
        (?:,?\ (?P<y1>\d{{4}}))?
    | \b(?:on\ )?(?P<month2>{MONTH_OR_SHORT})\.?\ (?:the\ )?(?P<nth2>{_NTH})\b
        (?:,?\ (?P<y2>\d{{4}}))?
    | \b(?:on|by|until)\ the\ (?P<alone>{_NTH})(?=$|[,.;!?)]|\ (?:at|from|in\ the|around|about
        |between|before|after|to|for|with|and|together)\b)
    | \bthe\ (?P<alone2>\d{{1,2}}(?:st|nd|rd|th))(?=$|[,.;!?)]|\ (?:at|from|in\ the|around)\b)
    | \b(?:on\ )?(?P<iso>\d{{4}}-\d\d-\d\d)\b
    | \bin\ (?P<whole>{MONTH})\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


DATE_OF = "date of "
"""Begins the attribute of a claim that tells when something is; its value is `DateSpan.iso`, and
the time of day in the user's words: "2026-12-01 at half past four"."""


@dataclass(frozen=True, slots=True)
class DateSpan:
    """A day or a stretch of days, and the characters of the text that name it."""

    first: date
    last: date
    start: int
    end: int
    part: str = ""
    """Of the day, where the words name it: "morning"."""

    @property
    def iso(self) -> str:
        """ "2026-11-27", or "2026-11-23/2026-11-29" (ISO 8601 interval)."""
        if self.first == self.last:
            return self.first.isoformat()
        return f"{self.first.isoformat()}/{self.last.isoformat()}"

    @property
    def spoken(self) -> str:
        """ "on Friday, 27 November 2026", "in the week of 23 November 2026"."""
        return f"{self.dated}{self.spoken_part}"

    @property
    def dated(self) -> str:
        """The same without the part of the day."""
        f = self.first
        if f == self.last:
            return f"on {f:%A}, {f.day} {f:%B %Y}"
        length = (self.last - f).days
        if length <= 1:
            return f"on the weekend of {f.day} {f:%B %Y}"
        if length <= 7:
            return f"in the week of {f.day} {f:%B %Y}"
        return f"in {f:%B %Y}" if length <= 31 else f"in {f:%Y}"

    @property
    def spoken_part(self) -> str:
        """ " in the morning", " at night"; "" where no part of the day was named."""
        if not self.part:
            return ""
        return " at night" if self.part == "night" else f" in the {self.part}"


def parse_iso(text: str) -> tuple[date, date] | None:
    """First and last day of what `DateSpan.iso` wrote, whatever time of day stands behind it; None
    where it is nothing of the kind."""
    first, _, last = text.partition(" ")[0].partition("/")
    try:
        begin = date.fromisoformat(first)
        return begin, date.fromisoformat(last) if last else begin
    except ValueError:
        return None


def find_date(text: str, today: date) -> DateSpan | None:
    """The first day that a text names, if it names one. For a question about what was, see
    `periods.find_period`."""
    for match in _WHEN.finditer(text):
        days = _days(match, today)
        if days is not None:
            return DateSpan(*days, match.start(), match.end(), _part(match.group()))
    return None


def _part(words: str) -> str:
    low = words.lower()
    if low.endswith("tonight"):
        return "evening"
    found = re.search(r"(morning|afternoon|evening|night)$", low)
    return found.group() if found else ""


def _days(match: re.Match[str], today: date) -> tuple[date, date] | None:
    named = {key: value.lower() for key, value in match.groupdict().items() if value}
    try:
        if "near" in named:
            return _one(today + timedelta(days=NAMED_DAYS.get(named["near"], 0)))
        if "day" in named:
            return _one(_weekday(named["day"], named["which"], today))
        if "on" in named:
            behind = match.group().lower().startswith("since")
            return _one(_weekday(named["on"], "last" if behind else "", today))
        if "span" in named:
            return span_of(named["unit"], {"next": 1, "this": 0, "last": -1}[named["span"]], today)
        if "weekend" in named:
            return span_of("weekend", 0, today)
        if "count" in named:
            return _shifted(named["later"], _number(named["count"]), today)
        if "back" in named:
            return _shifted(named["ago"], -_number(named["back"]), today)
        if alone := named.get("alone") or named.get("alone2"):
            return _one(_next_such_day(_day_number(alone), today))
        if "iso" in named:
            return _one(date.fromisoformat(named["iso"]))
        if "whole" in named:
            return _month(named["whole"], today)
        nth, month = named.get("nth") or named["nth2"], named.get("month") or named["month2"]
        return _one(_calendar(nth, month, named.get("y1") or named.get("y2"), today))
    except (ValueError, OverflowError):
        return None


def _one(day: date) -> tuple[date, date]:
    return day, day


def _weekday(day: str, which: str, today: date) -> date:
    target = DAYS.index(day)
    if which == "next":
        return today + timedelta(days=7 - today.weekday() + target)
    if which == "last":
        return today - timedelta(days=(today.weekday() - target) % 7 or 7)
    ahead = (target - today.weekday()) % 7
    return today + timedelta(days=ahead if ahead or which == "this" else 7)


def span_of(unit: str, step: int, today: date) -> tuple[date, date]:
    """First and last day of a week, weekend, month or year, `step` ones after today's. Raises
    `ValueError` or `OverflowError` beyond the calendar."""
    monday = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
    if unit == "week":
        return monday, monday + timedelta(days=6)
    if unit == "weekend":
        return monday + timedelta(days=5), monday + timedelta(days=6)
    if unit == "month":
        return month_of(today.year, today.month + step)
    return date(today.year + step, 1, 1), date(today.year + step, 12, 31)


def month_of(year: int, month: int) -> tuple[date, date]:
    """First and last day; `month` counts on into other years: 0 is December before, 13 January
    after. Raises `ValueError` beyond the calendar."""
    months = year * 12 + month - 1
    after = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
    return date(months // 12, months % 12 + 1, 1), after - timedelta(days=1)


def _shifted(unit: str, count: int, today: date) -> tuple[date, date]:
    if unit in ("day", "week"):
        return _one(today + timedelta(days=count * (7 if unit == "week" else 1)))
    return span_of(unit, count, today)


def _month(name: str, today: date) -> tuple[date, date]:
    number = MONTHS.index(name) + 1
    return month_of(today.year + (number < today.month), number)


def _calendar(nth: str, month: str, year: str | None, today: date) -> date:
    day = _day_number(nth)
    number = MONTH_NUMBERS[month[:3]]
    if year:
        return date(int(year), number, day)
    found = date(today.year, number, day)
    return found if found >= today else date(today.year + 1, number, day)


def _day_number(nth: str) -> int:
    digits = re.match(r"\d+", nth)
    return int(digits.group()) if digits else _ORDINALS[nth.replace(" ", "-")]


def _next_such_day(day: int, today: date) -> date:
    """The next that bears this number; not each month has a 31st. Raises `ValueError`."""
    for month in range(12):
        first, last = month_of(today.year, today.month + month)
        if first.day <= day <= last.day and first.replace(day=day) >= today:
            return first.replace(day=day)
    raise ValueError(day)


def _number(word: str) -> int:
    return int(word) if word.isdecimal() else _NUMBERS[word]
