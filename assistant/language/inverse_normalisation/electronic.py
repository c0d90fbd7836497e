"""E-mail and web addresses as they are spoken: "anna dot smith at example dot com"."""

from __future__ import annotations

from assistant.language.inverse_normalisation.cardinals import whole_number_at
from assistant.language.inverse_normalisation.pieces import (
    Pieces,
    Reading,
    as_one,
    low_at,
    words_before,
)
from assistant.language.lexicon import AUXILIARIES, STOP_WORDS, word_set
from assistant.language.numbers import ONES

_DOMAINS = word_set(
    "com org net edu gov io ai dev app info biz uk de fr at ch eu us ca au in nl es it ie nz co me"
)
"""Ends of host names that are spoken as a word."""
_COMMON_WORDS = word_set("at in it me us")
"""Such as are common words, too: only behind a further dot."""
_MARKS = {"dot": ".", "underscore": "_", "dash": "-", "hyphen": "-", "minus": "-", "plus": "+"}
_DIGITS = {word: str(value) for value, word in enumerate(ONES[:10])}
_PARTS = 12
"""Words of either side at most."""
_LETTER_BY_LETTER = 30
_MAIL_CUES = word_set("mail email e-mail address write send contact reach gmail")
_NO_MAILBOX = (
    STOP_WORDS
    | AUXILIARIES
    | word_set(
        "look looked looking looks site page found find available live online go shop buy read see "
        "visit check order arrive arrived works working work available hosted sign signed log"
    )
)
"""Before "at" these name no mailbox: "look at example dot com"."""


def read_address(pieces: Pieces, at: int) -> Reading | None:
    """A `Reader` of e-mail addresses and host names."""
    local = _chain(pieces, at)
    if local is None:
        return None
    name, end = local
    if low_at(pieces, end) == "at":
        host = _host(pieces, end + 1)
        if host is not None and _is_mailbox(pieces, at, end):
            return as_one(pieces, at, host[1], f"{name}@{host[0]}")
    host = _host(pieces, at)
    return (
        None if host is None or host[0] == pieces[at].text else as_one(pieces, at, host[1], host[0])
    )


def _chain(pieces: Pieces, at: int) -> tuple[str, int] | None:
    """Words with marks between them: "anna dot smith"; letters and digits one by one count as a
    word, too."""
    word = _word(pieces, at)
    if word is None:
        return None
    text, end = word
    for _ in range(_PARTS):
        mark = _MARKS.get(low_at(pieces, end))
        following = _word(pieces, end + 1) if mark and low_at(pieces, end + 1) else None
        if mark is None or following is None:
            break
        text, end = f"{text}{mark}{following[0]}", following[1]
    return text, end


def _word(pieces: Pieces, at: int) -> tuple[str, int] | None:
    if at >= len(pieces) or pieces[at].low in _MARKS or not pieces[at].text.isascii():
        return None
    text, end = "", at
    while end < min(len(pieces), at + _LETTER_BY_LETTER) and (end == at or pieces[end].close):
        piece = pieces[end]
        short = piece.text.isalnum() and (len(piece.text) == 1 or piece.low in _DIGITS)
        if end > at and not short and not piece.figures:
            break
        if "'" in piece.text or "’" in piece.text:
            return None
        text += _DIGITS.get(piece.low, piece.low)
        end += 1
        if end == at + 1 and not short and not piece.figures and not _digits_follow(pieces, end):
            break
    number, end = _number(pieces, end)
    return text + number, end


def _digits_follow(pieces: Pieces, at: int) -> bool:
    """ "anna four two at": figures belong to the word before them."""
    return bool(low_at(pieces, at)) and (pieces[at].figures or pieces[at].low in _DIGITS)


def _number(pieces: Pieces, at: int) -> tuple[str, int]:
    """ "forty two" of "anna forty two at", and the index after it; "" for none."""
    number = whole_number_at(pieces, at) if low_at(pieces, at) else None
    return ("", at) if number is None or number[0] < 10 else (str(number[0]), number[1])


def _host(pieces: Pieces, at: int) -> tuple[str, int] | None:
    """ "example dot co dot uk" → "example.co.uk"."""
    chain = _chain(pieces, at)
    if chain is None or "." not in chain[0]:
        return _written_host(pieces, at)
    labels = chain[0].split(".")
    if labels[-1] not in _DOMAINS or (labels[-1] in _COMMON_WORDS and len(labels) < 3):
        return None
    return _with_path(pieces, *chain)


def _with_path(pieces: Pieces, host: str, end: int) -> tuple[str, int]:
    """ "slash help" behind a host."""
    for _ in range(_PARTS):
        if low_at(pieces, end) != "slash" or not low_at(pieces, end + 1):
            break
        host, end = f"{host}/{pieces[end + 1].low}", end + 2
    return host, end


def _written_host(pieces: Pieces, at: int) -> tuple[str, int] | None:
    """ "example.com" is written so already."""
    text, end = "", at
    while end < min(len(pieces), at + _PARTS) and (end == at or pieces[end].gap == "."):
        text += f"{'.' if text else ''}{pieces[end].low}"
        end += 1
    labels = text.split(".")
    known = len(labels) > 1 and labels[-1] in _DOMAINS - _COMMON_WORDS
    return (text, end) if known and text.isascii() else None


def _is_mailbox(pieces: Pieces, at: int, end: int) -> bool:
    name = pieces[end - 1].low
    if end == at + 1 and name in _NO_MAILBOX:
        return False
    before = words_before(pieces, at, 6)
    if any(word in _MAIL_CUES for word in before):
        return True
    return end > at + 1 or not before or before[0] in ("is", "it's", "to")
