"""Any words can be written: once, without a digit that nobody said."""

from __future__ import annotations

import re

from assistant.language.inverse_normalisation.written import written
from assistant.language.numbers import is_number_word, ordinal_value

NAME = "written"
SEEDS = [
    text.encode()
    for text in (
        "forty eight ridge road four oh seven, flat 2 b. 48, Ridge Road. 4-0-7.",
        "eight eight eight, five one one, two nine three one; triple eight double five oh",
        "9, 5, 6, 8, 2, 1, 4 and 882 909 093 3, +1 (555) 010-0199, 9.5.30. 5.8.93.46.",
        "seven thirty p m on the twenty third of May nineteen eighty four, at six oh five a.m.",
        "anna dot smith forty two at example dot co dot uk, www dot example dot com slash help",
        "Saffron Robles, S A F F R O N R O B L E S. S as in Sam, A, double F. U S A, B A 1 4 2",
        "three point one four percent, one hundred and five dollars fifty, two million, 1,250.5",
        "one or two hundred, twenty to seven, three, two, one, how do you spell A-B-B-A?",
    )
]
_LONGEST = 4_000
_SPEAKING = frozenset({"double", "triple", "treble", "quadruple", "o", "nought"})
"""Words that stand for digits besides the numbers."""


def one(data: bytes) -> None:
    """Raises `AssertionError` where a text is written twice, or a digit is not its own."""
    text = data.decode("utf-8", "surrogateescape")[:_LONGEST]
    once = written(text)
    assert written(once) == once, (text, once)
    words = re.findall(r"[^\W\d_]+", text.lower())
    numbers = (is_number_word(w) or ordinal_value(w) is not None or w in _SPEAKING for w in words)
    if not any(numbers):
        assert re.findall("[0-9]", once) == re.findall("[0-9]", text), (text, once)
