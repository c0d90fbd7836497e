"""Digits that are read one by one, or a few at a time: telephone numbers, codes, house numbers.

"4 8 8 5", "4-0-7", "eight eight eight, five one one, two nine three one", "oh seven nine double
four": joined, and grouped as the speaker has grouped them. Lists, counting ("three, two, one") and
idioms stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from assistant.language.inverse_normalisation.cardinals import whole_number_at
from assistant.language.inverse_normalisation.cues import (
    NUMBERED,
    UNITS,
    after_number_cue,
    after_plural_cue,
    near_street,
    street_type_after,
    told_of_number,
)
from assistant.language.inverse_normalisation.pieces import (
    Pieces,
    Reading,
    as_one,
    as_they_are,
    low_at,
)
from assistant.language.numbers import ONES

_DIGITS = {word: str(value) for value, word in enumerate(ONES[:10])}
ZEROS = frozenset({"oh", "o", "nought"})
"""Zero between other digits, and nowhere else."""
_HOMOPHONES = {"to": "2", "too": "2", "for": "4"}
"""Digits that a recogniser takes for words: "9 to 0" is 920 where digits are surely read."""
_DOTTED = 10
"""Digits from which a run with points between them is no version and no address of a network, …"""
_DOTTED_ITEMS = 5
"""… in so many pieces of one or two."""
_EXCLAIMED = frozenset({"my", "no", "god", "dear", "well", "yes", "yeah", "boy", "man", "wow"})
"""Behind an "oh" that is no zero."""
MULTIPLES = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
_PAUSES = frozenset({", ", ". ", ".", " - ", "; "})
"""What a recogniser writes where a speaker of digits pauses."""
_LONG = 7
"""Digits from which a string is one whatever stands around it, as long as a telephone number."""
_MANY = 3
"""… from which digits with only blanks between them are."""
_MEASURED = frozenset({"percent", "per", "degree", "degrees"})
"""Behind two digits that were read one by one: "3 0 percent"."""
_PHONE_GROUPS = range(2, 6)
"""Digits in a group of a telephone number."""
_PREFIXED = 10
"""Digits from which "plus" begins a telephone number and no sum."""
_LONGEST_PHONE = 15
"""ITU-T E.164."""


@dataclass(frozen=True, slots=True)
class _Item:
    """What is said in one breath: "4", "oh", "double five", "twenty-five"."""

    digits: str
    start: int
    end: int
    pause: bool
    """A pause stands before it."""
    single: bool
    """It is one digit, or one digit several times."""
    zero: bool = False
    """A word that is zero only among other digits."""
    homophone: bool = False
    """A word that is a digit only where digits are surely read."""


def read_digit_string(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader`."""
    if pieces[at].low == "plus":
        return _international(pieces, at)
    items = _surely_read(pieces, _of_flat(pieces, _items(pieces, at)))
    if not items:
        return None
    start, end = at, items[-1].end
    if len(items) == 1 and not items[0].digits[1:]:
        return None
    if not _is_string(pieces, items):
        # One item is left to the rules that know other numbers; a list of them stays one.
        return as_they_are(pieces, start, end)
    return as_one(pieces, start, end, _grouped(items))


def _of_flat(pieces: Pieces, items: list[_Item]) -> list[_Item]:
    """Only those up to the last pause where they are the number of a flat, and the others that of
    its house: "flat 4, 7 Ridge Road"."""
    pauses = [place for place, item in enumerate(items) if item.pause]
    if not pauses or low_at(pieces, items[0].start - 1, close=False) not in NUMBERED:
        return items
    house = street_type_after(pieces, items[-1].end) is not None
    return items[: pauses[-1]] if house else items


def _surely_read(pieces: Pieces, items: list[_Item]) -> list[_Item]:
    """Only those before a word that sounds like a digit, unless it is one: in a long string of
    single digits, or in the number behind a street's name."""
    words = [place for place, item in enumerate(items) if item.homophone]
    if not words:
        return items
    start, end = items[0].start, items[-1].end
    read = sum(len(item.digits) for item in items) - len(words)
    long = read >= max(_LONG, 3 * len(words))  # "3 to 4 to 5 to 6"
    # Hours stand behind a pause: "Ridge Road, 9 to 5".
    behind_street = (
        pieces[start].close and near_street(pieces, start, start) and not low_at(pieces, end)
    )
    surely = all(item.single for item in items) and (long or behind_street)
    return items if surely else items[: words[0]]


