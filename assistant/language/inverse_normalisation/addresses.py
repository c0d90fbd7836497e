"""Addresses: "48, ridge road. 407" → "48 Ridge Road 407"."""

from __future__ import annotations

from dataclasses import replace

from assistant.language.inverse_normalisation.cues import (
    CLEAR_STREET_TYPES,
    UNITS,
    after_address_cue,
    street_type_after,
)
from assistant.language.inverse_normalisation.pieces import Piece, Pieces, Reading, as_one, low_at
from assistant.language.numbers import ONES

_SMALL = {word: str(value) for value, word in enumerate(ONES[:13]) if value}
_LONGEST_NUMBER = 5
_SUFFIXES = frozenset("ABCDEFGH")
_LETTERED = frozenset({"flat", "apartment", "apt", "unit", "room", "suite", "gate", "number"})
"""What may be numbered with a letter behind the figures."""
_GAPS = frozenset({" ", ", ", ". "})


def read_street(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader` of a house number, the name of a street, and a number behind it."""
    number = _house_number(pieces, at)
    kind = street_type_after(pieces, at + 1) if number else None
    if kind is None or kind == at + 1 or pieces[at + 1].gap not in _GAPS:
        return None
    trailing = _trailing(pieces, kind + 1)
    if not _is_address(pieces, at, kind, trailing=trailing):
        return None
    suffix = _suffix(pieces, at + 1) if kind > at + 2 else ""
    name = [_named(piece) for piece in pieces[at + 1 + len(suffix) : kind + 1]]
    written = [replace(pieces[at], text=number + suffix), replace(name[0], gap=" "), *name[1:]]
    if trailing:
        written.append(replace(pieces[kind + 1], gap=" "))
    return written, kind + 1 + trailing


def _house_number(pieces: Pieces, at: int) -> str:
    piece = pieces[at]
    if piece.figures:
        return piece.text if len(piece.text) <= _LONGEST_NUMBER else ""
    return _SMALL.get(piece.low, "")


def _suffix(pieces: Pieces, at: int) -> str:
    """ "B" of "221 B Baker Street"."""
    letter = pieces[at].text.upper()
    return letter if len(letter) == 1 and pieces[at].close and letter in _SUFFIXES else ""


def read_flat(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader` of "2 B" in "flat 2 B"."""
    flat = at > 0 and pieces[at].close and pieces[at - 1].low in _LETTERED
    end = at + 2
    if not flat or not pieces[at].figures or not low_at(pieces, at + 1):
        return None
    letter = _suffix(pieces, at + 1)
    # "flat 2 a friend has": a small "a" is a word.
    word = pieces[at + 1].text == "a" or (end < len(pieces) and pieces[end].close)
    return as_one(pieces, at, end, pieces[at].text + letter) if letter and not word else None


def _trailing(pieces: Pieces, at: int) -> bool:
    """Whether a number behind the street's type belongs to it, and no sentence begins there."""
    if at >= len(pieces) or not pieces[at].figures or pieces[at].gap not in _GAPS:
        return False
    alone = at + 1 == len(pieces) or not pieces[at + 1].close
    return alone or (pieces[at].gap == " " and pieces[at + 1].low not in UNITS)


def _is_address(pieces: Pieces, at: int, kind: int, *, trailing: bool) -> bool:
    capital = all(piece.text[0].isupper() for piece in pieces[at + 1 : kind + 1])
    cue = after_address_cue(pieces, at) or (at > 0 and pieces[at - 1].low == "number")
    if not pieces[at].figures:
        return cue or trailing
    alone = at == 0 and kind + 1 == len(pieces)
    clear = pieces[kind].low in CLEAR_STREET_TYPES
    return capital or cue or trailing or (alone and clear)


def _named(piece: Piece) -> Piece:
    """A word of a street's name, with a capital."""
    return replace(piece, text=piece.text[0].upper() + piece.text[1:])
