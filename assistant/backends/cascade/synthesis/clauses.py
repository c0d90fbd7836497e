"""Cuts streamed text into the pieces that are spoken one by one.

The first clause is short, so that its sound comes soon; the next ones are longer, because a voice
that renders three times faster than it speaks needs what is already sounding to cover the next
clause; after that whole sentences, which sound best.

Where text is cut depends on the text alone, never on the pieces it arrived in: a line that was
rendered beforehand is therefore cut exactly as the same line will be when it is spoken.
"""

from __future__ import annotations

import re

from assistant.language.lexicon import PHRASE_OPENERS, either

FIRST_WORDS = 3
"""Fewest words of a clause that ends at a comma."""
LONG_FIRST_WORDS = 5
"""Words after which the very first clause ends before a preposition: sound is waited for, and what
a model goes on to write is there before so many words have been heard."""
EARLY_WORDS = 10
"""Words after which only long sentences are cut at their commas."""
LONG_SENTENCE_WORDS = 16
"""Words after which a comma ends a clause of a long sentence."""
MOST_WORDS = 36
"""Words after which a clause ends at the next space."""
MOST_CHARACTERS = 400
"""Characters after which text without any space is cut."""
LONGEST_ASIDE = 80
"""Characters that are waited for until what was opened is closed: "(pauses, then smiles)"."""

_CLOSERS = r"[\"'”’)\]»*_]*"
_CANDIDATE = re.compile(
    rf"""
    (?P<sentence>[.!?…]+{_CLOSERS}(?=\s) | [。！？])
    | (?P<line>\n)
    | (?P<soft>[,;:]{_CLOSERS}(?=\s) | [—–](?=\s) | —(?=.))
    | (?P<joint>\s(?=(?:and|but|because|which|while|although|so|or|then|if|when)\s))
    | (?P<phrase>\s(?={either(PHRASE_OPENERS)}\s))
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
_BEFORE_A_NUMBER = re.compile(
    r"""(?:^|[\s("'“‘\[])(?:nos?|nr|ch|chap|sec|sect|eq|art|para|ex|ext|apt|tel|op|vols|figs|pg|min|max
        |est|ver|app)\.$""",
    re.VERBOSE | re.IGNORECASE,
)
"""These end a sentence ("No.") unless a number follows ("No. 5")."""
_FACTORIAL = re.compile(r"(?:\d|\b[a-z])!$")
_ENTITY = re.compile(r"&\#?\w{1,12};$")
_ASIDE = re.compile(
    r"(?P<round>(?<![:;=-])\()|(?P<square>\[)|(?P<star>(?<![\w*])\*{1,3}(?=[^\s*]))"
    r"|(?P<formula>(?<![\w\\$])\$(?=[^\s\d$]))|(?P<struck>~~(?=\S))|(?P<code>`+)"
)
"""What opens something that is read as one: an aside, an emphasis, a formula."""
_CLOSING = {
    "round": re.compile(r"\)"),
    "square": re.compile(r"\]"),
    "star": re.compile(r"(?<=[^\s*])\*(?!\w)"),
    "formula": re.compile(r"(?<=\S)\$(?!\w)"),
    "struck": re.compile(r"(?<=\S)~~"),
    "code": re.compile(r"`"),
}


_AFTER_ASIDE = re.compile(r"[)—–]\s*\S*\s*$")
"""One word after an aside, which is said by itself, would be alone."""


class ClauseSplitter:
    """One utterance's text in, its clauses out, as early as each is certain.

    A sentence is certain once white space follows it, so a piece that should sound at once ("Yes,
    sir. ") ends in a space.
    """

    def __init__(self) -> None:
        self._pending = ""
        self._words = 0

    @property
    def pending(self) -> bool:
        """Words wait for the rest of their clause."""
        return bool(self._pending.strip())

    def push(self, text: str) -> list[str]:
        """Take the next piece, of any size; return the clauses it completed, stripped."""
        self._pending += text
        return self._cut_all(over=False)

    def flush(self) -> list[str]:
        """The text is over: what is left, mostly one clause. Ready for the next utterance."""
        clauses = [*self._cut_all(over=True), self._take(len(self._pending))]
        self._words = 0
        return [clause for clause in clauses if clause]

    def _cut_all(self, *, over: bool) -> list[str]:
        clauses = []
        while (cut := self._find_cut(over=over)) is not None:
            clauses.append(self._take(cut))
        return [clause for clause in clauses if clause]

    def _take(self, cut: int) -> str:
        clause, self._pending = self._pending[:cut].strip(), self._pending[cut:]
        self._words += _count_words(clause)
        return clause

    def _find_cut(self, *, over: bool) -> int | None:
        """Where the next clause ends; None where that is not certain yet. `over`: no text follows
        what is pending."""
        for candidate in _CANDIDATE.finditer(self._pending):
            if candidate.end() > MOST_CHARACTERS:
                break
            if not self._accepts(candidate):
                continue
            inside = self._is_inside(candidate, over=over)
            if inside is None:
                return None
            if not inside:
                return candidate.end()
        return MOST_CHARACTERS if len(self._pending) > MOST_CHARACTERS else None

    def _is_inside(self, candidate: re.Match[str], *, over: bool) -> bool | None:
        """Whether it stands within something that is read as one; None: what follows will tell."""
        kind, end = candidate.lastgroup, candidate.end()
        if kind in ("line", "space"):
            return False
        if kind == "sentence" and (follows := self._number_follows(end, over=over)) is not False:
            return follows
        return self._is_in_aside(end, over=over)

    def _number_follows(self, end: int, *, over: bool) -> bool | None:
        """ "No. 5" and "5! = 120" go on where a sentence seems to end."""
        before, rest = self._pending[:end], self._pending[end:].lstrip()
        expected = (
            r"[\d#]" if _BEFORE_A_NUMBER.search(before) else
            r"[=+*/×÷]" if _FACTORIAL.search(before) else None
        )  # fmt: skip
        if expected is None:
            return False
        if not rest:
            return False if over else None
        return re.match(expected, rest) is not None

    def _is_in_aside(self, end: int, *, over: bool) -> bool | None:
        at = 0
        while (opening := _ASIDE.search(self._pending, at, end)) is not None:
            limit = opening.start() + LONGEST_ASIDE
            closing = _CLOSING[str(opening.lastgroup)]
            closed = closing.search(self._pending, opening.end(), limit)
            line = self._pending.find("\n", opening.end(), limit)
            if closed is None or -1 < line < closed.start():
                if line < 0 and len(self._pending) < limit and not over:
                    return None
                at = opening.end()  # nothing was opened
            elif closed.end() > end:
                return True
            else:
                at = closed.end()
        return False

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
        if kind == "phrase" and self._words == 0 and words >= LONG_FIRST_WORDS:
            return _AFTER_ASIDE.search(before) is None
        if kind in ("phrase", "space"):
            return words >= MOST_WORDS
        early = self._words < EARLY_WORDS
        if kind == "soft" and _ENTITY.search(before):
            return False
        if kind == "soft":
            return words >= (FIRST_WORDS if early else LONG_SENTENCE_WORDS)
        return words >= (2 * FIRST_WORDS if early else LONG_SENTENCE_WORDS + FIRST_WORDS)


def split_clauses(text: str) -> list[str]:
    """The clauses of a whole text: the same ones that a stream of it gives."""
    splitter = ClauseSplitter()
    return splitter.push(text) + splitter.flush()


def _count_words(text: str) -> int:
    return len(_WORD.findall(text))
