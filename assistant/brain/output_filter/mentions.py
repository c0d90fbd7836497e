"""Reasoning tags that are only written about ("the <think> tag of HTML") told from tags that are
meant."""

from __future__ import annotations

import re

_QUOTES = "\"'“”‘’«»`„"
_BEFORE = re.compile(
    r"\b(?:the|an?|any|no|this|that|these|its|your|in|inside|within|with|without|of|by|between"
    r"|and|or|use|uses|using|write|writes|called|named|like|tags?|tokens?|from|after"
    r"|before|html|xml) $",
    re.IGNORECASE,
)
_NOUN = re.compile(
    r"[ -]{1,2}(?:tags?|elements?|blocks?|tokens?|markers?|sections?|symbols?|strings?)\b",
    re.IGNORECASE,
)
_NEXT_WORD = re.compile(r"[ -]{1,2}[A-Za-z]{0,11}")
_LONGEST_WORD = 14


class TextContext:
    """What stands before a place in a text: the last characters, and whether it is code."""

    def __init__(self) -> None:
        self._before = ""
        self._ticks = 0
        self._fenced = False
        self._inline = False

    def take(self, text: str) -> None:
        """The text goes on with this."""
        for char in text:
            if char == "`":
                self._ticks += 1
                continue
            self._settle()
            if char == "\n":
                self._inline = False
        self._before = (self._before + text)[-24:]

    @property
    def in_code(self) -> bool:
        """Between backticks, or in a fenced block."""
        ticks = self._ticks
        fenced = self._fenced != (ticks >= 3)
        return fenced or (self._inline != (0 < ticks < 3))

    def are_about(self, after: str, *, final: bool) -> bool | None:
        """Whether a tag here, with `after` behind it, is only spoken of; None where more of it has
        to be seen first."""
        if self.in_code:
            return True
        if not after and not final:
            return None
        if self._before[-1:] and self._before[-1:] in _QUOTES and after[:1] in _QUOTES:
            return True
        word_open = len(after) < _LONGEST_WORD and _NEXT_WORD.fullmatch(after)
        if word_open and not final:
            return None
        if _NOUN.match(after):
            return True
        loose = not after.strip(" ") or after[0] in " .,;:!?)"
        return loose and bool(_BEFORE.search(self._before))

    def _settle(self) -> None:
        ticks, self._ticks = self._ticks, 0
        if ticks >= 3:
            self._fenced = not self._fenced
        elif ticks and not self._fenced:
            self._inline = not self._inline
