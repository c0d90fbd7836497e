"""The classes of text normalisation (Sproat et al. 2001; Ebden and Sproat 2014), a module each.

Each gives `Rule`s: a pattern of what is written, and how a match is spoken. What they write holds
no digits and no symbols, so that no rule takes it for something written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]
"""What is written, and how a match of it is spoken."""

NUMBER = (
    r"(?:\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?"
    r"|\d{1,3}(?:\.\d{3})+,\d{1,9}(?!\d)|\d{1,3}(?:\.\d{3}){2,}(?![\d.])"
    r"|\d{1,3}(?:[\u00a0\u202f\u2009'’_]\d{3})+(?!\d)(?:\.\d+)?"
    r"|\d{1,3}(?: 000){1,5}(?! ?\d)|\d{1,2}(?: \d{3}){2,6}(?! ?\d)"
    r"|\d+\.\d+|(?<!,)\d+,\d{1,2}(?![\d,])|\d+|\.\d+)"
)
"""1,234.5, 1.234,5, 1 234 (narrow spaces), 12.5, 12,5, 12 and .5; without a sign."""

AMOUNT = rf"(?:{NUMBER}(?:[  ][1-9]/[1-9]\d?(?![\d/]))?)"
"""A number that may be mixed: "3 1/2"."""


def rewrite(text: str, rules: Iterable[Rule]) -> str:
    """Each rule once over the whole text, in order."""
    for pattern, speak in rules:
        text = pattern.sub(speak, text)
    return text


def constant(spoken: str) -> Callable[[re.Match[str]], str]:
    """A rule's second half that says the same of every match."""
    return lambda _: spoken


def alternatives(words: Iterable[str]) -> str:
    """A pattern of any of these, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def listed(words: str) -> list[str]:
    """The words of a list that is written as running text."""
    return words.split()
