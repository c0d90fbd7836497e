"""A notation in which people write down how something may be put: "open [up] the (door|doors)".

`[…]` may be left out, `(a|b)` is one of the two, and both may stand within each other. A phrase is
followed word by word through all of its branches at once, without ever going back: the time that it
takes grows with its length and with that of what was said, and with nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import prod

from assistant.errors import AssistantError
from assistant.language.tokens import sentences

LONGEST = 300
"""Characters of a phrase."""
_DEEPEST = 4
_MOST_SPELLINGS = 50
"""Of a word that is itself made of choices: "humo(u|)r"."""
_PIECES = re.compile(r"[\[\]()|]|[^\[\]()|]+")
_ENDS = {"[": "]", "(": ")"}


class NotationError(AssistantError):
    """A phrase that cannot be read."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of several runs of texts and further choices."""

    runs: tuple[tuple[str | _Choice, ...], ...]

    def count(self) -> int:
        return sum(
            prod(part.count() for part in run if isinstance(part, _Choice)) for run in self.runs
        )

    def texts(self, most: int) -> Iterator[str]:
        for run in self.runs:
            parts = [
                list(islice(part.texts(most), most)) if isinstance(part, _Choice) else [part]
                for part in run
            ]
            yield from ("".join(chosen) for chosen in product(*parts))


class Phrase:
    """A phrase that has been read, in the normal words of `language.tokens`."""

    def __init__(self, written: str) -> None:
        """Raises `NotationError`, whose remedy tells how to write it instead."""
        if len(written) > LONGEST:
            raise NotationError(
                f"has more than {LONGEST} characters",
                "Nobody says that much: write what they do say.",
            )
        if odd := re.search(r"[{}<>*+\\^$]", written):
            raise NotationError(
                f"holds {odd[0]}, which nobody says",
                "Write plain words: […] may be left out, (a|b) is one of the two.",
            )
        pieces = _PIECES.findall(written)
        choice, rest = _read(pieces, 0, "")
        if rest < len(pieces):
            raise NotationError(f"has a {pieces[rest]} that nothing opens", "Take it out.")
        self._choice = _in_words(choice)
        if self.matches(()):
            raise NotationError(
                "may have no words left", "At least one word has to stand outside of […]."
            )

    def matches(self, words: Sequence[str]) -> bool:
        """Whether these normal words are one of the texts that the phrase stands for."""
        return len(words) in _ends(self._choice, words, {0})

    def first_words(self) -> frozenset[str]:
        """Every word with which it may begin."""
        return frozenset(_firsts(self._choice)[0])

    def texts(self, most: int) -> list[str]:
        """Some of the texts that it stands for, at most so many."""
        return [" ".join(text.split()) for text in islice(self._choice.texts(most), most)]


def normal(text: str) -> str:
    """The normal words of a text, joined by single blanks: "What's up?" → "what is up"."""
    return " ".join(sentence.text for sentence in sentences(text))


def _ends(choice: _Choice, words: Sequence[str], starts: set[int]) -> set[int]:
    """Where among the words one may be after the choice, from each of these places."""
    found: set[int] = set()
    for run in choice.runs:
        places = starts
        for part in run:
            if isinstance(part, _Choice):
                places = _ends(part, words, places)
            else:
                word = part.strip()
                places = {at + 1 for at in places if at < len(words) and words[at] == word}
            if not places:
                break
        found |= places
    return found


def _firsts(choice: _Choice) -> tuple[set[str], bool]:
    """The words that may come first, and whether there may be none."""
    found: set[str] = set()
    empty = False
    for run in choice.runs:
        for part in run:
            words, may_be_empty = _firsts(part) if isinstance(part, _Choice) else ({part}, False)
            found |= {word.strip() for word in words}
            if not may_be_empty:
                break
        else:
            empty = True
    return found, empty


def _read(pieces: list[str], at: int, opened: str, depth: int = 0) -> tuple[_Choice, int]:
    """What stands from `at` up to the end of what was `opened`, and where that end is."""
    if depth > _DEEPEST:
        raise NotationError("has brackets too deep within each other", "Make two phrases of it.")
    runs: list[list[str | _Choice]] = [[]]
    while at < len(pieces) and pieces[at] not in ("]", ")"):
        piece = pieces[at]
        if piece == "|":
            if not opened:
                raise NotationError("has a | outside of ( )", "Write (a|b), or two phrases.")
            runs.append([])
        elif piece in _ENDS:
            inner, at = _read(pieces, at + 1, piece, depth + 1)
            if at >= len(pieces) or pieces[at] != _ENDS[piece]:
                raise NotationError(
                    f"has a {piece} that is never closed", f"Put a {_ENDS[piece]} where it ends."
                )
            runs[-1].append(inner)
        else:
            runs[-1].append(piece)
        at += 1
    if opened and not any(map(_has_words, runs)):
        raise NotationError(
            f"has nothing between {opened} and its end", "Put words there, or take it out."
        )
    if opened == "[":
        runs.append([])
    return _Choice(tuple(tuple(run) for run in runs)), at


def _has_words(run: Sequence[str | _Choice]) -> bool:
    return any(isinstance(part, _Choice) or part.strip() for part in run)


def _in_words(choice: _Choice) -> _Choice:
    """The same with one normal word, and a blank behind it, in each part that is no choice."""
    return _Choice(tuple(tuple(_run_in_words(run)) for run in choice.runs))


def _run_in_words(run: Sequence[str | _Choice]) -> Iterator[str | _Choice]:
    parts = (
        piece
        for part in run
        for piece in ([part] if isinstance(part, _Choice) else re.split(r"(\s+)", part))
        if piece != ""
    )
    glued: list[str | _Choice] = []
    for part in (*parts, " "):
        if isinstance(part, str) and part.isspace():
            yield from _glued_in_words(glued)
            glued = []
        else:
            glued.append(part)


def _glued_in_words(glued: Sequence[str | _Choice]) -> Iterator[str | _Choice]:
    """What stands without a blank between: "what('s| is)" is one of "what's" and "what is"."""
    if len(glued) == 1 and isinstance(glued[0], _Choice):
        yield _in_words(glued[0])
    elif len(glued) == 1:
        yield from (f"{word} " for word in normal(str(glued[0])).split())
    elif glued:
        whole = _Choice((tuple(glued),))
        if whole.count() > _MOST_SPELLINGS:
            raise NotationError(
                f"has {whole.count():,} spellings of one word",
                "Put blanks between words and brackets, or make two phrases of it.",
            )
        spelt = [normal(text).split() for text in whole.texts(_MOST_SPELLINGS)]
        yield _Choice(tuple(tuple(f"{word} " for word in words) for words in spelt))
