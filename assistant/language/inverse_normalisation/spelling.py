"""Letters one by one: names that are spelled out, and abbreviations.

"Soraya, S-O-R-A-Y-A" is the name, spelled right, once; "S as in Sam, A, double F" are its letters;
"B B C" is an abbreviation. A list of options ("A, B, C or D"), the alphabet and a stammer ("I I I")
stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from rapidfuzz import fuzz

from assistant.language.inverse_normalisation.cues import CLEAR_STREET_TYPES
from assistant.language.inverse_normalisation.digit_strings import MULTIPLES
from assistant.language.inverse_normalisation.pieces import (
    Piece,
    Pieces,
    Reading,
    as_they_are,
    low_at,
    words_before,
)
from assistant.language.lexicon import AUXILIARIES, word_set

_LIKENED = word_set("as like for")
"""Between a letter and a word that begins with it: "S as in Sam", "F for Freddie"."""
_PAUSES = frozenset({", ", ". ", ".", "; ", " - ", "... "})
_NAME_CUES = word_set("name named called surname spelled spelt spelling spells i'm nickname spell")
_SPELLED = word_set("spelled spelt spell that's that is it's it which written")
"""Between a name and its letters: "Soraya, that's spelled S-O-R-A-Y-A"."""
_LONG = 6
"""Letters from which nobody takes them for an abbreviation, …"""
_BRIEF = 4
"""… and from which they may be small letters, or parted by commas."""
_LONGEST = 40
_ALIKE = 60
"""Percent of letters in common from which a name has been spelled after it was said. Whisper writes
"Shirotger" for Shirodkar (67)."""
_LETTERED = word_set("plan vitamin option type group grade section team hepatitis act door answer")
"""What is called by a letter."""
_WITH_WORDS = frozenset({"ID", "AI", "IQ", "IP", "IT", "OK"})
"""Short forms although "I" and "A" are words."""
_AFTER_I = (AUXILIARIES - word_set("is are does has")) | word_set(
    "love think want need like know guess mean don't didn't can't won't am hope"
)
_VOWELS = frozenset("AEIOUY")


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters one by one: upper case, a part for each word."""

    parts: tuple[str, ...]
    end: int
    small: bool
    """They came as small letters."""
    gaps: frozenset[str]
    """What stood between them."""
    likened: bool
    """One of them was told by a word: "S as in Sam"."""

    @property
    def text(self) -> str:
        return "".join(self.parts)

    @property
    def paused(self) -> bool:
        return not self.gaps <= {" ", "-"}


