"""The time of day: saying it ("nine forty-one in the morning"), and finding it in what people say
("at half past four", "from 3 to 5", "in two hours", which names a day as well).

What was said is kept as it was said: whether "at 3" is in the night nobody can know but the user.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from assistant.language.lexicon import NAMED_DAYS
from assistant.language.numbers import UP_TO_TWELVE, cardinal, ordinal
from assistant.language.numbers import year as spoken_year

_HOURS = "|".join(word for word in UP_TO_TWELVE if word not in ("a", "an"))
_FEW = {"half an": 0.5, "a couple of": 2, "a few": 3}
_M = r"(?:\ ?[ap]\.?m\b\.?)"
_HOUR = rf"(?:(?:[01]?\d|2[0-4])(?:[:.h][0-5]\d)?|{_HOURS}|noon|midnight)"
_TO = (
    r"(?:half|(?:a\ )?quarter|five|ten|twenty(?:[- ]five)?|[0-5]?\d)(?:\ minutes?)?"
    r"\ (?:past|to|after|before)"
)
_PART = r"in\ the\ (?:early\ |late\ )?(?:morning|afternoon|evening)|at\ night"
_TIME = (
    rf"(?:{_TO}\ |half\ )?{_HOUR}(?:{_M}|\ o'?\ ?clock)?(?:\ sharp)?(?:\ (?:{_PART}))?"
    r"(?![\d:%°]|\.\d|\ (?:of|percent|degrees?|euros?|dollars?|pounds?|minutes?|hours?|days?|weeks?"
    r"|months?|years?|people|km|miles?|(?-i:[A-Z])\w+\ (?:street|road|avenue|lane|square))\b)"
)
_CLOCK = re.compile(
    rf"""
    \b(?:from|between)\ (?P<first>{_TIME})\ (?:to|till|until|and|-|–)\ (?P<last>{_TIME})
    | \b(?:at|around|about|by|before|after|until|till)\ (?:around\ |about\ )?(?P<at>{_TIME})
    | \b(?P<bare>(?:[01]?\d|2[0-4]):[0-5]\d{_M}?|(?:1[0-2]|[1-9]){_M})(?![\w:])
    | \b(?P<part>{_PART})\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LATER = re.compile(
    r"\bin (?:about |around )?(?P<count>half an|an?|a couple of|a few|\d{1,3}(?:\.5)?"
    rf"|{_HOURS})(?P<half> and a half)? (?P<unit>hours?|minutes?)"
    r"(?P<half2> and a half)?"
    r"(?: and (?P<more>\d{1,2}) minutes?)?(?:'? time)?(?: from now)?\b(?! (?:a|per|each|every)\b)",
    re.IGNORECASE,
)


def spoken_time(now: datetime) -> str:
    """ "nine forty-one in the morning", "noon", "ten o'clock in the evening"."""
    hour, minute = now.hour, now.minute
    if minute == 0 and hour in (0, 12):
        return "noon" if hour else "midnight"
    if hour < 4 or hour == 23:
        part = "at night"
    elif hour < 12:
        part = "in the morning"
    else:
        part = "in the afternoon" if hour < 18 else "in the evening"
    hours = cardinal(hour % 12 or 12)
    if minute == 0:
        return f"{hours} o'clock {part}"
    minutes = cardinal(minute) if minute >= 10 else f"oh {cardinal(minute)}"
    return f"{hours} {minutes} {part}"


def spoken_date(now: datetime, *, offset: int = 0, year: bool = False) -> str:
    """ "Saturday, the twenty-first of November", `offset` days from `now`; `year` adds the year."""
    day = now + timedelta(days=offset)
    text = f"{day:%A}, the {ordinal(day.day)} of {day:%B}"
    return f"{text}, {spoken_year(day.year)}" if year else text


def day_word(offset: int) -> str:
    """What a day is called from today: "tomorrow", "the day after tomorrow", "five days ago"."""
    if offset in NAMED_DAYS.values():
        return next(word for word, days in NAMED_DAYS.items() if days == offset)
    return f"in {cardinal(offset)} days" if offset > 0 else f"{cardinal(-offset)} days ago"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day in the user's words, and the characters of the text that name it."""

    text: str
    start: int
    end: int


def find_clock(text: str) -> Clock | None:
    """The time of day that a text names; the part of the day only where it names no hour."""
    found = list(_CLOCK.finditer(text))
    exact = [match for match in found if not match["part"]]
    match = next(iter(exact or found), None)
    if match is None:
        return None
    words = match.group()
    if match["bare"]:
        words = f"at {words}"
    return Clock(_tidy(words), match.start(), match.end())


def without_clock(text: str) -> str:
    """The text without its time of day."""
    clock = find_clock(text)
    if clock is None:
        return text
    return f"{text[: clock.start].rstrip()} {text[clock.end :].lstrip(' ,')}".strip(" ,")


def written_out(text: str, now: datetime) -> str:
    """ "A call in two hours", said at one → "a call on 29 November 2026 at 03:00"."""
    match = _LATER.search(text)
    if match is None:
        return text
    then = now + timedelta(minutes=_minutes(match))
    spoken = f"on {then.day} {then:%B %Y} at {then:%H:%M}"
    return f"{text[: match.start()]}{spoken}{text[match.end() :]}"


def _minutes(match: re.Match[str]) -> float:
    word = match["count"].lower()
    count = _FEW.get(word) or UP_TO_TWELVE.get(word) or float(word)
    count += 0.5 if match["half"] or match["half2"] else 0
    hours = match["unit"].lower().startswith("hour")
    return count * (60 if hours else 1) + int(match["more"] or 0)


def _tidy(words: str) -> str:
    return " ".join(words.split()).rstrip(".,")
