"""Which persona's name the sound speaks for: each in the place of the words that were read there.

A decoder writes words that it knows: of "dah-leck" it makes "the dog leg". What it writes is likely
as language and fair as sound; the name is unlikely as language. So a sentence is scored by how
likely the decoder finds it with the sound, less a part of how likely it finds it without (density
ratio; McDermott et al. 2019, "A density ratio approach to language model fusion"), and the name in
its sentence is compared with what the plain decode wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.backends.cascade.recognition.decode import EncodedSpeech, Redecodes
from assistant.frames import SpokenNames
from assistant.language.lexicon import DETERMINERS
from assistant.language.spoken_names import NameIndex, similarity, squash

_RIVALS = 3
"""Personas whose names sound most like the words; the others are not tried."""
_FORMS = 3
"""Ways of saying each of their names that are tried."""
_LONGEST_FORM = 4

Phrases = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class NameSlot:
    """A reading that asks for a persona, open where her name stands."""

    before: str
    after: str
    phrases: Phrases = ()
    """The words that were read there, by each of the readings."""

    def filled(self, name: str) -> str:
        """The sentence with this name, and a mark at its end: decoders hear sentences."""
        text = f"{self.before}{name}{self.after}"
        return text if text.endswith((".", "?", "!")) else f"{text}."


@dataclass(frozen=True, slots=True)
class NameScore:
    """The name that fits best."""

    slug: str
    slot: NameSlot
    has_article: bool
    """Whether it was the name with an article: "the Dalek"."""
    gain: float
    """Natural logarithm: how much better (above 0) or worse than what was read."""
    margin: float
    """… better than the best name of another persona."""


class NameRescorer:
    """Compares personas' names with the sound."""

    def __init__(self, index: NameIndex) -> None:
        self._index = index

    def best(
        self,
        read: Sequence[str],
        slots: Iterable[NameSlot],
        recognizer: Redecodes,
        encoded: EncodedSpeech,
    ) -> NameScore | None:
        """The name that the sound speaks for most, in the slot that suits it; None where there is
        no slot, or no persona. `read`: other readings; the gain is over the best of them."""
        tried = [
            (entry.slug, slot, form)
            for slot in slots
            for entry in self._likely(slot.phrases)
            for form in _forms(entry, slot.phrases)
        ]
        if not tried:
            return None
        sentences = list(dict.fromkeys(NameSlot(text, "").filled("") for text in read))
        filled = [slot.filled(form) for _, slot, form in tried]
        scores = recognizer.evidence(encoded, [*filled, *sentences])
        found: dict[str, tuple[float, NameSlot, str]] = {}
        for (slug, slot, form), score in zip(tried, scores, strict=False):
            if slug not in found or score > found[slug][0]:
                found[slug] = (score, slot, form)
        order = sorted(found, key=lambda slug: -found[slug][0])
        score, slot, form = found[order[0]]
        second = found[order[1]][0] if len(order) > 1 else float("-inf")
        otherwise = max(scores[len(tried) :])
        return NameScore(order[0], slot, _has_article(form), score - otherwise, score - second)

    def _likely(self, phrases: Phrases) -> list[SpokenNames]:
        """The personas whose names are most like the words, with an article or without it."""
        squashed = _squashed(phrases)

        def likeness(entry: SpokenNames) -> float:
            forms = [squash(form) for form in _all_forms(entry)]
            return max(similarity(form, read) for form in forms for read in squashed)

        return sorted(self._index.names, key=lambda entry: -likeness(entry))[:_RIVALS]


def _forms(entry: SpokenNames, phrases: Phrases) -> list[str]:
    """The name, and those of its other forms that are most like the words."""
    squashed = _squashed(phrases)
    others = sorted(
        _all_forms(entry)[1:],
        key=lambda form: -max(similarity(squash(form), read) for read in squashed),
    )
    return [entry.name, *others[: _FORMS - 1]]


def _has_article(form: str) -> bool:
    return form.split()[0].lower() in DETERMINERS


def _all_forms(entry: SpokenNames) -> list[str]:
    # Not what recognition makes of them ("darlek"): half of that is said in other words, too.
    forms = dict.fromkeys((entry.name, *entry.aliases, *entry.said))
    return [form for form in forms if len(form.split()) <= _LONGEST_FORM and squash(form)]


def _squashed(phrases: Phrases) -> list[str]:
    """The words of each as one, with their article and without it."""
    found: dict[str, None] = {}
    for phrase in phrases:
        bare = phrase[1:] if len(phrase) > 1 and phrase[0] in DETERMINERS else phrase
        found |= dict.fromkeys((squash(phrase), squash(bare)))
    return list(found)
