"""The time and the date that an answer tells. Nothing is judged that is not told as present, and
was not asked for."""

from __future__ import annotations

import itertools
import re
from datetime import datetime, timedelta

from assistant.brain.output_filter.deeds import DENIED
from assistant.language.lexicon import DAY, DAYS, MONTH, MONTHS, either
from assistant.language.numbers import (
    ONES,
    TENS,
    UP_TO_TWELVE,
    ordinal,
    read_number,
)

# --- the time and the date -----------------------------------------------------------------

_HOUR_WORDS = either(word for word in UP_TO_TWELVE if word not in ("a", "an"))
_MINUTE_WORDS = (
    rf"(?:oh[ -](?:{'|'.join(ONES[1:10])})|(?:{'|'.join(TENS[:4])})(?:[ -]"
    rf"(?:{'|'.join(ONES[1:10])}))?|{'|'.join(ONES[10:20])})"
)
_HALF = r"(?:\s?(?P<half>[ap])\.?\s?m\b\.?)"
_PART = r"(?:,? (?:in the (?P<part>morning|afternoon|evening)|(?P<night>at night)))"
_CLOCK_TIME = re.compile(
    rf"\b(?:(?P<h24>[01]?\d|2[0-4])[:.h](?P<m24>[0-5]\d)(?![\d%])"
    rf"|(?P<past>half|(?:a )?quarter|[0-5]?\d|{_MINUTE_WORDS}|five|one|two|three|four|six|seven"
    rf"|eight|nine)"
    rf"(?: minutes?)? (?P<way>past|to|after|before|till|of) (?P<hp>\d{{1,2}}|{_HOUR_WORDS}|noon"
    rf"|midnight)|(?P<hw>{_HOUR_WORDS}) (?P<mw>{_MINUTE_WORDS})"
    rf"|(?P<ho>\d{{1,2}}|{_HOUR_WORDS}) ?o[' ]?clock"
    rf"|(?P<hm>\d{{1,2}}|{_HOUR_WORDS})(?=\s?[ap]\.?\s?m\b)|(?P<named>noon|midday|midnight)"
    rf"|(?P<hb>{_HOUR_WORDS})(?= (?:in the (?:morning|afternoon|evening)|at night)\b)"
    rf")\b{_HALF}?{_PART}?",
    re.IGNORECASE,
)
_NOW_IS = re.compile(
    r"\b(?:it(?: is|'s)|(?:current |local |exact )?time(?: right)?(?: now)?(?: is|'s)"
    r"|clock (?:says|reads|shows|strikes)|I make it|we have reached|(?:we are|we're) at"
    r"|(?:right )?now(?: is|,| at)|currently|at present)"
    r"(?:[ ,]+(?:now|currently|already|about|almost|nearly|around|just|exactly|past|presently"
    r"|about to be"
    r"|approximately|roughly|a little|after|before|gone|sir|the time is|is|at))*[ ,:]*$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:about|almost|nearly|around|approximately|roughly|past|gone|just|after)\b", re.I
)
_TIME_ASKED = re.compile(
    r"\b(?:what|tell me|know|have|got|is)\b.{0,25}\b(?:the |current |local )?time\b(?! (?:do|did"
    r"|does|is the|will"
    r"|should|shall|can|for|to|in (?!the\b)\w|off|of (?:year|day|my)|machine|travel))"
    r"|\btime is it\b(?! in)"
    r"|\bhow (?:late|early) is it\b|\bis it (?:late|early|noon|midnight|past|already|after"
    r"|before)\b|\b(?:what|which) hour\b|\bclock say",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:in|at|for|over in) (?!the (?:morning|afternoon|evening)|night|fact|any|general|my|your"
    r"|short|case|time|all|once|last|least)(?-i:[A-Z])\w+",
    re.IGNORECASE,
)
_GREETING = re.compile(r"^(\W*)Good (morning|afternoon|evening)\b", re.IGNORECASE)


