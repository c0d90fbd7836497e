"""Percent and money: "fifty percent", "five dollars and fifty cents", "three euros fifty"."""

from __future__ import annotations

from assistant.language.inverse_normalisation.cardinals import grouped, whole_number_at
from assistant.language.inverse_normalisation.pieces import (
    Piece,
    Pieces,
    Reading,
    as_one,
    low_at,
)
from assistant.language.numbers import SCALES

_SIGNS = {"dollar": "$", "dollars": "$", "euro": "€", "euros": "€"}
_STERLING = {"pound": "£", "pounds": "£"}
_CENTS = frozenset({"cent", "cents"})
_PENCE = frozenset({"pence", "p"})
_NO_COIN = frozenset({"bill", "bills", "note", "notes", "coin", "coins", "store", "stores"})


def read_percent(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader`: "fifty percent" → "50%", "3.5 per cent" → "3.5%"."""
    amount = _amount(pieces, at)
    if amount is None:
        return None
    text, end = amount
    if low_at(pieces, end) == "percent":
        return as_one(pieces, at, end + 1, f"{text}%")
    if low_at(pieces, end) == "per" and low_at(pieces, end + 1) == "cent":
        return as_one(pieces, at, end + 2, f"{text}%")
    return None


def read_money(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader` of dollars and euros; of pounds where pence tell that they are no weight."""
    number = whole_number_at(pieces, at)
    if number is None:
        return None
    value, end = number
    if (price := _price(pieces, at, end, value)) is not None:
        return price
    unit = low_at(pieces, end)
    cents, after = _small_change(pieces, end + 1)
    if unit in ("pound", "pounds"):
        return as_one(pieces, at, after, f"£{grouped(value)}.{cents}") if cents else None
    sign = _SIGNS.get(unit)
    if sign is None or value == 1 or low_at(pieces, after) in _NO_COIN:
        return None
    if cents:
        return as_one(pieces, at, after, f"{sign}{grouped(value)}.{cents}")
    scale = pieces[end - 1].low
    if scale in SCALES and scale != "thousand" and value % SCALES[scale] == 0:
        amount = Piece(pieces[at].gap, f"{sign}{grouped(value // SCALES[scale])}")
        return [amount, Piece(" ", scale)], end + 1
    return as_one(pieces, at, end + 1, f"{sign}{grouped(value)}")


def _price(pieces: Pieces, at: int, end: int, value: int) -> Reading | None:
    """ "nineteen ninety nine dollars"."""
    rest = whole_number_at(pieces, end) if low_at(pieces, end) else None
    if rest is None or value > 99 or not 10 <= rest[0] < 100:
        return None
    sign = (_SIGNS | _STERLING).get(low_at(pieces, rest[1]))
    return as_one(pieces, at, rest[1] + 1, f"{sign}{value}.{rest[0]}") if sign else None


def _amount(pieces: Pieces, at: int) -> tuple[str, int] | None:
    if pieces[at].amount:
        return pieces[at].text, at + 1
    number = whole_number_at(pieces, at)
    return None if number is None else (grouped(number[0]), number[1])


def _small_change(pieces: Pieces, at: int) -> tuple[str, int]:
    """ "05" and "50" of "and five cents", "fifty"; "" for none, and the index after it."""
    joint = low_at(pieces, at) == "and"
    number = whole_number_at(pieces, at + joint) if low_at(pieces, at + joint) else None
    if number is None or not 1 <= number[0] < 100:
        return "", at
    value, end = number
    if low_at(pieces, end) in _CENTS | _PENCE:
        return f"{value:02}", end + 1
    bare = not joint and value >= 10 and not low_at(pieces, end)
    return (f"{value:02}", end) if bare else ("", at)
