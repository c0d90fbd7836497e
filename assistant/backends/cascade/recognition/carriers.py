"""A persona's name behind a verb that was garbled: "But on Jarvis", "Glad we speak with Samantha".

Whisper hears the name, or nearly, and makes something of the words before it. So the usual ways of
asking for a persona are put in their place, one after the other, and compared with the sound; see
`rescoring` for how.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.backends.cascade.recognition.decode import EncodedSpeech, Redecodes
from assistant.backends.cascade.recognition.rescoring import NameRescorer, NameScore, NameSlot
from assistant.language.spoken_names import NameIndex, similarity, squash, words

_CARRIERS = (
    *("Change to", "Switch to", "Switch over to", "Change persona to", "Change theme to"),
    *("Change the voice to", "Talk to", "I want to talk to", "Let me speak with", "Become"),
    *("Turn into", "Activate", "Bring back", "Bring in", "Put on", "Load", "Please switch to"),
)
"""The usual ways of asking for a persona."""
_LONGEST_TAIL = 3
"""Words at the end of what was read that may be a name."""


@dataclass(frozen=True, slots=True)
class CarrierScore:
    """The name that fits best behind the carrier that fits best."""

    name: NameScore
    sentence: str
    likeness: float
    """0…1: how much this sounds like the best of what was read; see `spoken_names.similarity`."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a `CarrierScore` before it is believed: at least this much of each."""

    gain: float
    margin: float
    likeness: float

    def is_met(self, found: CarrierScore) -> bool:
        enough = found.name.gain >= self.gain and found.name.margin >= self.margin
        return enough and found.likeness >= self.likeness


class CarrierRescorer:
    """Compares whole commands with the sound."""

    def __init__(self, index: NameIndex, rescorer: NameRescorer) -> None:
        self._index = index
        self._rescorer = rescorer

    def ends_with(self, text: str, slug: str) -> bool:
        """Whether the last of these words are this persona's name."""
        named = (self._index.exact(tail) for tail in _tails(text))
        return any(match is not None and match.slug == slug for match in named)

    def best(
        self,
        readings: Sequence[str],
        rivals: Sequence[str],
        recognizer: Redecodes,
        encoded: EncodedSpeech,
    ) -> CarrierScore | None:
        """The command that the sound speaks for most; `rivals`: those of the readings that it is
        weighed against."""
        tails = {tuple(tail): None for text in readings for tail in _tails(text)}
        if not tails or not self._index.names:
            return None
        ranked = [self._index.ranked(list(tail))[0] for tail in tails]
        likeliest = max(ranked, key=lambda match: match.score)
        slots = [NameSlot(f"{carrier} ", "") for carrier in _CARRIERS]
        filled = [slot.filled(likeliest.name) for slot in slots]
        scores = recognizer.evidence(encoded, filled)
        carrier = slots[max(range(len(slots)), key=scores.__getitem__)]
        slot = NameSlot(carrier.before, carrier.after, tuple(tails))
        found = self._rescorer.best(rivals, [slot], recognizer, encoded)
        if found is None:
            return None
        sentence = slot.filled(self._index.display_name(found.slug))
        return CarrierScore(found, sentence, max(_likeness(sentence, text) for text in readings))


def _tails(text: str) -> list[list[str]]:
    tokens = words(text)
    return [tokens[-count:] for count in range(1, min(_LONGEST_TAIL, len(tokens)) + 1)]


def _likeness(sentence: str, read: str) -> float:
    return similarity(squash(sentence), squash(read))
