"""Loops: a phrase that the decoder repeats until its length limit.

People repeat themselves, too: a word a few times ("very, very, very good"), a digit as often as the
number has it, a sentence hardly more than twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.language.numbers import is_number_word

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ENDED = re.compile(r"\s*[.!?…]")
_LONGEST = 16
"""Words in the longest phrase that is looked for."""
_OF_ONE = 6
"""Times from which one word is a loop."""
_OF_TWO = 4
_OF_MORE = 3
"""… from which a longer phrase is one, or a sentence of two words."""
_DICTATED = 16
"""… and digits or letters, which are told one after another."""
_WITHIN_A_WORD = re.compile(
    r"(?P<unit>[^\W\d_])(?P=unit){5,}|(?P<units>[^\W\d_]{2,6}?)(?P=units){3,}|(?P<digit>\d)(?P=digit){19,}",
    re.IGNORECASE,
)
"""No word has a letter six times running ("aaaaaa"), or a syllable four times ("nononono")."""


@dataclass(frozen=True, slots=True)
class _Loop:
    start: int
    """Where the first repetition begins, in characters."""
    once: int
    """… where it ends."""
    end: int
    """… and where the last one ends."""


def loops(text: str) -> bool:
    """Whether the decoder is caught in a loop: a phrase over and over, with or without spaces."""
    return _loop(text) is not None


def unlooped(text: str) -> str:
    """The looping phrase once, without the piece of it that the length limit has left over."""
    while (loop := _loop(text)) is not None:
        unit, rest = text[loop.start : loop.once], text[loop.end :]
        left_over = rest.strip(" ,.!?…-").lower()
        if unit.lower().startswith(left_over):
            rest = ""
        text = f"{text[: loop.start]}{unit}{rest}".strip(" ,")
    return text


def _loop(text: str) -> _Loop | None:
    found = _WITHIN_A_WORD.search(text)
    if found is not None:
        unit = found["unit"] or found["units"] or found["digit"]
        return _Loop(found.start(), found.start() + len(unit), found.end())
    tokens = list(_WORD.finditer(text))
    words = [token[0].lower() for token in tokens]
    for start in range(len(words)):
        for length in range(1, min(_LONGEST, (len(words) - start) // 2) + 1):
            times = _times(words, start, length)
            once = tokens[start + length - 1].end()
            if times >= _too_many(words[start : start + length], _ENDED.match(text, once)):
                return _Loop(tokens[start].start(), once, tokens[start + times * length - 1].end())
    return None


def _times(words: list[str], start: int, length: int) -> int:
    """How often the `length` words from `start` stand there running."""
    unit = words[start : start + length]
    at = start + length
    while words[at : at + length] == unit:
        at += length
    return (at - start) // length


def _too_many(unit: list[str], ended: re.Match[str] | None) -> int:
    """From how often on this is the decoder's doing; `ended`: it is a sentence of its own."""
    if all(len(word) == 1 or word.isdigit() or is_number_word(word) for word in unit):
        return _DICTATED
    if len(unit) == 1:
        return _OF_ONE
    return _OF_MORE if len(unit) > 2 or ended else _OF_TWO
