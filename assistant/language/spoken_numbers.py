"""Numbers in English words. The spelling itself is sanotts'; this decides how each kind is read."""

from __future__ import annotations

import re

from sanotts.nano_g2p import (  # type: ignore[import-untyped]
    cardinal_words,
    ordinal_words,
    year_words,
)

LARGEST = 10**18 - 1
"""Past it numbers are read digit by digit."""
_IRREGULAR = {2: "half", 4: "quarter"}


def cardinal(value: int) -> str:
    """42 → "forty-two"."""
    return str(cardinal_words(value)).replace(",", "") if value <= LARGEST else digits(str(value))


def ordinal(value: int) -> str:
    """21 → "twenty-first"."""
    return str(ordinal_words(value)).replace(",", "") if value <= LARGEST else digits(str(value))


def year(value: int) -> str:
    """1984 → "nineteen eighty-four", 2005 → "two thousand and five"."""
    return str(year_words(value))


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
    part = _IRREGULAR.get(bottom) or ordinal(bottom)
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