def read_spelling(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader` of letters that stand for themselves, without the name before them."""
    letters = letters_at(pieces, at)
    if letters is None:
        return None
    if not _is_spelled(pieces, at, letters):
        return as_they_are(pieces, at, letters.end)
    return _words(pieces, at, letters), letters.end


def letters_at(pieces: Pieces, at: int) -> Letters | None:
    """Two or more letters that begin at an index."""
    if _letter(pieces, at) is None:
        return None
    letters: list[str] = []
    gaps: list[str] = []
    end, likened, small = at, False, _are_small(pieces, at)
    while (one := _letter(pieces, end)) is not None and len(gaps) < _LONGEST:
        if end > at:
            joined = pieces[end].gap in _PAUSES or pieces[end].close
            if not joined or _is_small(pieces, end) is not small:
                break
            gaps.append(pieces[end].gap)
        letters.append(one[0])
        likened = likened or one[2]
        end = one[1]
    if letters and letters[-1] == "I" and low_at(pieces, end) in _AFTER_I:
        letters, gaps, end = letters[:-1], gaps[:-1], end - 1  # "P S I love you"
    if len("".join(letters)) < 2:
        return None
    return Letters(_parted(letters, gaps), end, small, frozenset(gaps), likened)


def _are_small(pieces: Pieces, at: int) -> bool:
    """Whether these are small letters; the first of them may begin a sentence."""
    following = at + 1 + (pieces[at].low in MULTIPLES)
    small = _letter(pieces, following) is not None and _is_small(pieces, following)
    return small or _is_small(pieces, at)


def _is_small(pieces: Pieces, at: int) -> bool:
    """Whether the letter that begins at an index, perhaps with "double", is a small one."""
    where = at + (pieces[at].low in MULTIPLES)
    return pieces[where].text.islower()


def _parted(letters: list[str], gaps: list[str]) -> tuple[str, ...]:
    """Letters to words: pauses part words where not every letter has one."""
    if all(gap in _PAUSES for gap in gaps):
        return ("".join(letters),)
    words = [letters[0]]
    for letter, gap in zip(letters[1:], gaps, strict=True):
        if gap in _PAUSES:
            words.append(letter)
        else:
            words[-1] += letter
    # A single letter behind a pause was only slow.
    return tuple(words) if all(len(word) > 1 for word in words) else ("".join(words),)


def _letter(pieces: Pieces, at: int) -> tuple[str, int, bool] | None:
    """One letter (or a double one), the index after it, and whether a word tells it."""
    if at >= len(pieces):
        return None
    times = MULTIPLES.get(pieces[at].low, 1)
    where = at + (times > 1)
    if where >= len(pieces) or (times > 1 and not pieces[where].close):
        return None
    text = pieces[where].text
    if pieces[where].fixed or len(text) != 1 or not text.isalpha() or not text.isascii():
        return None
    end = where + 1
    likened = _likened(pieces, end, text.lower())
    return text.upper() * times, likened or end, likened is not None


def _likened(pieces: Pieces, at: int, letter: str) -> int | None:
    """The index after "as in Sam" behind an S."""
    if low_at(pieces, at) not in _LIKENED:
        return None
    word = at + 1 + (low_at(pieces, at + 1) in ("in", "the"))
    told = low_at(pieces, word)
    return word + 1 if len(told) > 1 and told[0] == letter else None


def _is_spelled(pieces: Pieces, at: int, letters: Letters) -> bool:
    text = letters.text
    if letters.likened:
        return True
    if len(set(text)) == 1 or _is_alphabet(text):
        return False
    if "." in letters.gaps or (letters.paused and len(letters.parts) == 1):
        # "J. R. R. Tolkien", "U.S.A." and "A, B and C" are written so.
        return len(text) >= (_BRIEF if _named(pieces, at) and "." not in letters.gaps else _LONG)
    if letters.small:
        return len(text) >= _BRIEF
    return len(text) > 2 or _is_short_form(pieces, at, letters)


def _is_short_form(pieces: Pieces, at: int, letters: Letters) -> bool:
    """ "T V", and no "vitamin A I take": I and A are words."""
    before = low_at(pieces, at - 1, close=False) if at else ""
    plain = letters.gaps == {" "} and before not in _LETTERED
    return plain and (letters.text in _WITH_WORDS or not set(letters.text) & {"A", "I", "O"})


def _is_alphabet(text: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return len(text) > 3 and steps == {1}


def _named(pieces: Pieces, at: int) -> bool:
    return any(word in _NAME_CUES for word in words_before(pieces, at, 4))


def _words(pieces: Pieces, at: int, letters: Letters) -> Pieces:
    gap = pieces[at].gap
    parts = [part for word in letters.parts for part in _without_type(word)]
    name = len(letters.text) >= _LONG or letters.small or _named(pieces, at) or letters.likened
    name = name and bool(set(letters.text) & _VOWELS)
    written = [part.capitalize() if name else part for part in parts]
    return [Piece(gap if not place else " ", word) for place, word in enumerate(written)]


def _without_type(word: str) -> list[str]:
    """ "SANDDUNEROAD" → "SANDDUNE", "ROAD"."""
    for kind in sorted(CLEAR_STREET_TYPES):
        if word.endswith(kind.upper()) and len(word) >= len(kind) + 3:
            return [word[: -len(kind)], kind.upper()]
    return [word]


# A name that was said before it was spelled.


def read_respelled(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader` of one to three words with their letters behind them: "Saffron Robles, S A F F R O
    N R O B L E S" → "Saffron Robles"."""
    if len(pieces[at].text) < 2 or not pieces[at].text.isalpha():
        return None
    for count in (3, 2, 1):
        reading = _respelled(pieces, at, at + count)
        if reading is not None:
            return reading
    return None


def _respelled(pieces: Pieces, at: int, end: int) -> Reading | None:
    said = pieces[at:end]
    if len(said) < end - at or not all(_is_name(piece) for piece in said):
        return None
    if not all(piece.gap == " " for piece in said[1:]):
        return None
    letters = letters_at(pieces, _letters_begin(pieces, end))
    if letters is None or len(letters.text) < _BRIEF - 1 or len(letters.text) > _LONGEST:
        return None
    spoken = "".join(piece.text for piece in said).upper()
    if fuzz.ratio(spoken, letters.text) < _ALIKE or letters.text[0] not in _sounds(spoken[0]):
        return None
    parts = letters.parts if len(letters.parts) == len(said) else _fitted(letters.text, said)
    fitted = [_respelt(piece, word) for piece, word in zip(said, parts, strict=True)]
    return fitted, letters.end


def _letters_begin(pieces: Pieces, at: int) -> int:
    """The index after "that's spelled"; an I is a letter unless a word of spelling follows."""
    start = at
    while start < min(at + 4, len(pieces)):
        word = pieces[start].low
        told = word == "i" and low_at(pieces, start + 1) in ("spell", "spelled", "spelt")
        if not told and word not in _SPELLED:
            break
        start += 1
    return start


def _respelt(said: Piece, letters: str) -> Piece:
    """What was said with these letters, in its own capitals where it had them: "McLeod", "NASA"."""
    if said.text.upper() == letters:
        return said
    return replace(said, text=letters if said.text.isupper() else letters.capitalize())


def _is_name(piece: Piece) -> bool:
    return len(piece.text) > 1 and piece.text[0].isupper() and piece.text.isalpha()


def _sounds(letter: str) -> frozenset[str]:
    """First letters that are heard alike."""
    for alike in ("CKQS", "GJ", "SZ", "IEY", "FPV", "BPV", "TD", "SA", "UO"):
        if letter in alike:
            return frozenset(alike)
    return frozenset(letter)


def _fitted(letters: str, said: Pieces) -> list[str]:
    """The letters cut into as many words as were said, where they fit these best."""
    if len(said) == 1:
        return [letters]
    first, rest = said[0], said[1:]
    last = len(letters) - len(rest)
    cuts = range(1, last + 1)
    target = "".join(piece.text for piece in rest).upper()

    def fit(cut: int) -> float:
        head = fuzz.ratio(letters[:cut], first.text.upper()) * cut
        return float(head + fuzz.ratio(letters[cut:], target) * (len(letters) - cut))

    best = max(cuts, key=fit)
    return [letters[:best], *_fitted(letters[best:], rest)]