_TOLD_PART = re.compile(
    r"\bit(?:'s| is)(?: now| already| still| quite| very| rather| really| indeed| getting| a bit"
    r"| too| the| in the)* (?P<part>late|early|morning|noon|midday|afternoon|evening|night|midnight"
    r"|night-?time|day-?time)\b(?! (?:for|to|in (?!the\b)|of|who|that|when|where))",
    re.IGNORECASE,
)
_HOURS_OF = {
    "late": (20, 29), "early": (4, 10), "morning": (4, 12), "noon": (11, 13), "midday": (11, 14),
    "afternoon": (12, 18), "evening": (17, 24), "night": (20, 30), "midnight": (23, 25),
    "nighttime": (20, 30), "daytime": (7, 20),
}  # fmt: skip
"""From which hour to which, those after midnight counted on."""
_IS_IT = re.compile(
    r"\bis it (?:\w+ )?(?:late|early|morning|noon|afternoon|evening|night|midnight|day-?time"
    r"|(?:past|after|before) (?:noon|midnight|\w+ o'clock))(?: \w+)?\W*$",
    re.IGNORECASE,
)


def asked_of_now(text: str) -> bool:
    """ "Is it late?": asked of the present time, so that to tell it is an answer."""
    return _IS_IT.search(text) is not None


def _false_part(sentence: str, now: datetime) -> bool:
    """ "It is late" at noon."""
    for found in _TOLD_PART.finditer(sentence):
        first, last = _HOURS_OF[found["part"].lower().replace("-", "")]
        if not any(first <= hour < last for hour in (now.hour, now.hour + 24)):
            return True
    return False


def part_of_day(now: datetime) -> str:
    """As greetings go: morning until noon, evening from six."""
    return "morning" if 4 <= now.hour < 12 else "afternoon" if 12 <= now.hour < 18 else "evening"


def greeted_in_time(sentence: str, asked: str, now: datetime) -> str:
    """ "Good morning, sir." by night becomes "Good evening, sir."; what the user says may be
    returned."""
    found = _GREETING.match(sentence)
    if found is None or f"good {found[2].lower()}" in asked.lower():
        return sentence
    return f"{found[1]}Good {part_of_day(now)}{sentence[found.end() :]}"


def asks_time(text: str) -> bool:
    return _TIME_ASKED.search(text) is not None and _ELSEWHERE.search(text) is None


def false_time(sentence: str, asked: str, now: datetime) -> bool:
    """Whether a sentence names another time of day than the true one as the present one."""
    if _ELSEWHERE.search(asked) or DENIED.search(sentence):
        return False
    if _false_part(sentence, now):
        return True
    wanted = asks_time(asked)
    for found in _CLOCK_TIME.finditer(sentence):
        told = _NOW_IS.search(sentence[: found.start()])
        if not (told or wanted) or _ELSEWHERE.match(sentence[found.end() :].lstrip()):
            continue
        minutes = _minutes_of(found)
        if minutes is None:
            continue
        loose = bool(told and _ABOUT.search(told.group()))
        if _apart(minutes, _exact_half(found), now) > (15 if loose else 1):
            return True
    return False


def _minutes_of(found: re.Match[str]) -> int | None:
    """Since midnight, by the twelve hours where nothing says which; None: no such time."""
    minute = 0
    if found["h24"]:
        hour, minute = int(found["h24"]), int(found["m24"])
    elif found["past"]:
        hour = _hour(found["hp"])
        away = _minute(found["past"])
        minute = away if found["way"].lower() in ("past", "after") else -away
    elif found["hw"]:
        hour, minute = _hour(found["hw"]), _minute(found["mw"])
    else:
        hour = _hour(found["ho"] or found["hm"] or found["hb"] or found["named"])
    if hour > 24:
        return None
    half = _half(found)
    if half == "p" and hour < 12:
        hour += 12
    if half == "a" and hour == 12:
        hour = 0
    return (hour * 60 + minute) % (24 * 60)


def _half(found: re.Match[str]) -> str:
    if found["half"]:
        return found["half"].lower()
    if found["part"]:
        return "a" if found["part"].lower() == "morning" else "p"
    return ""


def _exact_half(found: re.Match[str]) -> bool:
    """Whether it is said which half of the day is meant."""
    late = bool(found["h24"] and (int(found["h24"]) > 12 or found["h24"].startswith("0")))
    return bool(_half(found) or found["named"] or late)


def _hour(words: str) -> int:
    low = words.lower()
    if low in ("noon", "midday"):
        return 12
    if low == "midnight":
        return 0
    return int(low) if low.isdecimal() else UP_TO_TWELVE[low]


def _minute(words: str) -> int:
    low = words.lower().removeprefix("a ")
    if low in ("half", "quarter"):
        return 30 if low == "half" else 15
    if low.isdecimal():
        return int(low)
    read = read_number(re.split(r"[ -]", low.removeprefix("oh ").removeprefix("oh-")))
    return int(read[0]) if read else 0