def _international(pieces: Pieces, at: int) -> Reading | None:
    """ "plus four four …", with as many digits as a number with the prefix of a country has."""
    items = _items(pieces, at + 1) if low_at(pieces, at + 1) else []
    total = sum(len(item.digits) for item in items)
    begins = at == 0 or (not _digit(pieces[at - 1].low) and not pieces[at - 1].amount)
    if not begins or not _PREFIXED <= total <= _LONGEST_PHONE:
        return None
    return as_one(pieces, at, items[-1].end, f"+{_grouped(items)}")


def _items(pieces: Pieces, at: int) -> list[_Item]:
    items: list[_Item] = []
    while at < len(pieces):
        pause = bool(items) and pieces[at].gap in _PAUSES
        if items and not pause and not pieces[at].close:
            break
        item = _item(pieces, at, pause) or (_homophone(pieces, at) if items else None)
        if item is None:
            break
        items.append(item)
        at = item.end
    exclaimed = low_at(pieces, at, close=False) in _EXCLAIMED
    while items and items[-1].zero and (exclaimed or len(items) == 1):
        items.pop()
    return items


def _item(pieces: Pieces, at: int, pause: bool) -> _Item | None:
    piece = pieces[at]
    if piece.fixed:
        return None
    if piece.figures:
        return _Item(piece.text, at, at + 1, pause, len(piece.text) == 1)
    if piece.low in _DIGITS and low_at(pieces, at + 1) not in ("hundred", "thousand"):
        return _Item(_DIGITS[piece.low], at, at + 1, pause, True)
    if piece.low in ZEROS:
        return _Item("0", at, at + 1, pause, True, zero=True)
    if piece.low in MULTIPLES:
        digit = _digit(low_at(pieces, at + 1))
        if not digit:
            return None
        return _Item(digit * MULTIPLES[piece.low], at, at + 2, pause, True)
    if _digit(piece.low) and _is_round_hundred(pieces, at + 1):
        return _Item(f"{_digit(piece.low)}00", at, at + 2, pause, False)
    number = whole_number_at(pieces, at)
    if number is None:
        return None
    return _Item(str(number[0]), at, number[1], pause, number[0] < 10)


def _homophone(pieces: Pieces, at: int) -> _Item | None:
    """A word between two digits that sounds like one."""
    digit = _HOMOPHONES.get(low_at(pieces, at))
    if digit is None or not (_digit(pieces[at - 1].low) and _digit(low_at(pieces, at + 1))):
        return None
    return _Item(digit, at, at + 1, False, True, homophone=True)


def _is_round_hundred(pieces: Pieces, at: int) -> bool:
    """Whether the digits behind "hundred" are read on their own: "nine hundred, one two three"."""
    if low_at(pieces, at) != "hundred" or not _digit(low_at(pieces, at + 1)):
        return False
    following = low_at(pieces, at + 2)
    return bool(_digit(following)) or following == "hundred" or following in MULTIPLES


def _digit(word: str) -> str:
    if word in ZEROS:
        return "0"
    return _DIGITS.get(word) or (word if len(word) == 1 and "0" <= word <= "9" else "")


