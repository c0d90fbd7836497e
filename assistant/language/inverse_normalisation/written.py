"""Text as it was spoken, into text as one writes it: "forty eight ridge road four oh seven" → "48
Ridge Road 407", "Soraya, S-O-R-A-Y-A" → "Soraya", "anna at example dot com" → "anna@example.com".
"""

from __future__ import annotations

from functools import lru_cache

from assistant.language.inverse_normalisation.addresses import read_flat, read_street
from assistant.language.inverse_normalisation.amounts import read_money, read_percent
from assistant.language.inverse_normalisation.cardinals import (
    read_cardinal,
    read_day,
    read_decimal,
    read_dotted,
)
from assistant.language.inverse_normalisation.codes import read_code
from assistant.language.inverse_normalisation.digit_strings import read_digit_string
from assistant.language.inverse_normalisation.electronic import read_address
from assistant.language.inverse_normalisation.idioms import fixed
from assistant.language.inverse_normalisation.pieces import Reader, join, scan, split
from assistant.language.inverse_normalisation.spelling import read_respelled, read_spelling
from assistant.language.inverse_normalisation.times import read_time, read_year

_READERS: tuple[Reader, ...] = (
    read_address,
    read_respelled,
    read_code,
    read_spelling,
    read_time,
    read_decimal,
    read_digit_string,
    read_dotted,
    read_percent,
    read_money,
    read_day,
    read_year,
    read_cardinal,
    read_street,
    read_flat,
)
"""In this order: what only looks like a number to a later rule was taken by an earlier one."""
_PASSES = 12
"""Most passes over a text; two are enough for nearly all. Each leaves fewer pieces, or fewer words
that stand for figures, so that written text stays as it is."""


@lru_cache(maxsize=256)
def written(text: str) -> str:
    """The text in the form in which one writes it; written text stays as it is. Takes time in
    proportion to its length, and raises nothing. Kept, because partial texts come again."""
    for _ in range(_PASSES):
        better = _pass(text)
        if better == text:
            break
        text = better
    return text


def _pass(text: str) -> str:
    pieces, tail = split(text)
    pieces = fixed(pieces)
    for read in _READERS:
        pieces = scan(pieces, read)
    return join(pieces, tail)
