"""What stays as it was said: idioms with numbers, formations of teams, and letters about whose
spelling somebody asks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from assistant.language.inverse_normalisation.digit_strings import ZEROS
from assistant.language.inverse_normalisation.pieces import Pieces, low_at
from assistant.language.numbers import ONES

_IDIOMS = (
    "twenty four seven|nine to five|fifty fifty|forty winks|catch twenty two|seven eleven"
    "|two four six eight|one two one two|one two punch"
    "|twenty twenty vision"
    "|twenty one pilots|may the fourth be"
    "|thirty something"
    "|forty something|twenty something"
)
_PHRASES: dict[str, list[list[str]]] = defaultdict(list)
for _phrase in _IDIOMS.split("|"):
    _PHRASES[_phrase.split()[0]].append(_phrase.split())
_FORMATIONS = frozenset({"formation", "formations", "system"})
_ASKING = frozenset({"do", "does", "should", "would", "can", "did", "could"})


def fixed(pieces: Pieces) -> Pieces:
    """The pieces, with those fixed that stay."""
    keep: set[int] = set()
    for at in range(len(pieces)):
        keep.update(range(at, _idiom_end(pieces, at)))
        if pieces[at].low in _FORMATIONS:
            keep.update(_dashed_before(pieces, at))
    keep |= _letters_asked_about(pieces)
    return [replace(piece, fixed=True) if at in keep else piece for at, piece in enumerate(pieces)]


def _idiom_end(pieces: Pieces, at: int) -> int:
    """The index after the idiom that begins at an index; the index itself where none does."""
    for phrase in _PHRASES.get(pieces[at].low, ()):
        end = at + len(phrase)
        rest = (low_at(pieces, at + offset, close=False) for offset in range(len(phrase)))
        if end <= len(pieces) and list(rest) == phrase and not _is_among_digits(pieces, at, end):
            return end
    return at


def _is_among_digits(pieces: Pieces, start: int, end: int) -> bool:
    """Whether the idiom is part of a longer number."""
    around = [pieces[at] for at in (start - 1, end) if 0 <= at < len(pieces)]
    return any(piece.figures or piece.low in ONES or piece.low in ZEROS for piece in around)


def _dashed_before(pieces: Pieces, at: int) -> range:
    """The numbers of "a 4-3-3 formation"."""
    start = at
    while start > max(at - 5, 0) and (pieces[start - 1].figures or pieces[start - 1].low in ONES):
        start -= 1
    return range(start, at)


def _letters_asked_about(pieces: Pieces) -> set[int]:
    """Single letters of sentences that ask how something is spelled."""
    keep: set[int] = set()
    begin = 0
    for end in range(1, len(pieces) + 1):
        if end == len(pieces) or _ends_sentence(pieces, end):
            if _asks_to_spell(pieces, begin, end):
                keep.update(at for at in range(begin, end) if len(pieces[at].text) == 1)
            begin = end
    return keep


def _ends_sentence(pieces: Pieces, at: int) -> bool:
    return any(mark in pieces[at].gap for mark in "!?\n") or pieces[at].gap == ". "


def _asks_to_spell(pieces: Pieces, begin: int, end: int) -> bool:
    for at in range(begin, end):
        word = pieces[at].low
        if word in ("letter", "letters", "alphabet"):
            return True
        if word == "spell":
            told = at > begin and pieces[at - 1].low in ("i", "we")
            asked = at - 1 > begin and pieces[at - 2].low in _ASKING
            if not told or asked:
                return True
    return False