def _is_string(pieces: Pieces, items: list[_Item]) -> bool:
    start, end = items[0].start, items[-1].end
    total = sum(len(item.digits) for item in items)
    known = after_number_cue(pieces, start) or near_street(pieces, start, end)
    singles = all(item.single for item in items)
    if items[0].zero and total < _LONG and not after_number_cue(pieces, start):
        return False
    if any(pieces[item.start].gap == "." for item in items[1:]):
        # "3.5", unless a pause follows, too: "7.5. Pine Road".
        cut = known and len(items) == 2 and _gap_after(pieces, end).startswith(".")
        brief = len(items) >= _DOTTED_ITEMS and all(len(item.digits) < 3 for item in items)
        return cut or (total >= _LONG and singles) or (total >= _DOTTED and brief)
    if len(items) == 1:
        # "double five" alone may be anything.
        repeated = singles and items[0].end - items[0].start == 2
        return repeated and (known or told_of_number(pieces, start))
    pauses = any(item.pause for item in items)
    if _is_list(pieces, items, known=known, pauses=pauses):
        return False
    if singles:
        measured = low_at(pieces, end) in _MEASURED and pieces[start].figures
        return total >= (2 if known or measured else _LONG if pauses else _MANY)
    if pauses:
        return total >= _LONG and _is_phone(_groups(items), known)
    if all(pieces[item.start].figures for item in items):
        whole = all(len(item.digits) > 1 for item in items) or _is_written(pieces, items)
        return not whole and (known or len(items) > 2)
    return total >= _LONG or (known and total >= _MANY)


def _is_list(pieces: Pieces, items: list[_Item], *, known: bool, pauses: bool) -> bool:
    """Whether these are several numbers: "chapters 1, 2, 5", "three, two, one", "bus 4, 5 or 6",
    "flat 4, 5 minutes away"."""
    if after_plural_cue(pieces, items[0].start) or (_counts(items) and not known):
        return True
    if not pauses or sum(len(item.digits) for item in items) >= _LONG:
        return False
    end = items[-1].end
    behind = low_at(pieces, end, close=False)
    joint = behind in ("and", "or") and _starts_number(pieces, end + 1)
    return behind in UNITS or joint


def _starts_number(pieces: Pieces, at: int) -> bool:
    word = low_at(pieces, at)
    return bool(_digit(word)) or word.isdecimal()


def _gap_after(pieces: Pieces, end: int) -> str:
    return pieces[end].gap if end < len(pieces) else ""


def _is_written(pieces: Pieces, items: list[_Item]) -> bool:
    """Whether figures stand as one writes them: "1-800-555-1234", "3 5 2026"."""
    dashes = all(pieces[item.start].gap == "-" for item in items[1:])
    if dashes and any(len(item.digits) > 2 for item in items):
        return True
    *before, last = items
    year = len(last.digits) == 4 and last.digits[:2] in ("19", "20")
    return year and len(before) == 2 and all(len(item.digits) < 3 for item in before)


def _counts(items: list[_Item]) -> bool:
    """Whether it goes up or down by one: "three, two, one"."""
    if any(len(item.digits) > 2 for item in items):
        return False
    values = [int(item.digits) for item in items]
    return {after - before for before, after in pairwise(values)} in ({1}, {-1})


def _groups(items: list[_Item]) -> list[str]:
    """Digits between pauses; several digits in one item are a group, too."""
    groups: list[str] = []
    for before, item in pairwise([None, *items]):
        joins = before is not None and before.single and item is not None and item.single
        if item is None:
            continue
        if joins and not item.pause:
            groups[-1] += item.digits
        else:
            groups.append(item.digits)
    return groups


def _is_phone(groups: list[str], known: bool) -> bool:
    sizes = [len(group) for group in groups]
    if sum(sizes) > _LONGEST_PHONE:
        return False
    # "100, 200, 300" is a list; "888, 511, 2931" has the longest group last.
    shaped = all(size in _PHONE_GROUPS for size in sizes) and sizes[-1] == max(sizes) > sizes[0]
    return known or (shaped and len(sizes) > 2)


def _grouped(items: list[_Item]) -> str:
    """Groups of two digits and more as they were spoken, of three and more in a shorter number."""
    groups = _groups(items)
    total = sum(map(len, groups))
    # "1 800 …": the prefix of a country may be one digit.
    local = groups[1:] if groups[0] == "1" else groups
    least = _PHONE_GROUPS.start + (total < _LONG)
    if total >= _LONG - 1 and all(least <= len(group) < _PHONE_GROUPS.stop for group in local):
        return " ".join(groups)
    return "".join(groups)
