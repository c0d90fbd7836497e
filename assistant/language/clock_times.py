"""Times of day that people name: "at half past four", "from 3 to 5", "in the morning", and "in two
hours", which names a day as well.

What was said is kept as it was said: whether "at 3" is in the night nobody can know but the user.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_WORDS = "one two three four five six seven eight nine ten eleven twelve"
_NUMBERS = {word: value for value, word in enumerate(_WORDS.split(), 1)} | {"a": 1, "an": 1}
_FEW = {"half an": 0.5, "a couple of": 2, "a few": 3}
_M = r"(?:\ ?[ap]\.?m\b\.?)"
_HOUR = rf"(?:(?:[01]?\d|2[0-4])(?:[:.h][0-5]\d)?|{'|'.join(_WORDS.split())}|noon|midnight)"
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
    rf"|{'|'.join(_WORDS.split())})(?P<half> and a half)? (?P<unit>hours?|minutes?)"
    r"(?P<half2> and a half)?"
    r"(?: and (?P<more>\d{1,2}) minutes?)?(?:'? time)?(?: from now)?\b(?! (?:a|per|each|every)\b)",
    re.IGNORECASE,
)


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
    count = _FEW.get(word) or _NUMBERS.get(word) or float(word)
    count += 0.5 if match["half"] or match["half2"] else 0
    hours = match["unit"].lower().startswith("hour")
    return count * (60 if hours else 1) + int(match["more"] or 0)


def _tidy(words: str) -> str:
    return " ".join(words.split()).rstrip(".,")
