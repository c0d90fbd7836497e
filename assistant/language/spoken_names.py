"""Persona names as speech recognition writes them: "glad us" is GLaDOS, "see three p o" is C-3PO.

Names are compared with the spaces taken out, half by spelling and half by sound, because a
recogniser that does not know a name breaks it into words that it does know.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from jellyfish import metaphone
from rapidfuzz.fuzz import ratio

from assistant.frames import SpokenNames
from assistant.language.lexicon import DETERMINERS, OPENED_ENDINGS, SHORT_FORMS
from assistant.language.numbers import ONES, TENS

_WHOLE = SHORT_FORMS | {
    "what's": "what is",
    "who's": "who is",
    "that's": "that is",
    "it's": "it is",
}
_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|%")
_UNITS = {word: value for value, word in enumerate(ONES)}
_TENS = {word: 10 * value for value, word in enumerate(TENS, start=2)}
_TENS_DIGITS = frozenset(str(value) for value in _TENS.values())


def words(text: str) -> list[str]:
    """Lower-case words without punctuation; contractions written out, numbers as digits."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'")).lower()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain)
    found: list[str] = []
    for token in _TOKEN.findall(plain):
        found += _written_out(token).split()
    return _digits(found)


def _written_out(token: str) -> str:
    if token in _WHOLE:
        return _WHOLE[token]
    for ending, full in (*OPENED_ENDINGS.items(), ("n't", "not")):
        if token.endswith(ending) and len(token) > len(ending):
            return f"{token.removesuffix(ending)} {full}"
    return token.replace("'", "")


def _digits(tokens: list[str]) -> list[str]:
    """ "fifty five" → "55", "nine thousand" → "9000"; single digits stay words ("see three")."""
    result: list[str] = []
    for token in tokens:
        last = result[-1] if result else ""
        if token in _TENS:
            result.append(str(_TENS[token]))
        elif token in _UNITS and last in _TENS_DIGITS and 0 < _UNITS[token] < 10:
            result[-1] = str(int(last) + _UNITS[token])
        elif token in _UNITS and _UNITS[token] >= 10:
            result.append(str(_UNITS[token]))
        elif token in ("hundred", "thousand") and (last in _UNITS or last.isdigit()):
            times = 100 if token == "hundred" else 1000
            result[-1] = str((_UNITS[last] if last in _UNITS else int(last)) * times)
        elif token == "hundred" and last == "a":
            result[-1] = "100"
        else:
            result.append(token)
    return result


_DIGIT_NAMES = {str(value): word for word, value in _UNITS.items() if value < 10}


def squash(phrase: str | Iterable[str]) -> str:
    """One string without spaces, single digits as words: how two spellings are compared."""
    tokens = words(phrase) if isinstance(phrase, str) else list(phrase)
    joined = "".join(tokens)
    return re.sub(r"(?<!\d)\d(?!\d)", lambda m: _DIGIT_NAMES[m[0]], joined)


@lru_cache(maxsize=4096)
def _sound(squashed: str) -> str:
    return metaphone(squashed)


def similarity(a: str, b: str) -> float:
    """0…1 of two squashed phrases: half spelling, half sound. Fillers before are the caller's."""
    return (ratio(a, b) + ratio(_sound(a), _sound(b))) / 200


@dataclass(frozen=True, slots=True)
class NameMatch:
    """The persona that a phrase names best."""

    slug: str
    name: str
    """Display name."""
    score: float
    """0…1; 1 for a name, an alias, or a known mishearing."""

    @property
    def exact(self) -> bool:
        return self.score >= 1.0


def _spoken_forms(entry: SpokenNames) -> tuple[str, ...]:
    return (entry.name, entry.slug, *entry.aliases, *entry.said)


class NameIndex:
    """All names of all personas, ready to be compared with a phrase."""

    def __init__(self, names: list[SpokenNames]) -> None:
        self.names = list(names)
        self._by_slug = {entry.slug: entry for entry in names}
        self._forms: list[tuple[str, str, bool]] = []
        self._exact: dict[str, str] = {}
        for entry in names:
            spoken = [form for form in _spoken_forms(entry) if words(form)]
            for form in [*spoken, *entry.sounds_like]:
                self._exact.setdefault(squash(form), entry.slug)
            self._forms += [
                (squash(form), entry.slug, words(form)[0] in DETERMINERS) for form in spoken
            ]

    def display_name(self, slug: str) -> str:
        return self._by_slug[slug].name

    def exact(self, phrase: list[str]) -> NameMatch | None:
        """The persona whose name, alias or known mishearing this is."""
        slug = self._exact.get(squash(phrase))
        return None if slug is None else NameMatch(slug, self.display_name(slug), 1.0)

    def ranked(self, phrase: list[str]) -> list[NameMatch]:
        """Every persona with its score for this phrase, best first.

        An article makes a name a thing ("the kit", "a marvel"), so a phrase that has one is only
        compared with aliases that have one too ("the Dalek").
        """
        spoken = squash(phrase)
        article = phrase[0] in DETERMINERS
        best = {entry.slug: 0.0 for entry in self.names}
        for form, slug, has_article in self._forms:
            if has_article == article:
                best[slug] = max(best[slug], min(0.99, similarity(form, spoken)))
        exact = self._exact.get(spoken)
        if exact is not None:
            best[exact] = 1.0
        order = sorted(best.items(), key=lambda item: -item[1])
        return [NameMatch(slug, self.display_name(slug), score) for slug, score in order]
