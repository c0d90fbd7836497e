"""Does what is dictated go on? Figures, letters of a name that is spelled, addresses and lists are
said in pieces, with a pause after each, and every piece sounds like a whole.

A recogniser writes them in many ways: "S-A-F", "S, A, F", "s a f"; "4 8", "48.", "forty eight".
"""

from __future__ import annotations

import re
from typing import Literal

from assistant.language.lexicon import (
    AUXILIARIES,
    CAPITALISED,
    NEGATED,
    QUESTION_WORDS,
    REQUEST_VERBS,
    STOP_WORDS,
    word_set,
)
from assistant.language.numbers import is_number_word

Piece = Literal["dictated", "listed", "number"]
"""A piece after which another is to be expected; things in a list; a number that may be all."""

_WORD = re.compile(r"[A-Za-z0-9']+")
_ABBREVIATION = re.compile(r"\b([A-Za-z])\.([A-Za-z])\.(?:([A-Za-z])\.)?(?![A-Za-z])")
""" "p.m.", "U.S.": two or three letters with their points are no spelling."""
_ONE_NUMBER = re.compile(r"(?<=\d)(?::(?=\d\d\b)|,(?=\d{3}\b)|\.(?=\d))")
""" "8:30", "1,000", "3.50": what stands inside a number."""
_BETWEEN = word_set("point plus minus times")
_IS = word_set("is are was")
_REPEATED = word_set("double triple")
_LINKS = (["as", "in"], ["for"], ["like"])
"""Between a letter and the word that it is explained with: "S as in Sam"."""
_NUMBERED = word_set(
    "number code phone telephone zip pin card address digits password extension postcode account "
    "flat apartment unit suite block plot"
)
"""Said before figures that are dictated, or before those that an address begins with."""
_STREETS = word_set(
    "road rd street avenue ave lane boulevard blvd crescent terrace highway parkway alley"
)
"""End the name of a street; a flat or a town may follow."""
_STREETS_AT_TIMES = word_set("drive court circle close way place square mews row trail park hill")
"""The same, where they are written with a capital."""
_STREET_WORDS = 4
"""Words that such a name has at most."""
_TELEPHONE = (10, 11)
"""Figures of a whole telephone number."""
_MOST_OF_ITEM = 3
"""Words of one thing in a list."""
_NO_ITEM = (
    STOP_WORDS
    | AUXILIARIES
    | NEGATED
    | QUESTION_WORDS
    | REQUEST_VERBS
    | word_set(
        "yes no yeah yep nope nah sure okay ok right please thanks thank hello hi hey well oh "
        "sorry stop wait now then today tomorrow tonight yesterday maybe perhaps actually really "
        "though however anyway too let's it's that's there's i'm i'll i've don't go come goes "
        "said says one two three four five six seven eight nine ten here again instead either "
        "first cool great awesome nice wow lovely perfect fine good quick quickly"
    )
)
"""Words of a sentence; where one of them stands, there is no list."""
_LISTING = word_set("need want buy get add bring order")
""" "We need milk, eggs": what follows may be a list, as a turn of nothing else may be."""


def piece(text: str) -> Piece | None:
    """What the end of `text` is a piece of; None where nothing is dictated there.

    `text`: as the recogniser wrote it. Its capitals count: they tell a street from a thing.
    """
    said = _last_sentence(_plain(text))
    words = _WORD.findall(said)
    if not words:
        return None
    small = [word.lower() for word in words]
    letters, figures, at = _run(small)
    if letters > 1 or (letters and figures) or _explained(small, len(small)) is not None:
        return "dictated"
    if figures:
        return _number(small, figures, at)
    if _is_address(words):
        return "dictated"
    return "listed" if _is_list(said) else None


def begins_with_piece(text: str) -> bool:
    """Whether figures or a spelled letter stand first: they go on with an earlier piece."""
    words = [word.lower() for word in _WORD.findall(_plain(text))]
    return bool(words) and (_figures(words[0]) > 0 or (len(words[0]) == 1 and words[0] not in "ai"))


