"""Cues: the words around a number that tell what kind of number it is."""

from __future__ import annotations

from assistant.language.inverse_normalisation.pieces import Pieces, words_before
from assistant.language.lexicon import AUXILIARIES, DETERMINERS, STOP_WORDS, word_set

STREET_TYPES = word_set(
    "street road avenue lane boulevard drive way court place square terrace crescent highway "
    "parkway alley colony nagar circle plaza trail"
)
"""Last words of a street's name; …"""
CLEAR_STREET_TYPES = STREET_TYPES - word_set("drive way court place square circle trail plaza")
"""… those that hardly mean anything else behind a number."""
UNITS = word_set(
    "second seconds minute minutes min mins hour hours day days week weeks month months year years "
    "mile miles km kilometre kilometres kilometer kilometers metre metres meter meters foot feet "
    "inch inches cm mm pound pounds kilo kilos gram grams litre litres percent per degrees degree "
    "euro euros dollar dollars cent cents pence people persons men women times points pieces "
    "thousand million billion trillion hundred dozen"
)
"""Words that count or measure: the number before them is an amount."""
_NUMBER_CUES = word_set(
    "number numbered code pin zip zipcode postcode postal phone telephone mobile cell fax "
    "account extension flat apartment apt unit room suite flight gate route highway bus channel "
    "boeing airbus id passcode password digits serial order ticket booking reference sort tracking"
)
"""Before a number that names something and counts nothing."""
_PLURAL_CUES = word_set("numbers digits chapters pages rooms levels options questions steps")
"""Before a list of numbers."""
_BREAKS = word_set("of at to for in by until till between and or than with about around from")
"""What stands before these tells nothing of the number behind them."""
NUMBERED = word_set(
    "flat apartment apt unit room suite gate platform flight version page chapter extension "
    "channel route highway"
)
"""Their number is written in figures, however small."""
_LIVING = word_set("live lives living lived moved address stay stays staying deliver delivered")
_LOOK_BACK = 4
_LOOK_AHEAD = 5
_NAME_WORDS = 3
"""Words of a street's name at most, before its type."""
_NO_NAME = STOP_WORDS | AUXILIARIES | DETERMINERS | UNITS | word_set("way lane long high wide good")


def after_number_cue(pieces: Pieces, at: int) -> bool:
    """ "my number is …", "the code: …", "flat …"."""
    for word in words_before(pieces, at, _LOOK_BACK):
        if word in _NUMBER_CUES:
            return True
        if word in _BREAKS or word in _PLURAL_CUES:
            return False
    # A new sentence may begin with the number itself: "My phone number. 4 8 8 …"
    return at > 0 and pieces[at].gap.strip() in (":", ".") and pieces[at - 1].low in _NUMBER_CUES


def told_of_number(pieces: Pieces, at: int) -> bool:
    """The sentence is about a number: "my number ends in …"."""
    return any(word in _NUMBER_CUES for word in words_before(pieces, at, 2 * _LOOK_BACK))


def after_plural_cue(pieces: Pieces, at: int) -> bool:
    """ "chapters 1, 2, 5"."""
    return at > 0 and pieces[at - 1].low in _PLURAL_CUES


def after_address_cue(pieces: Pieces, at: int) -> bool:
    """ "I live at …", "my address is …"."""
    return any(word in _LIVING for word in words_before(pieces, at, _LOOK_BACK))


def street_type_after(pieces: Pieces, at: int) -> int | None:
    """The index of the street's type where `pieces[at]` begins a street's name: "Ridge Road",
    "golden ridge drive"; None where it begins none."""
    for end in range(at, min(at + _NAME_WORDS + 1, len(pieces))):
        piece = pieces[end]
        if end > at and piece.begins_sentence:
            return None
        if end > at and piece.low in STREET_TYPES:
            return end
        if piece.low in _NO_NAME or not piece.text.isalpha():
            return None
    return None


def near_street(pieces: Pieces, start: int, end: int) -> bool:
    """Whether a number at `pieces[start:end]` is one of an address: "… Ridge Road", "Ridge Road
    …"."""
    if start > 0 and pieces[start - 1].low in STREET_TYPES:
        return _is_named_street(pieces, start - 1)
    article = end < len(pieces) and pieces[end].low == "the"
    return street_type_after(pieces, end + article) is not None


def _is_named_street(pieces: Pieces, at: int) -> bool:
    """Whether the type at an index has a name before it: "Ridge Road", and no article."""
    return at > 0 and pieces[at - 1].text.isalpha() and pieces[at - 1].low not in _NO_NAME
