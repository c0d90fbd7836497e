"""Letters and digits mixed: "S W one A one A A" → "SW1A 1AA", "B A 1 4 2" → "BA142", "H two O"."""

from __future__ import annotations

import re
from itertools import groupby

from assistant.language.inverse_normalisation.digit_strings import MULTIPLES, ZEROS
from assistant.language.inverse_normalisation.pieces import (
    Pieces,
    Reading,
    as_one,
    as_they_are,
    low_at,
)
from assistant.language.numbers import ONES

_DIGITS = {word: str(value) for value, word in enumerate(ONES[:10])}
_LETTERS_TOGETHER = 3
"""More letters in a row are a word that is spelled beside a number."""
_FEWEST_LETTERS = 2
_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})")
"""Of the United Kingdom (BS 7666)."""


def read_code(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader` of letters and digits, one by one."""
    text, end = "", at
    while end < len(pieces) and (end == at or pieces[end].close):
        one = _character(pieces, end, text)
        if one is None:
            break
        text, end = text + one[0], one[1]
    if end - at < 2:
        return None
    if not _is_code(text, end - at):
        return as_they_are(pieces, at, end)
    postcode = _POSTCODE.fullmatch(text)
    return as_one(pieces, at, end, " ".join(postcode.groups()) if postcode else text)


def _character(pieces: Pieces, at: int, before: str) -> tuple[str, int] | None:
    """A letter or a digit (or a double one), and the index after it."""
    piece = pieces[at]
    if piece.fixed:
        return None
    if piece.low in MULTIPLES and low_at(pieces, at + 1):
        one = _character(pieces, at + 1, before) if pieces[at + 1].low not in MULTIPLES else None
        return None if one is None or len(one[0]) > 1 else (one[0] * MULTIPLES[piece.low], one[1])
    if len(piece.text) == 1 and "A" <= piece.text <= "Z":
        return piece.text, at + 1
    if piece.figures and len(piece.text) == 1:
        return piece.text, at + 1
    if piece.low in ZEROS and piece.low != "o" and before[-1:].isdigit():
        return "0", at + 1
    digit = _DIGITS.get(piece.low)
    return None if digit is None or low_at(pieces, at + 1) == "hundred" else (digit, at + 1)


def _is_code(text: str, items: int) -> bool:
    runs = ["".join(run) for _, run in groupby(text, key=str.isdigit)]
    letters = [run for run in runs if not run.isdigit()]
    mixed = 0 < len(letters) < len(runs)
    short = all(len(run) <= _LETTERS_TOGETHER for run in letters)
    return mixed and short and items > 2 and len("".join(letters)) >= _FEWEST_LETTERS
