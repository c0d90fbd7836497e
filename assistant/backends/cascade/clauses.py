"""Cuts streamed text into the pieces that are spoken one by one.

The first clause is short, so that its sound comes soon; the next ones are longer, because a voice
that renders three times faster than it speaks needs what is already sounding to cover the next
clause; after that whole sentences, which sound best.

Where text is cut depends on the text alone, never on the pieces it arrived in: a line that was
rendered beforehand is therefore cut exactly as the same line will be when it is spoken.
"""

from __future__ import annotations

import re

FIRST_WORDS = 3
"""Fewest words of a clause that ends at a comma."""
EARLY_WORDS = 10
"""Words after which only long sentences are cut at their commas."""
LONG_SENTENCE_WORDS = 16
"""Words after which a comma ends a clause of a long sentence."""
MOST_WORDS = 36
"""Words after which a clause ends at the next space."""
MOST_CHARACTERS = 400
"""Characters after which text without any space is cut."""

_CLOSERS = r"[\"'”’)\]»*_]*"
_CANDIDATE = re.compile(
    rf"""
    (?P<sentence>[.!?…]+{_CLOSERS}(?=\s) | [。！？])
    | (?P<line>\n)
    | (?P<soft>[,;:]{_CLOSERS}(?=\s) | [—–](?=\s) | —(?=.))
    | (?P<joint>\s(?=(?:and|but|because|which|while|although|so|or|then|if|when)\s))
    | (?P<space>\s)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WORD = re.compile(r"\S*\w\S*")
_ABBREVIATION = re.compile(
    r"""(?:^|[\s("'“‘\[])
    (?: (?:mr|mrs|ms|dr|prof|st|sr|jr|gen|col|capt|lt|sgt|rev|hon|vs|etc|approx|vol|fig|pp?
         |ca|cf|al|inc|ltd|co|dept|blvd
         |jan|feb|apr|aug|sept?|oct|nov|dec)
      | e\.g | i\.e | a\.k\.a | [ap]\.m | u\.s | u\.k
      | [a-z] )
    \.$ | ^\s*\d{1,3}\.$""",
    re.VERBOSE | re.IGNORECASE,
)


class ClauseSplitter:
    """One utterance's text in, its clauses out, as early as each is certain.

    A sentence is certain once white space follows it, so a piece that should sound at once ("Yes,
    sir. ") ends in a space.
    """

    def __init__(self) -> None:
        self._pending = ""
        self._words = 0

    def push(self, text: str) -> list[str]:
        """Take the next piece, of any size; return the clauses it completed, stripped."""
        self._pending += text
        clauses = []
        while (cut := self._find_cut()) is not None:
            clauses.append(self._take(cut))
        return [clause for clause in clauses if clause]

    def flush(self) -> list[str]:
        """The text is over: what is left, as at most one clause. Ready for the next utterance."""
        last = self._take(len(self._pending))
        self._words = 0
        return [last] if last else []

    def _take(self, cut: int) -> str:
        clause, self._pending = self._pending[:cut].strip(), self._pending[cut:]
        self._words += _count_words(clause)
        return clause

    def _find_cut(self) -> int | None:
        for candidate in _CANDIDATE.finditer(self._pending):
            if candidate.end() > MOST_CHARACTERS:
                break
            if self._accepts(candidate):
                return candidate.end()
        return MOST_CHARACTERS if len(self._pending) > MOST_CHARACTERS else None

    def _accepts(self, candidate: re.Match[str]) -> bool:
        before = self._pending[: candidate.end()]
        words = _count_words(before)
        if words == 0:
            return False
        kind = candidate.lastgroup
        if kind == "line":
            return True
        if kind == "sentence":
            return not _ABBREVIATION.search(before)
        if kind == "space":
            return words >= MOST_WORDS
        early = self._words < EARLY_WORDS
        if kind == "soft":
            return words >= (FIRST_WORDS if early else LONG_SENTENCE_WORDS)
        return words >= (2 * FIRST_WORDS if early else LONG_SENTENCE_WORDS + FIRST_WORDS)


def split_clauses(text: str) -> list[str]:
    """The clauses of a whole text: the same ones that a stream of it gives."""
    splitter = ClauseSplitter()
    return splitter.push(text) + splitter.flush()


def _count_words(text: str) -> int:
    return len(_WORD.findall(text))