def _apart(minutes: int, exact: bool, now: datetime) -> int:
    """Minutes between a time that is told and the true one."""
    circle = 24 * 60 if exact else 12 * 60
    away = (minutes - (now.hour * 60 + now.minute)) % circle
    return min(away, circle - away)


_RELATIVE = {"today": 0, "tomorrow": 1, "yesterday": -1}
_THAT_DAY = re.compile(
    r"\b(?:(?P<day>today|tomorrow|yesterday)(?:'s date date| \(?)?(?:,)?(?: is| was| will be|'s)?"
    r"|it(?: is|'s)(?: now| currently| today)?|the (?:current )?(?:date|day)(?: today)?(?: is|'s)"
    r"|we (?:have|are (?:on|in)))[ :,]*(?:the |a |on |now |date |\w+day,? )*$",
    re.IGNORECASE,
)
_DATE_ASKED = re.compile(
    r"\b(?:what|which|tell me)\b.{0,20}\b(?:date|day|weekday|month|year)\b(?! (?:is|was|did|do"
    r"|does|will) (?!it\b|today\b|this\b|tomorrow\b|yesterday\b))|\btoday's date\b|\bis (?:it"
    r"|today) [a-z]*day\b|\bdate today\b",
    re.IGNORECASE,
)
_ORDINALS = {ordinal(number): number for number in range(1, 32)}
_NTH = rf"\d{{1,2}}(?:st|nd|rd|th)?|{either(_ORDINALS)}"
_DATE = re.compile(
    rf"\b(?:(?P<weekday>{DAY})|(?P<month>{MONTH}) (?:the )?(?P<nth>{_NTH})\b(?:,? "
    rf"(?P<year>\d{{4}}))?"
    rf"|(?P<nth2>{_NTH})(?: of)? (?P<month2>{MONTH})\b(?:,? (?P<year2>\d{{4}}))?|(?P<only>(?:19"
    rf"|20)\d\d))\b",
    re.IGNORECASE,
)


def asks_date(text: str) -> bool:
    return _DATE_ASKED.search(text) is not None


def false_date(sentence: str, asked: str, now: datetime) -> bool:
    """Whether a sentence calls today, tomorrow or yesterday by another day than it is."""
    if DENIED.search(sentence):
        return False
    wanted = asks_date(asked)
    shift = next(
        (n for word, n in _RELATIVE.items() if n and re.search(rf"\b{word}\b", asked, re.I)), 0
    )
    for found in _DATE.finditer(sentence):
        told = _THAT_DAY.search(sentence[: found.start()])
        if told is None and not wanted:
            continue
        if found["only"] and not (wanted and "year" in asked.lower()):
            continue
        offset = _RELATIVE[told["day"].lower()] if told is not None and told["day"] else shift
        if not _is_day(found, now + timedelta(days=offset)):
            return True
    return False


def is_no_day(sentence: str, now: datetime) -> bool:
    """ "Saturday, 29 November 2026", where that is a Sunday: made up, whatever it is told of."""
    found = list(_DATE.finditer(sentence))
    for weekday, date in itertools.pairwise(found):
        between = sentence[weekday.end() : date.start()]
        if not weekday["weekday"] or date["weekday"] or date["only"] or len(between) > 6:
            continue
        year = date["year"] or date["year2"] or now.year
        month, number = _day_and_month(date)
        try:
            day = datetime(int(year), month, number)
        except ValueError:
            return True
        if DAYS[day.weekday()] != weekday["weekday"].lower():
            return True
    return False


def _is_day(found: re.Match[str], day: datetime) -> bool:
    if found["weekday"]:
        return DAYS[day.weekday()] == found["weekday"].lower()
    if found["only"]:
        return int(found["only"]) == day.year
    month, number = _day_and_month(found)
    year = found["year"] or found["year2"]
    return (month, number) == (day.month, day.day) and (not year or int(year) == day.year)


def _day_and_month(found: re.Match[str]) -> tuple[int, int]:
    """Month and day of the month of a date in a text."""
    written = (found["nth"] or found["nth2"]).lower()
    digits = re.match(r"\d+", written)
    number = int(digits.group()) if digits else _ORDINALS[written]
    return MONTHS.index((found["month"] or found["month2"]).lower()) + 1, number
