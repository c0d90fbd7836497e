"""Words that can be compared, whoever wrote them down; and the word error rate.

A recogniser writes "7:30", where a person's text has "half past seven" or "seven thirty": numbers
become the digits that they are written with, one word each, so that "four hundred and seven",
"407", "four oh seven" and "4-0-7" are the same three words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from assistant.language.numbers import SCALES, TENS, ordinal_value, read_number
from assistant.language.tokens import sentences

_TIMES = {"double": 2, "triple": 3}
_SAID_OH = ("oh", "o")
_TITLES = {"mister": "mr", "missus": "mrs", "doctor": "dr", "saint": "st", "street": "st"}
_SIGNS = {"%": " percent ", "&": " and ", "#": " number ", "@": " at ", "+": " plus "}
_SPELLED = re.compile(r"\b(?:[^\W\d_]\b[\s.,-]*){3,}")
"""Letters that stand alone, "A-D-A"."""
_FIGURES = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Words substituted, left out and put in, of so many that were said."""

    errors: int = 0
    words: int = 0

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(self.errors + other.errors, self.words + other.words)

    @property
    def rate(self) -> float | None:
        """Word error rate, 0 and up; None where nothing was said."""
        return self.errors / self.words if self.words else None


def word_errors(reference: str, heard: str) -> WordErrors:
    """The least number of words to change, put in or take out, from `heard` to `reference`."""
    said, written = comparable(reference), comparable(heard)
    return WordErrors(Levenshtein.distance(said, written), len(said))


def comparable(text: str) -> list[str]:
    """Lower-case words without marks and fillers; contractions opened, numbers as digits."""
    return list(_with_digits(_plain(text)))


def holds(text: str, words: str) -> bool:
    """Whether `words` stand in `text` one after another, or are spelled there letter by letter."""
    heard, wanted = comparable(text), comparable(words)
    starts = range(len(heard) - len(wanted) + 1)
    if wanted and any(heard[at : at + len(wanted)] == wanted for at in starts):
        return True
    letters = re.sub(r"[\W\d_]", "", words.casefold())
    spelled = (re.sub(r"\W", "", run) for run in _SPELLED.findall(text.casefold()))
    return bool(letters) and any(letters in run for run in spelled)


def _plain(text: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"<[^<>]*>", " ", text)  # <noise>, <unk>: transcribers' marks
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    for sign, words in _SIGNS.items():
        text = text.replace(sign, words)
    text = re.sub(r"\$\s?(\d[\d.]*)", r"\1 dollars", text)
    text = re.sub(r"(?<=\d)[:/-](?=\d)", " ", text)
    text = re.sub(r"\b(\d+)([ap]m)\b", r"\1 \2", text, flags=re.IGNORECASE)
    found = [word.norm for sentence in sentences(text) for word in sentence.words]
    return [_TITLES.get(word, word) for word in found if any(c.isalnum() for c in word)]


def _with_digits(words: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(words):
        times = _TIMES.get(words[at], 1)
        digits, after = _number(words, at + (times > 1))
        if times > 1 and len(digits) == 1:
            yield from digits * times
        elif digits and times == 1:
            yield from digits
        else:
            yield words[at]
            after = at + 1
        at = after


def _number(words: Sequence[str], at: int) -> tuple[list[str], int]:
    """The digits of the number at `words[at]`, and the index after it; no digits where there is
    none."""
    if at >= len(words):
        return [], at
    if words[at] in _SAID_OH:
        beside = (words[i] for i in (at - 1, at + 1) if 0 <= i < len(words))
        if any(each in _SAID_OH or _is_number(each) for each in beside):
            return ["0"], at + 1
        return [], at
    if ordinal := _ordinal(words, at):
        return ordinal
    if _FIGURES.fullmatch(words[at]) and (at + 1 == len(words) or not _scales(words[at + 1])):
        return _spelt(words[at]), at + 1
    read = read_number(words, at)
    if read is None:
        return [], at
    value, after = read
    exact = str(int(value)) if value.denominator == 1 else f"{float(value):.10g}"
    return _spelt(exact), after


def _ordinal(words: Sequence[str], at: int) -> tuple[list[str], int] | None:
    """ "21st", "third", "twenty first"."""
    value = ordinal_value(words[at])
    if value is not None:
        return [*str(value), "th"], at + 1
    unit = ordinal_value(words[at + 1]) if at + 1 < len(words) else None
    if words[at] in TENS and unit is not None and 0 < unit < 10:
        return [*str(10 * TENS.index(words[at]) + 20 + unit), "th"], at + 2
    return None


def _is_number(word: str) -> bool:
    return word in _TIMES or read_number([word]) is not None


def _scales(word: str) -> bool:
    """Whether it makes a larger number of the figures before it: "3 hundred"."""
    return word in SCALES or word in ("hundred", "point")


def _spelt(figures: str) -> list[str]:
    return ["point" if each == "." else each for each in figures]
