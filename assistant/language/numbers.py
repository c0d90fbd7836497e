"""Numbers in words: reading them ("two hundred and five") and saying them ("twenty-first", "three
point one", "about 3.33").
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
"""Each at the place of its value."""
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
"""From 20, ten apart."""
UP_TO_TWELVE = {word: value for value, word in enumerate(ONES[:13]) if value} | {"a": 1, "an": 1}
"""What people count days, weeks and hours with, where they write no figures."""
SCALES = {
    word: 1_000**power
    for power, word in enumerate(("thousand", "million", "billion", "trillion"), start=1)
}
LARGEST = 10**18 - 1
"""Past it numbers are said digit by digit."""

_UNITS = {word: value for value, word in enumerate(ONES)} | {"oh": 0, "nought": 0}
_DECADES = {word: 20 + 10 * place for place, word in enumerate(TENS)} | {"fourty": 40}
_FIXED = {"dozen": 12}
_IRREGULAR = {"one": "first", "two": "second", "three": "third", "five": "fifth",
              "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}  # fmt: skip
"""Ordinals that are not their number with "th" behind it."""
_ORDINALS = {ordinal: _UNITS[word] for word, ordinal in _IRREGULAR.items()}
_HUNDREDLIKE = frozenset({"hundred", "dozen"})
_FIGURES = re.compile(r"\d*\.?\d+|\d+\.")
PARTS = {2: "half", 4: "quarter"}
"""Of a whole, that are not named by their ordinal."""


def is_number_word(word: str) -> bool:
    """Whether a lower-case word is part of a spoken number ("forty", "hundred")."""
    return word in _UNITS or word in _DECADES or word in SCALES or word in _HUNDREDLIKE


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
        if at + 1 < len(words) and (words[at + 1] in SCALES or words[at + 1] in _HUNDREDLIKE):
            value, at = _read_whole(["one", *words[at + 1 :]], 0, at)
        else:
            return None
    elif at < len(words) and _FIGURES.fullmatch(words[at]):
        value, at = Fraction(words[at]), at + 1
        while at < len(words) and (words[at] in SCALES or words[at] == "hundred"):
            value *= SCALES.get(words[at], 100)
            at += 1
    else:
        whole = _read_whole(words, start, start)
        if whole[1] == start:
            return None
        value, at = whole
    return _read_decimals(words, value, at)


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
        elif word in SCALES and begun and group and (not total or total % (SCALES[word]) == 0):
            total, group, room = total + group * SCALES[word], 0, 999
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
    """A whole number from 0 in words: "two hundred and five"."""
    if number > LARGEST:
        return digits(str(number))
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return TENS[tens - 2] + (f"-{ONES[ones]}" if ones else "")
    if number < 1_000:
        return _with_rest(ONES[number // 100], "hundred", number % 100)
    size = 1_000 ** ((len(str(number)) - 1) // 3)
    name = next((word for word, value in SCALES.items() if value == size), "quadrillion")
    return _with_rest(cardinal(number // size), name, number % size)


def _with_rest(count: str, scale: str, rest: int) -> str:
    joint = " and " if rest < 100 else " "
    return f"{count} {scale}" + (f"{joint}{cardinal(rest)}" if rest else "")


def ordinal(number: int) -> str:
    """1 → "first", 21 → "twenty-first"."""
    words = cardinal(number)
    if number > LARGEST:
        return words
    last = re.split("[ -]", words)[-1]
    stem = words.removesuffix(last)
    if last in _IRREGULAR:
        return stem + _IRREGULAR[last]
    return stem + (last[:-1] + "ieth" if last.endswith("y") else last + "th")


def year(value: int) -> str:
    """1984 → "nineteen eighty-four", 2005 → "two thousand and five", 1905 → "nineteen oh-five"."""
    century, rest = divmod(value, 100)
    if not 100 < value < 10_000 or (century % 10 == 0 and rest < 10):
        return cardinal(value)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh-' if rest < 10 else ''}{cardinal(rest)}"


def decimal(text: str) -> str:
    """ "3.05" → "three point zero five"; whole numbers are read as such."""
    whole, _, part = text.partition(".")
    spoken = number(whole) if whole else cardinal(0)
    return f"{spoken} point {digits(part)}" if part else spoken


def digits(text: str) -> str:
    """ "007" → "zero zero seven"."""
    return " ".join(cardinal(int(digit)) for digit in text if digit.isdecimal())


def plain(written: str) -> str:
    """ "1,250.5", "1.250,5" and "12,5" → "1250.5", "1250.5" and "12.5": a comma before three digits
    groups, a comma before one or two is a decimal point; what comes last decides."""
    text = re.sub(r"[\s'’_]", "", written)
    comma, dot = text.rfind(","), text.rfind(".")
    if comma > dot and dot >= 0:
        return text.replace(".", "").replace(",", ".")
    if dot < 0 and re.fullmatch(r"\d+,\d{1,2}", text):
        return text.replace(",", ".")
    if text.count(".") > 1:
        return text.replace(".", "")
    return text.replace(",", "")


def number(written: str) -> str:
    """ "1,250.5" → "one thousand two hundred and fifty point five"; "007" digit by digit."""
    text = plain(written)
    if "." in text:
        return decimal(text)
    grouped = text != written
    if len(text) > 1 and text[0] == "0":
        return digits(text)
    if len(text) > 7 and not grouped and not text.endswith("000"):
        return digits(text)
    return cardinal(int(text)) if len(text) <= 18 else digits(text)


def fraction(top: int, bottom: int) -> str:
    """3/4 → "three quarters", 8/10 → "eight out of ten", 7/64 → "seven over sixty-four"."""
    if bottom in (10, 100):
        return f"{cardinal(top)} out of {cardinal(bottom)}"
    if not 2 <= bottom <= 20 or not 1 <= top < bottom:
        return f"{cardinal(top)} over {cardinal(bottom)}"
    part = PARTS.get(bottom) or ordinal(bottom)
    return f"{cardinal(top)} {part if top == 1 else 'halves' if bottom == 2 else part + 's'}"


def mixed(whole: str, top: int, bottom: int) -> str:
    """3, 1, 2 → "three and a half"; 2, 3, 4 → "two and three quarters"."""
    part = fraction(top, bottom)
    if top == 1 and " over " not in part and " out " not in part:
        part = ("an " if bottom in (8, 11, 18) else "a ") + part.removeprefix("one ")
    return f"{number(whole)} and {part}"


def amount(written: str) -> str:
    """A number that may be mixed: "3 1/2" → "three and a half"."""
    match = re.fullmatch(r"(.+?)[ ](\d+)/(\d+)", written)
    return mixed(match[1], int(match[2]), int(match[3])) if match else number(written)


def in_pairs(text: str) -> str:
    """Three or four digits of a name: "747" → "seven forty-seven", "404" → "four oh four"."""
    if len(text) == 4:
        return year(int(text)) if text[0] != "0" else digits(text)
    head, tail = int(text[:-2]), int(text[-2:])
    if tail == 0:
        return cardinal(int(text))
    return f"{cardinal(head)} {'oh ' if tail < 10 else ''}{cardinal(tail)}"


def spoken_result(value: Fraction | float) -> str:
    """What a sum came to, as one says it: "42", "about 3.33", "about 1.27 times 10 to the power of
    30". A float is no exact value; figures stay figures."""
    exact = isinstance(value, Fraction)
    sign = "minus " if value < 0 else ""
    size: Fraction | float = -value if value < 0 else value
    if size >= 10**15 or 0 < size < Fraction(1, 1_000):
        return _scientific(sign, size)
    if size == int(size):
        return f"{'' if exact else 'about '}{sign}{int(size):,}"
    for places in (1, 2, 3, 4):
        if exact and (Fraction(size) * 10**places).denominator == 1:
            return f"{sign}{int(size):,}" + f"{float(size % 1):.{places}f}"[1:]
    figures = f"{float(size):,.2f}" if size >= Fraction(1, 10) else f"{float(size):.2g}"
    shown = figures.rstrip("0").rstrip(".")
    return f"about {sign}{shown}"


def _scientific(sign: str, size: Fraction | float) -> str:
    exponent = math.floor(math.log10(size))
    scaled = Fraction(size) / Fraction(10) ** exponent
    mantissa = f"{float(scaled):.2f}".rstrip("0").rstrip(".")
    if mantissa == "10":
        mantissa, exponent = "1", exponent + 1
    power = f"10 to the power of {'minus ' if exponent < 0 else ''}{abs(exponent)}"
    about = "" if Fraction(mantissa) * Fraction(10) ** exponent == size else "about "
    return f"{about}{sign}{power if mantissa == '1' else f'{mantissa} times {power}'}"
