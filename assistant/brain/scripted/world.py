"""A persona's own world: which of its exchanges somebody begins, by the words or by their gist."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from assistant.language.lexicon import word_set
from assistant.language.phrase_notation import NotationError, Phrase
from assistant.language.tokens import Sentence, stem
from assistant.personas.loading import Persona

_SMALL = word_set(
    "a an the is am are was were be been being do does did will would can could shall should may "
    "might must have has had of to in on at for from with by as and or but so that this these "
    "those it its there here up down out off then now ever still really very too all any some "
    "tell say show give know think mean about let"
)
"""Words that change nothing of what a phrase is about."""
_SIDES = {"i": "i", "me": "i", "my": "i", "mine": "i", "myself": "i",
          "you": "you", "your": "you", "yours": "you", "yourself": "you",
          "we": "we", "us": "we", "our": "we", "ours": "we"}  # fmt: skip
_DENIALS = word_set("not no never nothing nobody none")
_WEAK = word_set("go get make take come like want see look good new much again more") | _DENIALS
"""Words of matter that are in everybody's mouth, and alone make no phrase known."""
_LEAST_WORDS = 2
"""Of matter, by which a phrase is known in other words."""
_MOST_TEXTS = 60
"""Of a phrase, whose gist is kept."""

Gist = tuple[frozenset[str], tuple[str, ...]]
"""Words of matter in any order; who is named in which: "you kill me" is not "I kill you"."""


class World:
    """The exchanges of one persona, by what is said."""

    def __init__(self, said: tuple[tuple[str, ...], ...]) -> None:
        """`said`: the phrases of each exchange, in `language.phrase_notation`. Phrases that cannot
        be read are left out: loading tells of them."""
        self._phrases: dict[str, list[tuple[int, Phrase]]] = {}
        """By the words with which they may begin."""
        self._gists: dict[Gist, int] = {}
        self._words: set[str] = set()
        """Of matter, in any of its phrases."""
        for number, phrase in _read(said):
            for word in phrase.first_words():
                self._phrases.setdefault(word, []).append((number, phrase))
            for text in phrase.texts(_MOST_TEXTS):
                if (gist := _gist(text)) is not None:
                    self._gists.setdefault(gist, number)
                    self._words |= gist[0]

    def find(self, text: str) -> int | None:
        """The number of the exchange that exactly these normal words begin."""
        words = text.split()
        candidates = self._phrases.get(words[0], ()) if words else ()
        return next((number for number, phrase in candidates if phrase.matches(words)), None)

    def resembling(self, sentence: Sentence) -> int | None:
        """The number of the one that says the same in other words or in another order."""
        gist = _gist(sentence.text)
        if gist is None:
            return None
        # A word more is no other question if it is of this world, too: "the captain of the ship".
        shorter = [(gist[0] - {word}, gist[1]) for word in sorted(gist[0] & self._words)]
        found = (self._gists.get(each) for each in (gist, *shorter) if len(each[0]) >= _LEAST_WORDS)
        return next((number for number in found if number is not None), None)


@lru_cache(maxsize=32)
def _world(said: tuple[tuple[str, ...], ...]) -> World:
    return World(said)


def world_of(persona: Persona) -> World:
    """Made once for each persona, in some 50 ms."""
    return _world(tuple(tuple(exchange.said) for exchange in persona.exchanges))


def _read(said: tuple[tuple[str, ...], ...]) -> Iterator[tuple[int, Phrase]]:
    for number, phrases in enumerate(said):
        for written in phrases:
            with suppress(NotationError):
                yield number, Phrase(written)


def _gist(text: str) -> Gist | None:
    words = text.split()
    matter = {stem(word) for word in words if word not in _SMALL and word not in _SIDES}
    sides = tuple(_SIDES[word] for word in words if word in _SIDES)
    if len(matter - _DENIALS) < _LEAST_WORDS or not matter - _WEAK:
        return None
    return frozenset(matter), sides
