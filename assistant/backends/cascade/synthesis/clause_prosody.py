"""Which prosody each clause of an utterance is spoken with: what was asked for the piece of text in
which it begins, and what its own words and marks ask for.
"""

from __future__ import annotations

from assistant.backends.cascade.synthesis.clauses import split_clauses
from assistant.frames import Prosody
from assistant.language.delivery.prosody import NEUTRAL, combined, limited
from assistant.language.delivery.text import TextProsody


class ClauseProsody:
    """The clauses of one utterance in, what is rendered in one piece out, in order."""

    def __init__(self) -> None:
        self._text = TextProsody()
        self._begun = NEUTRAL
        """Of the clause that is not complete yet."""

    def of(self, clauses: list[str], prosody: Prosody, *, begun: bool) -> list[tuple[str, Prosody]]:
        """What a piece of text with this prosody has completed. `begun`: the first of `clauses`
        (or, where there is none, of those to come) began before it."""
        spoken = []
        for at, clause in enumerate(clauses):
            how = self._begun if begun and not at else prosody
            spoken += self._parts(clause, how)
        if clauses or not begun:
            self._begun = prosody
        return spoken

    def _parts(self, clause: str, prosody: Prosody) -> list[tuple[str, Prosody]]:
        if not prosody.by_text:
            return [(clause, prosody)]
        return [(part, combined(prosody, own)) for part, own in self._text.parts(clause)]


def spoken_clauses(text: str, prosody: Prosody) -> list[tuple[str, Prosody]]:
    """The clauses of a whole text that is said so: the same ones that a stream of it gives, where
    nothing else was said just before."""
    parts = ClauseProsody().of(split_clauses(text), prosody, begun=False)
    return [(clause, limited(how)) for clause, how in parts]
