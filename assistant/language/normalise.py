"""Text as it is written, into text as it is spoken: "9:30" → "nine thirty", "GLaDOS" → "Gladoss".

A text-to-speech engine drops or spells out what it does not know, so everything that is not a word
becomes words here, class by class: marks of writing and stage directions off, addresses, formulas,
names and abbreviations, dates and times, telephones, money, measures, the remaining numbers,
symbols, shouting. What stays is words and punctuation.
"""

from __future__ import annotations

import re
from functools import lru_cache

from assistant.language.normalisation import (
    Rule,
    abbreviations,
    dates,
    electronic,
    measures,
    money,
    numbers,
    rewrite,
)
from assistant.language.normalisation.characters import fold, sayable
from assistant.language.normalisation.latex import without_latex
from assistant.language.normalisation.markup import without_directions, without_markup

_PASSES = 6
"""Most passes over a text. One is enough for nearly all; what it leaves is looked at again, so that
spoken text stays as it is."""

_ESCAPED = re.compile(r"\\([*_`~#>\[\]()!|+.$%&-])")
_WORDS: list[Rule] = [*abbreviations.NAMED, *abbreviations.NUMERALS]
_FIGURES: list[Rule] = [
    *abbreviations.RULES,
    *dates.RULES,
    *electronic.TELEPHONES,
    *electronic.CODES,
    *numbers.SUMS,
    *money.RULES,
    *numbers.RANGES,
    *numbers.SIGNS,
    *measures.RULES,
    *numbers.PLAIN,
    *dates.LATE,
    *numbers.LAST,
]


@lru_cache(maxsize=2048)
def speakable(text: str) -> str:
    """Words and punctuation only, in one line; "" where there is nothing to say.

    Spoken text stays as it is. Kept, because each sentence is looked up in the voice cache before
    it is rendered, and a persona's scripted lines come again at every change.
    """
    for _ in range(_PASSES):
        spoken = _pass(text)
        if spoken == text:
            return spoken
        text = spoken
    return text


def _pass(text: str) -> str:
    text = without_markup(without_directions(fold(text)))
    text = rewrite(text, electronic.ADDRESSES)
    text = _ESCAPED.sub(r"\1", without_latex(text))
    text = rewrite(text, _WORDS)
    text = rewrite(text, _FIGURES)
    return _tidy(_calm(sayable(text)))


_VOWEL = re.compile("[AEIOUYÄÖÜÉÈÀÓ]")


def _calm(text: str) -> str:
    """Shouted words in small letters, so that they are read and not spelled out. Capitals are
    shouting where all is in capitals and one word at least is too long for an abbreviation."""
    words = re.findall(r"[^\W\d_]{2,}", text)
    shouted = (
        len(words) > 1
        and all(word.isupper() for word in words)
        and any(len(word) > 3 and _VOWEL.search(word) for word in words)
    )

    def calm(match: re.Match[str]) -> str:
        word = match[0]
        loud = word.isupper() and (shouted or len(word) > 5) and _VOWEL.search(word)
        return word.lower() if loud else word

    return re.sub(r"[^\W\d_]{2,}", calm, text)


def _tidy(text: str) -> str:
    """One blank between words, none before punctuation, no brackets around nothing."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\([ ,;:—-]*\)|“ ?”|\"\"", " ", text)
    text = re.sub(r"\s+(?=[,.!?;:)])", "", text)
    text = re.sub(r"\s'(?=\s|$)", "", text)
    text = re.sub(r"\(\s+", "(", text)
    text = re.sub(r"([,;:])[,;:]+", r"\1", text)
    text = re.sub(r",(?=[.!?])", "", text)
    text = re.sub(r"\s+", " ", text).strip(" ,;:—-")
    return text if any(character.isalpha() for character in text) else ""
