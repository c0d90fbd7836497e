"""Hearing persona names that speech recognition has never heard of.

Whisper writes "glad us" for GLaDOS. Told beforehand which names there are, it writes them well, and
sometimes where they were not said. So it is told only in a second decode, made where the words of
the plain one look like a command whose name is in doubt. A reading of it that is a command is
believed where the plain decode was unsure of what it wrote instead; where it was sure ("Gladys"),
the user is asked.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rapidfuzz.fuzz import ratio

from assistant.backends.cascade.recognition.carriers import CarrierRescorer, Demand
from assistant.backends.cascade.recognition.decode import EncodedSpeech, Redecodes
from assistant.backends.cascade.recognition.rescoring import NameRescorer, NameSlot
from assistant.language.command_patterns import NOUN
from assistant.language.intents import IntentRouter
from assistant.language.spoken_names import NameIndex, words

_CARRIERS = (
    *("Change persona to", "Switch to", "Become", "Talk to", "Load", "Switch over to", "Activate"),
    *("Turn into", "Change to", "Change the voice to", "Speak with", "Change theme to"),
)
_VERBS = (
    *("change", "switch", "become", "turn", "talk", "speak", "load", "activate", "bring", "give"),
    *("theme", "persona"),
)
_HYPOTHESES = 4
"""Readings of the second decode that are looked at."""
_WORDINGS = 2
"""Wordings of a command that names are tried in."""
_ACT = -8.0
"""Gain (see `NameScore`) from which a name is believed: what was written instead is more likely as
a sentence, and hardly more as a sound."""
_ACT_ON_READ = -11.0
"""… where a decode that knew the names wrote this one."""
_ACT_ON_ALIKE = -14.0
"""… where what was written sounds like it."""
_SAME_SOUND = 0.88
"""Likeness from which it does."""
_ACT_AGAINST = -6.0
"""… where a decode that knew the names wrote another all the same."""
_ACT_ON_THING = -3.0
"""… where an article makes a thing of what was written: "the kit"."""
_ASK, _ASK_ON_THING = -11.0, -9.0
"""… from which it is worth asking."""
_DISTINCT, _DISTINCT_TO_ASK = 2.0, 3.5
"""Margin under which it may as well be another persona's name: too little to act, or to ask."""
_GUESSED = -0.6
"""Mean log probability under which a few words may be anything, a command too."""
_LONGEST_GUESS = 7
"""Words in the longest such guess."""
_SURE = -0.15
"""Mean log probability from which the words of the plain decode are taken as meant."""
_SURE_OF_A_NAMESAKE = -0.3
"""… where they sound nearly like the name: a Gladys that was heard may well be a Gladys."""
_NAMESAKE = 0.8
"""Likeness from which words sound nearly like a name."""
_LONGEST = 10
"""Words in the longest text that may be a misheard command."""
_LONGEST_NAME = 4
_GARBLED = -0.45
"""Mean log probability under which the words of a command may be garbled with the name clear, …"""
_LONGEST_GARBLED = 8
"""… so many words at most, …"""
_GARBLED_SECONDS = 5.0
"""… in so short a sound, silence around it included."""
_ACT_ON_CARRIER = Demand(gain=-9.0, margin=4.5, likeness=0.65)
"""What a whole command must reach to be believed in the place of words, …"""
_ACT_ON_ASKED = Demand(gain=-9.0, margin=7.0, likeness=0.65)
"""… to be believed where the name alone was in doubt: it may well be another's, …"""
_ASK_ON_CARRIER = Demand(gain=-11.5, margin=4.0, likeness=0.75)
"""… to be asked about, …"""
_ACT_ON_UNCLEAR = Demand(gain=-6.5, margin=6.0, likeness=0.65)
"""… and the same where the words that were read make no sense: most is better than these."""
_ASK_ON_UNCLEAR = Demand(gain=-8.0, margin=4.0, likeness=0.75)
_KIND = re.compile(rf"\W*{NOUN}\b", re.IGNORECASE)
"""What makes a setting of what stands before it: "dark mode"."""


