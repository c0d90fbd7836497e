"""Pieces: words and figures of a text, each with what stands before it, and how rules go over them
once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

_PIECE = re.compile(r"\d+(?:,\d{3})+(?!\d)(?:\.\d+)?(?![^\W_])|[^\W_]+(?:['’][^\W\d_]+)*")
"""A figure with commas between thousands is one piece, and so is "R2"."""
_PLAIN_GAP = re.compile(r"[ ]|-")
_ASCII_FIGURES = re.compile(r"[0-9]+")
_AMOUNT = re.compile(r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Piece:
    gap: str
    """What stands between the piece before and this one."""
    text: str
    fixed: bool = False
    """No rule may read it; it can still tell what stands beside it."""

    @property
    def low(self) -> str:
        return self.text.lower()

    @property
    def close(self) -> bool:
        """Whether nothing but a blank or a hyphen stands before it."""
        return not self.fixed and _PLAIN_GAP.fullmatch(self.gap) is not None

    @property
    def figures(self) -> bool:
        """Digits and nothing else."""
        return not self.fixed and _ASCII_FIGURES.fullmatch(self.text) is not None

    @property
    def amount(self) -> bool:
        """Digits, perhaps with commas between thousands."""
        return _AMOUNT.fullmatch(self.text) is not None

    @property
    def begins_sentence(self) -> bool:
        return any(mark in self.gap for mark in ".!?;:\n")


Pieces = list[Piece]
Reading = tuple[Pieces, int]
"""What is written for the pieces from some index on, and the index after the last of them."""
Reader = Callable[[Pieces, int], Reading | None]
"""Reads what begins at an index; None where nothing of its kind does. What it has looked at for
long it must also take, so that a text is read in time proportional to its length."""


def split(text: str) -> tuple[Pieces, str]:
    """The pieces, and what stands behind the last."""
    pieces, at = [], 0
    for match in _PIECE.finditer(text):
        pieces.append(Piece(text[at : match.start()], match.group()))
        at = match.end()
    return pieces, text[at:]


def join(pieces: Iterable[Piece], tail: str) -> str:
    return "".join(f"{piece.gap}{piece.text}" for piece in pieces) + tail


def scan(pieces: Pieces, read: Reader) -> Pieces:
    """The pieces with everything rewritten that `read` reads, from left to right."""
    result: Pieces = []
    at = 0
    while at < len(pieces):
        reading = None if pieces[at].fixed else read(pieces, at)
        if reading is None:
            result.append(pieces[at])
            at += 1
        else:
            result += reading[0]
            at = reading[1]
    return result


def as_one(pieces: Pieces, start: int, end: int, text: str) -> Reading:
    """`text` in place of `pieces[start:end]`."""
    return [replace(pieces[start], text=text)], end


def as_they_are(pieces: Pieces, start: int, end: int) -> Reading:
    """`pieces[start:end]` stay, and are not read again by this rule."""
    return pieces[start:end], end


def lows(pieces: Pieces, start: int, count: int) -> list[str]:
    """At most `count` lower-case words from `start` on, with nothing but blanks or hyphens between
    them."""
    found: list[str] = []
    for at in range(start, min(start + count, len(pieces))):
        if found and not pieces[at].close:
            break
        found.append(pieces[at].low)
    return found


def low_at(pieces: Pieces, at: int, *, close: bool = True) -> str:
    """The lower-case word at an index, "" where there is none, or where more than a blank or a
    hyphen stands before it."""
    if not 0 <= at < len(pieces) or (close and not pieces[at].close):
        return ""
    return pieces[at].low


def words_before(pieces: Pieces, at: int, count: int) -> list[str]:
    """At most `count` lower-case words before an index, the nearest first, of the same sentence."""
    found: list[str] = []
    while at > 0 and len(found) < count and not pieces[at].begins_sentence:
        at -= 1
        found.append(pieces[at].low)
    return found
