"""Numbers in English words. The spelling itself is sanotts'; this decides how each kind is read."""

from __future__ import annotations

from sanotts.nano_g2p import (  # type: ignore[import-untyped]
    cardinal_words,
    decimal_words,
    ordinal_words,
    year_words,
)

LARGEST = 10**15 - 1
"""Past it numbers are read digit by digit."""


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
    """ "3.14" → "three point one four"."""
    return str(decimal_words(text)).replace(",", "")


def digits(text: str) -> str:
    """ "007" → "zero zero seven"."""
    return " ".join(cardinal(int(digit)) for digit in text if digit.isdecimal())


def number(text: str) -> str:
    """ "1,250.5" → "one thousand two hundred and fifty point five"."""
    plain = text.replace(",", "")
    return decimal(plain) if "." in plain else cardinal(int(plain))


def fraction(top: int, bottom: int) -> str:
    """3/4 → "three quarters", 7/100 → "seven over one hundred"."""
    if not 2 <= bottom <= 12 or not 1 <= top < bottom:
        return f"{cardinal(top)} over {cardinal(bottom)}"
    part = {2: "half", 4: "quarter"}.get(bottom) or ordinal(bottom)
    return f"{cardinal(top)} {part if top == 1 else 'halves' if bottom == 2 else part + 's'}"
