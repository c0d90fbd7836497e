"""Numbers in words that one writes in figures: "forty-eight", "two hundred and five", "three point
one four", "the twenty-third".

Small ones stay words, as in print ("two of us", "twelve people"), and so does what only sounds
exact: "a hundred times", "one or two hundred", "twenty to seven".
"""

from __future__ import annotations

import re

from assistant.language.inverse_normalisation.cues import NUMBERED, UNITS
from assistant.language.inverse_normalisation.pieces import (
    Pieces,
    Reading,
    as_one,
    as_they_are,
    low_at,
    lows,
)
from assistant.language.lexicon import MONTHS
from assistant.language.numbers import (
    ONES,
    SCALES,
    TENS,
    is_number_word,
    ordinal_value,
    read_number,
)

SMALL = 12
"""The largest that stays a word where nothing tells that it is more than a count."""
_GROUPED = 10_000
"""From here on commas part the thousands: "12,500", but "HAL 9000"."""
_ROUND = frozenset(SCALES) - {"thousand"}
"""Kept as words behind figures: "25 million"."""
_WINDOW = 24
"""Words of a number at most."""
_NO_CARDINAL = frozenset({"oh", "nought", "dozen"})
_UNIT_WORDS = frozenset(ONES)
_BETWEEN = frozenset({"or", "to"})
_RANGE = _BETWEEN | {"and"}
_MARKED = re.compile(r"[$€£][0-9,.]+|[0-9,.]+%")
_CLOCK = frozenset({"to", "past", "after", "before", "till"})
_HOURS = frozenset(ONES[1:13])
POINT_WORDS = {word: str(value) for value, word in enumerate(ONES[:10])} | {"oh": "0"}


def whole_number_at(pieces: Pieces, at: int) -> tuple[int, int] | None:
    """A whole number in words that begins at an index, and the index after it. "a hundred" is
    none, "a hundred and five" is."""
    words: list[str] = []
    for word in lows(pieces, at, _WINDOW):
        joint = word == "and" or (not words and word == "a")
        if not joint and (word in _NO_CARDINAL or not is_number_word(word)):
            break
        words.append(word)
    if not words or words[0] == "and":
        return None
    found = read_number(words)
    if found is None or (words[0] == "a" and found[1] < 3):
        return None
    return int(found[0]), at + found[1]


def grouped(number: int) -> str:
    return f"{number:,}" if number >= _GROUPED else str(number)


