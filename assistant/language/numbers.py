"""Numbers in words: reading them ("two hundred and five") and saying them ("twenty-first")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_ONES = _NUMBERS.split()
_DECADE_NAMES = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = _DECADE_NAMES.split()
_UNITS = {word: value for value, word in enumerate(_ONES)} | {"oh": 0, "nought": 0}
_DECADES = {word: 20 + 10 * place for place, word in enumerate(_TENS)} | {"fourty": 40}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_FIXED = {"dozen": 12}
_ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fifth": 5,
    "eighth": 8,
    "ninth": 9,
    "twelfth": 12,
}
_DIGITS = re.compile(r"\d*\.?\d+|\d+\.")


def is_number_word(word: str) -> bool:
    """Whether a lower-case word is part of a spoken number ("forty", "hundred")."""
    return word in _UNITS or word in _DECADES or word in _SCALES or word in ("hundred", "dozen")


def ordinal_value(word: str) -> int | None:
    """ "10th" and "tenth" → 10; None for anything else below a hundred in one word."""
    if match := re.fullmatch(r"(\d{1,3})(?:st|nd|rd|th)", word):
        return int(match.group(1))
    if word in _ORDINALS:
        return _ORDINALS[word]
    if word.endswith("ieth") and word[:-4] + "y" in _DECADES:
        return _DECADES[word[:-4] + "y"]
    return _UNITS.get(word[:-2]) if word.endswith("th") else None


def read_number(words: Sequence[str], start: int = 0) -> tuple[Fraction, int] | None:
    """The number that begins at `words[start]`, and the index after it; None where none does."""
    at = start
    if at < len(words) and words[at] in ("a", "an"):
        if at + 1 < len(words) and (words[at + 1] in _SCALES or words[at + 1] in _HUNDREDLIKE):
            value, at = _read_whole(["one", *words[at + 1 :]], 0, at)
        else:
            return None
    elif at < len(words) and _DIGITS.fullmatch(words[at]):
        value, at = Fraction(words[at]), at + 1
        while at < len(words) and (words[at] in _SCALES or words[at] == "hundred"):
            value *= _SCALES.get(words[at], 100)
            at += 1
    else:
        whole = _read_whole(words, start, start)
        if whole[1] == start:
            return None
        value, at = whole
    return _read_decimals(words, value, at)


_HUNDREDLIKE = frozenset({"hundred", "dozen"})


def _read_whole(words: Sequence[str], at: int, offset: int) -> tuple[Fraction, int]:
    """Read a whole number in words from `at`; the index returned is shifted by `offset - at`."""
    shift = offset - at
    total, group = 0, 0
    room = 1_000  # what may still be added to this group must be smaller than its last word
    begun = False
    while at < len(words):
        word = words[at]
        joined = word == "and" and begun and room < 1_000 and group % 100 == 0
        if joined and at + 1 < len(words) and _below_hundred(words[at + 1]):
            at += 1
            continue
        if word in _UNITS and room > 9 and (_UNITS[word] < 10 or room >= 100):
            if room < 100 and _UNITS[word] == 0:
                break
            group, room = group + _UNITS[word], 0
        elif word in _DECADES and room >= 100:
            group, room = group + _DECADES[word], 10
        elif word == "hundred" and begun and 0 < group < 100 and room < 1_000:
            group, room = group * 100, 100
        elif word in _FIXED and begun and 0 < group < 1_000:
            group, room = group * _FIXED[word], 0
        elif word in _SCALES and begun and group and (not total or total % (_SCALES[word]) == 0):
            total, group, room = total + group * _SCALES[word], 0, 999
        else:
            break
        begun = True
        at += 1
    return Fraction(total + group), at + shift


def _below_hundred(word: str) -> bool:
    return word in _UNITS or word in _DECADES


def _read_decimals(words: Sequence[str], value: Fraction, at: int) -> tuple[Fraction, int]:
    """ "point one four" after a whole number."""
    if at + 1 >= len(words) or words[at] != "point":
        return value, at
    digits, end = "", at + 1
    while end < len(words):
        word = words[end]
        if _UNITS.get(word, 10) < 10:
            digits += str(_UNITS[word])
        elif word.isdigit() and word.isascii():
            digits += word
        else:
            break
        end += 1
    if not digits or len(digits) > 30:
        return value, at
    return value + Fraction(int(digits), 10 ** len(digits)), end


def cardinal(number: int) -> str:
    """A whole number from 0 to 999,999 in words: "two hundred and five"."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")
    if number < 1_000:
        hundreds, rest = divmod(number, 100)
        return f"{_ONES[hundreds]} hundred" + (f" and {cardinal(rest)}" if rest else "")
    thousands, rest = divmod(number, 1_000)
    words = f"{cardinal(thousands)} thousand"
    if not rest:
        return words
    return f"{words} and {cardinal(rest)}" if rest < 100 else f"{words} {cardinal(rest)}"


def ordinal(number: int) -> str:
    """1 → "first", 21 → "twenty-first"; from 1 to 999,999."""
    words = cardinal(number)
    stem, last = words[: -len(words.split("-")[-1].split()[-1])], words.split("-")[-1].split()[-1]
    for word, value in _ORDINALS.items():
        if value == _UNITS.get(last):
            return stem + word
    return stem + (last[:-1] + "ieth" if last.endswith("y") else last + "th")
