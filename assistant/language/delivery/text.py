"""What a text itself asks for: a question rises, an aside falls and is softer, an exclamation is
livelier, an ellipsis waits (Cruttenden 1997, "Intonation", chapters 4 and 5).
"""

from __future__ import annotations

import re

from assistant.frames import Prosody
from assistant.language.delivery.prosody import NEUTRAL
from assistant.language.lexicon import ASKING

RISING = Prosody(pitch=0.9)
"""A question that is answered by yes or no."""
ASKING_FOR = Prosody(pitch=0.5)
"""One that begins with a question word: it rises less."""
LIVELY = Prosody(rate=1.03, pitch=0.4, gain=1.0)
ASIDE = Prosody(rate=1.03, pitch=-0.8, gain=-2.5)
WAITING = Prosody(rate=0.96, pauses=2.2)

_CLOSERS = "\"'”’)]*_ "
_DASH = re.compile(r"(?:\s[—–-]{1,2}|[—–])\s*$")
_DASHES = re.compile(r"(?:\s--?\s|\s[–—]\s|(?<=\w)—(?=\w))")
_SHORTEST = 2
"""Words of an aside: less is said in one breath with what is around it ("the file (PDF)")."""
_ROUND = re.compile(r"(?<=\s)\([^()]*\)[.,;:!?…]*(?=\s|$)|^\([^()]*\)[.,;:!?…]*(?=\s|$)")
_WH = re.compile(rf"\W*(?:(?:and|but|so|well|now|then|or)\W+)*{ASKING}\b", re.IGNORECASE)
_WORD = re.compile(r"\w[\w'’]*")


class TextProsody:
    """The clauses of one text in, what is to be said in one breath out, each with what it asks for.
    Make a new one for each text."""

    def __init__(self) -> None:
        self._in_dashes = False
        """The last clause ended with a dash that may open an aside."""
        self._asked = ""
        """The beginning of the sentence."""

    def parts(self, clause: str) -> list[tuple[str, Prosody]]:
        """The clause, cut around its asides; its words are all there, in order."""
        whole_aside = self._closes_aside(clause)
        parts = []
        for text, aside in _around_asides(clause):
            self._asked = self._asked or text
            parts.append((text, ASIDE if aside or whole_aside else self._of(text)))
            if _ends_sentence(text):
                self._asked = ""
        return parts

    def _of(self, text: str) -> Prosody:
        end = text.rstrip(_CLOSERS)
        if end.endswith(("…", "...", ". . .")):
            return WAITING
        if end.endswith(("?", "?!", "!?")):
            return ASKING_FOR if _WH.match(self._asked) else RISING
        return LIVELY if end.endswith("!") else NEUTRAL

    def _closes_aside(self, clause: str) -> bool:
        """Whether the whole clause stands between two dashes."""
        dash = _DASH.search(clause) is not None
        inside, self._in_dashes = self._in_dashes, False
        if dash and not inside:
            self._in_dashes = True
        return dash and inside and len(_WORD.findall(clause)) >= _SHORTEST


def _ends_sentence(text: str) -> bool:
    return text.rstrip(_CLOSERS)[-1:] in tuple(".!?…")


def _around_asides(clause: str) -> list[tuple[str, bool]]:
    """(text, is an aside), in order; nothing empty."""
    spans = [found.span() for found in _ROUND.finditer(clause)] or _between_dashes(clause)
    spans = [span for span in spans if len(_WORD.findall(clause[slice(*span)])) >= _SHORTEST]
    parts: list[tuple[str, bool]] = []
    at = 0
    for begin, end in spans:
        if 0 < len(_WORD.findall(clause[at:begin])) < _SHORTEST:
            continue  # a word by itself before it would sound like a sentence
        parts += [(clause[at:begin], False), (clause[begin:end], True)]
        at = end
    parts.append((clause[at:], False))
    stripped = [(text.strip(), aside) for text, aside in parts]
    return [(text, aside) for text, aside in stripped if _WORD.search(text)] or [(clause, False)]


def _between_dashes(clause: str) -> list[tuple[int, int]]:
    """What stands between a pair of dashes, the second dash included."""
    found = list(_DASHES.finditer(clause))
    if len(found) != 2:
        return []
    return [(found[0].end(), found[1].end())]
