"""Times of day and years: "seven thirty p m", "at six fifteen", "nineteen eighty-four"."""

from __future__ import annotations

import re

from assistant.language.inverse_normalisation.cardinals import whole_number_at
from assistant.language.inverse_normalisation.cues import UNITS
from assistant.language.inverse_normalisation.pieces import (
    Piece,
    Pieces,
    Reading,
    as_one,
    low_at,
    lows,
    words_before,
)
from assistant.language.lexicon import MONTHS, word_set
from assistant.language.numbers import ONES, TENS

_HOUR_WORDS = {word: value for value, word in enumerate(ONES[1:13], start=1)}
_DIGITS = {word: value for value, word in enumerate(ONES[:10])}
_BEFORE_TIME = word_set("at by until till before after around about from to since past")
_APPOINTED = word_set(
    "alarm alarms reminder appointment meeting table booked scheduled planned reservation"
)
"""What is for an hour: "an alarm for six fifteen"."""
_BEFORE_YEAR = frozenset(MONTHS) | word_set(
    "in since of year until till before after by around from during late early circa to and"
)
_CENTURIES = range(17, 21)
"""First halves of a year that are believed without a word like "in" before them."""
_ANY_CENTURY = range(11, 22)
_DECADES = {f"{word[:-1]}ies": 20 + 10 * place for place, word in enumerate(TENS)}
_TRAILING = re.compile(r"[ap]\.?m", re.IGNORECASE)


def read_time(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader`: an hour and minutes with "a m" or "p m" behind them, or "at" before them."""
    hour = _hour(pieces, at)
    if hour is None:
        return None
    minutes, end = _minutes(pieces, at + 1)
    half, after = _half_of_day(pieces, end)
    if not half:
        asked = at > 0 and pieces[at].close and _tells_time(pieces, at - 1)
        if not minutes or not asked or not _ends(pieces, end):
            return None
        return as_one(pieces, at, end, f"{hour}:{minutes}")
    if not minutes and pieces[at].figures and after == end + 1:
        return None  # "7 pm" is written so already
    clock = f"{hour}:{minutes}" if minutes else str(hour)
    written = [Piece(pieces[at].gap, clock), Piece(" ", half)]
    return written, after


def _tells_time(pieces: Pieces, at: int) -> bool:
    """Whether a word before an hour tells that it is one: "at", and "for" of an alarm."""
    if pieces[at].low != "for":
        return pieces[at].low in _BEFORE_TIME
    return not _APPOINTED.isdisjoint(words_before(pieces, at, 3))


def _hour(pieces: Pieces, at: int) -> int | None:
    piece = pieces[at]
    if piece.figures and len(piece.text) <= 2 and 1 <= int(piece.text) <= 12:
        return int(piece.text)
    return _HOUR_WORDS.get(piece.low)


def _minutes(pieces: Pieces, at: int) -> tuple[str, int]:
    """ "05" and "30" of what is spoken behind an hour, and the index after it; "" for none."""
    first = low_at(pieces, at)
    if not first:
        return "", at
    if pieces[at].figures:
        two = len(first) == 2 and int(first) < 60
        return (first, at + 1) if two else ("", at)
    if first in ("oh", "o", "zero") and _DIGITS.get(low_at(pieces, at + 1), 0) > 0:
        return f"0{_DIGITS[low_at(pieces, at + 1)]}", at + 2
    number = whole_number_at(pieces, at)
    if number is None or not 10 <= number[0] < 60:
        return "", at
    return str(number[0]), number[1]


def _half_of_day(pieces: Pieces, at: int) -> tuple[str, int]:
    """ "am" or "pm", and the index after it; "p m" and "p.m." are two pieces."""
    first, second = low_at(pieces, at), low_at(pieces, at + 1, close=False)
    if _TRAILING.fullmatch(first):
        return first, at + 1
    if first in ("a", "p") and second == "m" and pieces[at + 1].gap in (" ", "-", "."):
        dot = "." if pieces[at + 1].gap == "." else ""
        return f"{first}{dot}m", at + 2
    return "", at


def _ends(pieces: Pieces, end: int) -> bool:
    """Whether no further number and no unit follows: "at six fifty euros" is no time."""
    word = low_at(pieces, end)
    return word not in UNITS and word not in ("point", "oh", "and") and not _is_number(pieces, end)


def _is_number(pieces: Pieces, at: int) -> bool:
    if not low_at(pieces, at):
        return False
    return pieces[at].amount or whole_number_at(pieces, at) is not None


def read_year(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader` of years in two halves: "nineteen eighty-four", "twenty oh five"."""
    words = lows(pieces, at, 4)
    century = _below_hundred(words[:1], 10)
    if century is None or century not in _ANY_CENTURY:
        return None
    if len(words) > 1 and words[1] == "hundreds":
        return as_one(pieces, at, at + 2, f"{century}00s")
    if len(words) > 1 and words[1] in _DECADES:
        return as_one(pieces, at, at + 2, f"{century}{_DECADES[words[1]]}s")
    rest, length = _rest(words[1:])
    if rest is None:
        return None
    end = at + 1 + length
    told = at > 0 and pieces[at].close and pieces[at - 1].low in _BEFORE_YEAR
    if not told and (century not in _CENTURIES or rest == century or low_at(pieces, end) in UNITS):
        return None
    if _is_number(pieces, end):
        return None
    return as_one(pieces, at, end, f"{century}{rest:02}")


def _rest(words: list[str]) -> tuple[int | None, int]:
    if not words:
        return None, 0
    if words[0] in ("oh", "o") and len(words) > 1 and _DIGITS.get(words[1]):
        return _DIGITS[words[1]], 2
    if words[0] in TENS and len(words) > 1 and _DIGITS.get(words[1]):
        return _below_hundred(words[:1], 10, _DIGITS[words[1]]), 2
    return _below_hundred(words[:1], 10), 1


def _below_hundred(words: list[str], least: int, unit: int = 0) -> int | None:
    if not words:
        return None
    if words[0] in TENS:
        return 20 + 10 * TENS.index(words[0]) + unit
    value = ONES.index(words[0]) if words[0] in ONES else 0
    return value if value >= least else None