def without_points(text: str) -> str:
    """ "9 p.m." → "9 pm": abbreviations as the words that they are."""
    return _ABBREVIATION.sub(lambda found: "".join(filter(None, found.groups())), text)


def _plain(text: str) -> str:
    return _ONE_NUMBER.sub("", without_points(text))


def _last_sentence(text: str) -> str:
    """With those before it that end in figures: "48. Ridge Road." is one address."""
    sentences = [part for part in re.split(r"[.!?]\s+", text) if _WORD.search(part)]
    at = len(sentences) - 1
    while at > 0 and _figures(_WORD.findall(sentences[at - 1])[-1].lower()):
        at -= 1
    return " ".join(sentences[max(0, at) :])


def _run(words: list[str]) -> tuple[int, int, int]:
    """Letters, and figures, that the words end with, and where they begin."""
    letters = figures = 0
    at = len(words)
    while at:
        explained = _explained(words, at)
        word = words[at - 1]
        if explained is not None:
            letters, at = letters + 1, explained
            continue
        if len(word) == 1 and word.isalpha():
            letters += 1
        elif found := _figures(word):
            figures += found
        elif word not in _REPEATED | _BETWEEN or (word == "times" and at == len(words)):
            break
        at -= 1
    return letters, figures, at


def _explained(words: list[str], at: int) -> int | None:
    """Where "s as in sam" begins that ends before `at`."""
    for link in _LINKS:
        begins = at - 2 - len(link)
        if begins < 0 or words[begins + 1 : at - 1] != link or len(words[begins]) > 1:
            continue
        if words[begins].isalpha() and (len(link) > 1 or words[begins] not in "ai"):
            return begins
    return None


def _figures(word: str) -> int:
    """Figures that a word stands for, in small letters; 0 for other words, and for "1st"."""
    return len(word) if word.isdigit() else int(is_number_word(word) and word != "oh")


def _number(words: list[str], figures: int, at: int) -> Piece:
    """Words in small letters whose end, from `at`, is figures and nothing else."""
    if figures in _TELEPHONE:
        return "number"
    named = at - 1
    while named > 0 and words[named] in _IS:
        named -= 1
    announced = named >= 0 and words[named] in _NUMBERED and (figures > 1 or named == at - 1)
    if len(words) - at > 1 or announced:
        return "dictated"
    # One number and nothing else: a round one is an answer, others begin an address as well.
    return "dictated" if at == 0 and figures > 1 and words[-1][-1] != "0" else "number"


def _is_address(words: list[str]) -> bool:
    """ "48 Ridge", "I live at 48 Ridge Road"."""
    last = words[-1]
    street = last.lower() in _STREETS or (last.lower() in _STREETS_AT_TIMES and last[0].isupper())
    if street and any(_figures(word.lower()) for word in words[-2 - _STREET_WORDS : -2]):
        return True
    named = words[1:]
    return (
        0 < len(named) <= _STREET_WORDS
        and words[0].isdigit()
        and all(word[0].isupper() and word.lower() not in CAPITALISED for word in named)
        and named[0].lower() not in ("am", "pm")
    )


def _is_list(said: str) -> bool:
    """ "Milk, eggs.": things without an "and" before the last. Who is addressed is none."""
    items = [_WORD.findall(item) for item in said.split(",")]
    if len(items) < 2 or not all(items):
        return False
    first, rest = [word.lower() for word in items[0]], items[1:]
    if not all(len(item) <= _MOST_OF_ITEM and _are_things(item) for item in rest):
        return False
    asked_for = not _LISTING.isdisjoint(first) and first[-1] not in _NO_ITEM
    return asked_for or (len(first) < _MOST_OF_ITEM and _are_things(first) and first != rest[0])


def _are_things(words: list[str]) -> bool:
    return all(word not in _NO_ITEM and not word[0].isupper() for word in words)