def read_decimal(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader` of "three point one four" and "version two point one point four"."""
    whole = _whole_text(pieces, at)
    if whole is None or low_at(pieces, whole[1]) != "point":
        return None
    text, end = whole
    while low_at(pieces, end) == "point" and (digits := _point_digits(pieces, end + 1))[0]:
        text, end = f"{text}.{digits[0]}", digits[1]
    return as_one(pieces, at, end, text) if "." in text else None


def _whole_text(pieces: Pieces, at: int) -> tuple[str, int] | None:
    if pieces[at].figures:
        return pieces[at].text, at + 1
    if pieces[at].low == "oh":
        return None
    number = whole_number_at(pieces, at)
    return None if number is None else (str(number[0]), number[1])


def _point_digits(pieces: Pieces, at: int) -> tuple[str, int]:
    digits = ""
    while (word := low_at(pieces, at)) and (word in POINT_WORDS or pieces[at].figures):
        digits += POINT_WORDS.get(word, word)
        at += 1
    if not digits and (number := _tens(pieces, at)) is not None:
        return str(number[0]), number[1]
    return digits, at


def _tens(pieces: Pieces, at: int) -> tuple[int, int] | None:
    """ "eleven" of "three point eleven", which some say."""
    if not low_at(pieces, at):
        return None
    number = whole_number_at(pieces, at)
    return number if number is not None and 10 <= number[0] < 100 else None


def read_cardinal(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader` of whole numbers and ordinals."""
    number = whole_number_at(pieces, at)
    if number is None:
        return None
    value, end = number
    if (
        _is_behind_digit(pieces, at)
        or _is_approximate(pieces, at, end)
        or _is_clock(pieces, at, end)
        or _is_pair_of_tens(pieces, at, end)
    ):
        return as_they_are(pieces, at, end)
    if (ordinal := _ordinal_behind(pieces, at, end, value)) is not None:
        return ordinal
    if value <= SMALL:
        return _numbered(pieces, at, end, value)
    if end == at + 2 and pieces[at + 1].low in _ROUND and pieces[at].low in ONES[: SMALL + 1]:
        return as_they_are(pieces, at, end)  # "six million"
    return as_one(pieces, at, end, _figures(pieces, at, end, value))


def _figures(pieces: Pieces, at: int, end: int, value: int) -> str:
    """ "25 million" where the last word is a large scale, else digits."""
    last = pieces[end - 1].low
    if last in _ROUND and value % SCALES[last] == 0:
        return f"{grouped(value // SCALES[last])} {last}"
    return grouped(value)


def _numbered(pieces: Pieces, at: int, end: int, value: int) -> Reading | None:
    """ "flat four", "page ten": names of things, not counts; and "between ten and twenty", whose
    other end is in figures."""
    if low_at(pieces, end) in _RANGE and _is_beside_figures(pieces, at, end):
        return as_one(pieces, at, end, str(value))
    before = low_at(pieces, at - 1, close=False) if at else ""
    behind = low_at(pieces, end)
    if before in NUMBERED and pieces[at].close and behind not in UNITS | {"of", "or", "to", "more"}:
        return as_one(pieces, at, end, str(value))
    return as_they_are(pieces, at, end)


def _is_beside_figures(pieces: Pieces, at: int, joint: int) -> bool:
    """Whether a range ends with a number that is written in figures."""
    between = low_at(pieces, at - 1, close=False) in ("between", "from")
    if not low_at(pieces, joint + 1) or (pieces[joint].low == "and" and not between):
        return False
    if _MARKED.fullmatch(pieces[joint + 1].text):
        return True
    number = whole_number_at(pieces, joint + 1)
    return (
        number is not None
        and number[0] > SMALL
        and low_at(pieces, joint + 2) not in SCALES
        and not _is_approximate(pieces, joint + 1, number[1])
    )


def _is_behind_digit(pieces: Pieces, at: int) -> bool:
    """ "seven forty seven": half of it in figures would be neither."""
    return pieces[at].close and low_at(pieces, at - 1, close=False) in _UNIT_WORDS


def _is_approximate(pieces: Pieces, at: int, end: int) -> bool:
    """ "one or two hundred": the scale belongs to both."""
    scaled = pieces[end - 1].low in SCALES or pieces[end - 1].low == "hundred"
    if not scaled or not low_at(pieces, at) or low_at(pieces, at - 1) not in _BETWEEN:
        return False
    lesser, greater = low_at(pieces, at - 2, close=False), pieces[at].low
    known = lesser in _UNIT_WORDS and greater in _UNIT_WORDS
    return known and 0 < ONES.index(lesser) < ONES.index(greater)


def _is_clock(pieces: Pieces, at: int, end: int) -> bool:
    """ "twenty to seven", "twenty-five past four"."""
    joint = end + (low_at(pieces, end) in ("minutes", "minute"))
    return low_at(pieces, joint) in _CLOCK and low_at(pieces, joint + 1) in _HOURS


def _is_pair_of_tens(pieces: Pieces, at: int, end: int) -> bool:
    """ "fifty-fifty", "eighty twenty", "twenty thirty minutes": an idiom, or two guesses."""
    beside = {low_at(pieces, end), _before(pieces, at)}
    return end == at + 1 and pieces[at].low in TENS and not beside.isdisjoint(TENS)


def _before(pieces: Pieces, at: int) -> str:
    return low_at(pieces, at - 1, close=False) if low_at(pieces, at) else ""


def _ordinal_behind(pieces: Pieces, at: int, end: int, value: int) -> Reading | None:
    """ "twenty-third", "hundred and first": a number whose last word is an ordinal."""
    joint = low_at(pieces, end) == "and" and value % 100 == 0
    end += joint  # "one hundred and first"
    last = low_at(pieces, end)
    if not last or last[0].isdigit() or (last == "second" and not joint):
        return None  # "a twenty second timer"
    number = ordinal_value(last)
    if number is None or value % 10 or value < 20 or not 0 < number < 10:
        return None
    return as_one(pieces, at, end + 1, nth(value + number))


def nth(number: int) -> str:
    """21 → "21st"."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 <= number % 100 < 20 else ending}"


_PARTS_OF_VERSION = 3
_VERSIONED = frozenset({"version", "python", "release", "update"})


def read_dotted(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader` of "192 dot 168 dot one dot one", and of "version two dot one"."""
    text, end, count = _dotted_part(pieces, at), at + 1, 1
    if not text:
        return None
    while low_at(pieces, end) == "dot" and (part := _dotted_part(pieces, end + 1)):
        text, end, count = f"{text}.{part}", end + 2, count + 1
    named = low_at(pieces, at - 1, close=False) in _VERSIONED if at else False
    enough = _PARTS_OF_VERSION - named
    return as_one(pieces, at, end, text) if count >= enough else None


def _dotted_part(pieces: Pieces, at: int) -> str:
    if at >= len(pieces) or pieces[at].fixed:
        return ""
    return pieces[at].text if pieces[at].figures else POINT_WORDS.get(pieces[at].low, "")


_MAY = "may"
_DATE_MONTHS = frozenset(MONTHS)


def read_day(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader` of days of a month: "the third of May", "May the fourth", "June twenty-first"."""
    day = _ordinal(pieces, at)
    if day is None or not 1 <= day[0] <= 31:
        return None
    value, end = day
    if low_at(pieces, end) == "of" and low_at(pieces, end + 1) in _DATE_MONTHS:
        return as_one(pieces, at, end, nth(value))
    article = low_at(pieces, at - 1, close=False) == "the" and low_at(pieces, at) != ""
    month = at - 1 - article
    if month < 0 or not (low_at(pieces, at) and (not article or pieces[at - 1].close)):
        return None
    name = pieces[month].text
    named = name.lower() in _DATE_MONTHS and (name.lower() != _MAY or name[0].isupper())
    return as_one(pieces, at, end, nth(value)) if named else None


def _ordinal(pieces: Pieces, at: int) -> tuple[int, int] | None:
    first = pieces[at].low
    if first[0].isdigit():
        return None
    if first in TENS:
        behind = low_at(pieces, at + 1)
        unit = ordinal_value(behind) if behind and not behind[0].isdigit() else None
        return None if unit is None or unit > 9 else (20 + 10 * TENS.index(first) + unit, at + 2)
    value = ordinal_value(first)
    return None if value is None else (value, at + 1)
