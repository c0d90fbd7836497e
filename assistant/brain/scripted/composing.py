"""Making an answer of a persona's lines, so that it does not sound like the answers before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

from assistant.brain.scripted.lines import Chooser, Pieces, fill, opening, variants
from assistant.language.numbers import ordinal
from assistant.personas.loading import Persona

_AGAIN = (
    "As I said before.",
    "Once more, then.",
    "Again, if you like.",
    "The answer stays the same.",
)


_OPENS_BY_ITSELF = re.compile(r"(?:\S+ ){0,3}\S+[.!] \S")
"""At most four words stand alone before what is told: "Very good, sir. For the record, …"; one
more before that ("Allow me, sir.") would be one too many."""


class Composer:
    """Chooses among lines, openers before them and pairs of them. `next_turn` begins an answer,
    which may be composed of several."""

    def __init__(self, random: Random, ready: Callable[[str], bool]) -> None:
        """`ready` tells whether a text would sound at once; such variants are said first."""
        self._chooser = Chooser(random)
        self._ready = ready
        self._repeats = 0

    def next_turn(self) -> None:
        self._chooser.next_turn()

    def compose(
        self,
        templates: Sequence[str],
        persona: Persona,
        values: Mapping[str, str],
        user: str,
        *,
        opener: bool,
        one: bool,
    ) -> list[str]:
        """Fill a template that was used longest ago, so that the whole text is new, and begins
        otherwise than what was said just before. `opener`: an opener may stand before it; `one`:
        two of the templates together make no sense."""
        bodies: dict[str, str] = {}
        for template in self._chooser.oldest_first(templates):
            text = fill(template, persona, values, user)
            if text:
                bodies.setdefault(text, template)
        openers = [fill(text, persona, {}, user) for text in variants(persona, "openers")]
        leads = self._ready_first(self._chooser.oldest_first([text for text in openers if text]))
        opener = opener and self._chooser.may_open()
        texts = self._ready_first(list(bodies))
        candidates = list(
            filter(self._chooser.fresh, _candidates(texts, leads, opener=opener, one=one))
        )
        pieces = next(filter(self._chooser.begins_anew, candidates), None)
        pieces = pieces or next(iter(candidates), None) or self._again(list(bodies))
        said = [bodies[text] for text in pieces if text in bodies]
        self._chooser.mark(pieces, said, opened=opener and pieces[0] in leads)
        return list(pieces)

    def _ready_first(self, texts: list[str]) -> list[str]:
        return sorted(texts, key=self._ready, reverse=True)

    def _again(self, bodies: list[str]) -> Pieces:
        """The variants have run out: say so, and count, so that even this is never the same."""
        self._repeats += 1
        count = f"That is the {ordinal(self._repeats)} time I repeat myself."
        lead = self._chooser.oldest_first(_AGAIN)[0]
        return (lead, bodies[0], count) if bodies else (count,)


def _candidates(
    bodies: list[str], leads: list[str], *, opener: bool, one: bool
) -> Iterator[Pieces]:
    """Ways to say it, the most natural first."""
    if opener:
        for body in bodies:
            if _OPENS_BY_ITSELF.match(body):
                yield (body,)
            else:
                yield from ((lead, body) for lead in leads if opening(lead, 1) != opening(body, 1))
    yield from ((body,) for body in bodies)
    if not (opener or one):
        # Two different variants after each other still sound like a person; a stock opener
        # before a greeting or a thank-you does not.
        yield from ((first, second) for first in bodies for second in bodies if first != second)
    yield from ((lead, body) for lead in _AGAIN for body in bodies)
