"""Prosody of the assistant's sentences: what of it comes from the persona, from the user's feeling,
and from marks in the text. What a sentence's own words ask for is added where it is cut into
clauses (`Prosody.by_text`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from assistant.frames import ChangePersona, Prosody
from assistant.language.delivery.marks import Delivery, DeliveryMarks, first_delivery
from assistant.language.delivery.named import DELIVERIES, find_delivery
from assistant.language.delivery.prosody import NEUTRAL, combined, eased, limited
from assistant.session.event_bus import EventBus
from assistant.session.signals import AnswerProsody

_BY_TEXT = Prosody(by_text=True)
_END = re.compile(r"[.!?…][\"'”’)\]*_]*\s|\n")
_TAIL = 8
"""Characters that are looked back at, for an end of a sentence that two pieces share."""


def base_prosody(delivery: str) -> Prosody:
    """That of a named delivery, with what the text asks for; neutral for a name that is unknown."""
    name = find_delivery(delivery)
    return combined(_BY_TEXT, DELIVERIES[name].prosody) if name else _BY_TEXT


class AnswerDelivery:
    """How answers are to sound just now. One for a session: sentences are eased from one to the
    next, whatever turn they belong to, as long as the same persona speaks."""

    def __init__(
        self,
        bus: EventBus,
        delivery_of: Callable[[str], str] = lambda slug: "",
        *,
        expressive: bool = True,
    ) -> None:
        """`delivery_of`: the delivery that a persona's file names, by its slug; "" for none. Not
        `expressive`: everything is said as the voice says it."""
        self._delivery_of = delivery_of
        self._expressive = expressive
        self._feeling = NEUTRAL
        self._last: Prosody | None = None
        """Of the last sentence."""
        bus.on(AnswerProsody, self._feel)
        bus.on(ChangePersona, self._another)

    def begin(self, persona: str) -> SentenceProsody:
        """A new turn of the persona with this slug."""
        return SentenceProsody(self.of_sentence, self._delivery_of(persona))

    def sample(self, delivery: str) -> SentenceProsody:
        """A turn that is no part of the conversation: the user's feeling does not touch it."""
        return SentenceProsody(self._as_ever, delivery)

    def aside(self, persona: str) -> SentenceProsody:
        """What only fills a silence has to sound at once: as it was rendered ahead."""
        return SentenceProsody(self._as_ever, self._delivery_of(persona))

    def of_sentence(self, delivery: str) -> Prosody:
        """The next sentence's, for which this delivery is wanted."""
        self._last = self._next(delivery)
        return self._last

    def expected(self, persona: str, text: str) -> Prosody:
        """What `of_sentence` would give for the first sentence of this text."""
        return self._next(first_delivery(text) or self._delivery_of(persona))

    def _next(self, delivery: str) -> Prosody:
        if not self._expressive:
            return NEUTRAL
        return eased(self._last, combined(base_prosody(delivery), self._feeling))

    def of_line(self, persona: str, text: str) -> Prosody:
        """That of a line which is rendered ahead, for a user of no particular feeling."""
        return self._as_ever(first_delivery(text) or self._delivery_of(persona))

    def _as_ever(self, delivery: str) -> Prosody:
        return limited(base_prosody(delivery)) if self._expressive else NEUTRAL

    def _feel(self, event: AnswerProsody) -> None:
        self._feeling = event.prosody

    def _another(self, command: ChangePersona) -> None:
        self._last = None  # another voice: nothing jumps


class SentenceProsody:
    """One turn's text in; out it comes without its marks, each sentence with its prosody. Nothing
    is held back but what may become a mark."""

    def __init__(self, of_sentence: Callable[[str], Prosody], own: str) -> None:
        """`of_sentence`: from a delivery to the next sentence's prosody. `own`: the delivery that
        holds where no mark names one."""
        self._of_sentence = of_sentence
        self._own = self._wanted = own
        self._marks = DeliveryMarks()
        self._prosody = NEUTRAL
        self._begun = False
        """The sentence of that prosody is not over yet."""
        self._tail = ""

    def feed(self, text: str, *, final: bool = False) -> list[tuple[str, Prosody]]:
        """What became certain with this piece; its texts joined are what is said."""
        items = self._marks.feed(text)
        if final:
            items += self._marks.finish()
        pieces: list[tuple[str, Prosody]] = []
        for item in items:
            if isinstance(item, Delivery):
                self._wanted, self._begun = item.name or self._own, False
                continue
            for part, ends in self._sentences(item):
                if not self._begun and part.strip():
                    self._prosody, self._begun = self._of_sentence(self._wanted), True
                if pieces and pieces[-1][1] == self._prosody:
                    part = pieces.pop()[0] + part
                pieces.append((part, self._prosody))
                self._begun = self._begun and not ends
        return pieces

    def _sentences(self, text: str) -> list[tuple[str, bool]]:
        """The text cut behind the ends of sentences; whether each part is such an end."""
        joined = self._tail + text
        ends = [found.end() - len(self._tail) for found in _END.finditer(joined)]
        self._tail = joined[-_TAIL:]
        cuts = [0, *(end for end in ends if end > 0), len(text)]
        return [(text[at:to], to in cuts[1:-1]) for at, to in pairwise(cuts) if to > at]