class NameHints:
    """The personas' names as a recogniser needs them."""

    def __init__(self, router: IntentRouter) -> None:
        self._router = router
        self._rescorer = NameRescorer(router.index)
        self._carriers = CarrierRescorer(router.index, self._rescorer)
        self.context = " ".join(
            f"{_CARRIERS[i % len(_CARRIERS)]} {entry.name}."
            for i, entry in enumerate(router.index.names)
        )
        """What the decoder is told was said just before: each name in a command."""

    @property
    def index(self) -> NameIndex:
        """The names, to be compared with what was heard."""
        return self._router.index

    def resolve(
        self, text: str, recognizer: Redecodes, encoded: EncodedSpeech, confidence: float = 0.0
    ) -> tuple[str, str | None]:
        """The transcript with a doubtful name put right, and a second reading where doubt stays.

        `confidence`: mean log probability of the transcript. The second is None where nothing had
        to be decided or was decided; else it goes to `IntentRouter.route`, which asks instead of
        acting.
        """
        if not self.context:
            return text, None
        guessed = confidence < _GUESSED and 1 < len(words(text)) <= _LONGEST_GUESS
        doubt = self.in_doubt(text)
        garbled = self._may_be_garbled(text, encoded, confidence)
        if not (doubt or garbled or (guessed and not self._settled(text))):
            return text, None
        read = [each.text for each in recognizer.hypotheses(encoded, self.context, _HYPOTHESES)]
        resolved = self._with_name(text, read, recognizer, encoded, named_only=not doubt)
        if not garbled or resolved[1] is None:
            return resolved
        act = _ACT_ON_ASKED if resolved[1] else _ACT_ON_CARRIER
        whole = self._with_carrier(text, read, recognizer, encoded, act=act)
        return whole if whole[1] is None or resolved[1] == "" else resolved

    def resolve_unclear(
        self, text: str, recognizer: Redecodes, encoded: EncodedSpeech, confidence: float
    ) -> tuple[str, str | None]:
        """The same of words that make no sense: they are no text unless they are a command."""
        if not self.context or not self._may_be_garbled(text, encoded, confidence):
            return "", None
        read = [each.text for each in recognizer.hypotheses(encoded, self.context, _HYPOTHESES)]
        resolved, second = self._with_carrier(
            text, read, recognizer, encoded, act=_ACT_ON_UNCLEAR, ask=_ASK_ON_UNCLEAR
        )
        return ("", None) if second == "" else (resolved, second)

    def _may_be_garbled(self, text: str, encoded: EncodedSpeech, confidence: float) -> bool:
        """Whether these words may be a command that was not understood but for the name."""
        if confidence >= _GARBLED or encoded.seconds > _GARBLED_SECONDS:
            return False
        return 0 < len(words(text)) <= _LONGEST_GARBLED and not self._settled(text)

    def _with_carrier(
        self,
        text: str,
        read: list[str],
        recognizer: Redecodes,
        encoded: EncodedSpeech,
        *,
        act: Demand = _ACT_ON_CARRIER,
        ask: Demand = _ASK_ON_CARRIER,
    ) -> tuple[str, str | None]:
        """As `resolve`, with the usual commands in the place of the words."""
        another = self._names_another(read[0])
        rivals = (text, read[0]) if another else (text,)
        found = self._carriers.best([text, *read], rivals, recognizer, encoded)
        if found is None:
            return text, ""
        slug = found.name.slug
        meant = self._carriers.ends_with(text, slug) or not self._was_sure(
            text, slug, recognizer, encoded
        )
        if meant and not another and act.is_met(found):
            return found.sentence, None
        return text, found.sentence if ask.is_met(found) else ""

    def _with_name(
        self,
        text: str,
        read: list[str],
        recognizer: Redecodes,
        encoded: EncodedSpeech,
        *,
        named_only: bool,
    ) -> tuple[str, str | None]:
        """As `resolve`, with names in the place of the words that stand where one should."""
        others = (text, read[0]) if self._names_another(read[0]) else (text,)
        slots = self._slots([text, *read], named_only=named_only)
        best = self._rescorer.best(others, slots, recognizer, encoded)
        if best is None or best.margin < _DISTINCT:
            return text, ""
        repaired = best.slot.filled(self._router.index.display_name(best.slug))
        is_thing = self._is_thing(text) and not best.has_article
        enough = _ACT_ON_THING if is_thing else self._enough(best.slug, text, read[0])
        if best.gain >= enough and not self._was_sure(text, best.slug, recognizer, encoded):
            return repaired, None
        is_kind = _KIND.match(best.slot.after) is not None and self._same(text, read[0])
        asks = best.gain >= (_ASK_ON_THING if is_thing else _ASK)
        return text, repaired if asks and best.margin >= _DISTINCT_TO_ASK and not is_kind else ""

    def _enough(self, slug: str, text: str, again: str) -> float:
        """The gain from which the name is believed: less where the words of either reading say it,
        too."""
        command = self._router.name_command(text)
        if command is not None and self._likeness(slug, command.phrase) >= _SAME_SOUND:
            return _ACT_ON_ALIKE
        command = self._router.name_command(again)
        match = self._router.index.exact(command.phrase) if command is not None else None
        if command is not None and match is None:
            return _ACT_AGAINST
        read = match is not None and match.slug == slug and self.in_doubt(text)
        return _ACT_ON_READ if read else _ACT

    def _likeness(self, slug: str, phrase: list[str]) -> float:
        return {match.slug: match.score for match in self._router.index.ranked(phrase)}[slug]

    def _names_another(self, again: str) -> bool:
        """Whether a decode that knew the names wrote a command with none of them."""
        command = self._router.name_command(again)
        return command is not None and self._router.index.exact(command.phrase) is None

    def _same(self, plain: str, again: str) -> bool:
        """Whether both readings have the same words for a name: it was not written for want of
        knowing the names."""
        first, second = self._router.name_command(plain), self._router.name_command(again)
        return first is not None and second is not None and first.phrase == second.phrase

    def _slots(self, readings: list[str], *, named_only: bool) -> list[NameSlot]:
        """Where a name may stand in these readings, once for each wording; `named_only`: in those
        that hold a known name."""
        slots: dict[tuple[str, ...], NameSlot] = {}
        for reading in readings:
            command = self._router.name_command(reading)
            span = _span(reading, command.phrase) if command is not None else None
            if command is None or span is None or len(command.phrase) > _LONGEST_NAME:
                continue
            if named_only and self._router.index.exact(command.phrase) is None:
                continue
            before, _, after = reading.rpartition(span)
            wording = (*words(before), "…", *words(after))
            known = slots.get(wording, NameSlot(before, after))
            phrases = (*known.phrases, tuple(command.phrase))
            slots[wording] = replace(known, phrases=phrases)
        return list(slots.values())[:_WORDINGS]

    def _is_thing(self, text: str) -> bool:
        command = self._router.name_command(text)
        return command is not None and command.is_thing

    def written(self, text: str) -> str:
        """A command for a persona with her name as it is written ("glad us" → "GLaDOS"); any other
        text as it is. For a recogniser that cannot be asked twice."""
        intent = self._router.route(text)
        command = self._router.name_command(text)
        span = _span(text, command.phrase) if command is not None else None
        if intent is None or intent.call is None or span is None:
            return text
        name = intent.call.arguments.get("persona_name")
        before, _, after = text.rpartition(span)
        return f"{before}{name}{after}" if name else text

    def in_doubt(self, text: str) -> bool:
        """Whether these words may be a command whose name, or verb, was not understood."""
        tokens = words(text)
        if not 1 < len(tokens) <= _LONGEST or self._settled(text):
            return False
        command = self._router.name_command(text)
        if command is not None:
            return len(command.phrase) <= _LONGEST_NAME
        verb_like = any(
            len(token) > 3 and ratio(token, verb) >= 72 for token in tokens[:5] for verb in _VERBS
        )
        tail = max((self._router.index.ranked(tokens[-n:])[0].score for n in (1, 2)), default=0.0)
        return verb_like or tail >= 0.9

    def _settled(self, text: str) -> bool:
        intent = self._router.route(text, prompted="")
        return intent is not None and intent.call is not None

    def _was_sure(
        self, text: str, slug: str, recognizer: Redecodes, encoded: EncodedSpeech
    ) -> bool:
        """Whether the plain decode was sure of the words that stand where the name should."""
        command = self._router.name_command(text)
        span = _span(text, command.phrase) if command is not None else None
        # The full stop counts: "switch to TARS" agrees with the beginning of "… task three".
        sentence = text if text.endswith((".", "?", "!")) else f"{text}."
        tail = sentence[sentence.rindex(span) :] if span else sentence
        phrase = command.phrase if command is not None else words(text)[-1:]
        alike = self._likeness(slug, phrase) >= _NAMESAKE
        threshold = _SURE_OF_A_NAMESAKE if alike else _SURE
        return recognizer.agreement(encoded, sentence, tail) > threshold


def _span(text: str, phrase: list[str]) -> str | None:
    """The stretch of `text`, as written, whose words are `phrase`; the last one."""
    tokens = [match.span() for match in re.finditer(r"\S+", text)]
    for first in range(len(tokens) - 1, -1, -1):
        for last in range(first, len(tokens)):
            written = text[tokens[first][0] : tokens[last][1]]
            if words(written) == phrase:
                return written.strip(".,!?;:")
    return None
