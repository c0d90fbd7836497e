"""Hearing persona names that speech recognition has never heard of.

Whisper writes "glad us" for GLaDOS. Told beforehand which names there are, it writes them well, and
sometimes where they were not said. So it is told only in a second decode, made where the words of
the plain one look like a command whose name is in doubt. A reading of it that is a command is
believed where the plain decode was unsure of what it wrote instead; where it was sure ("Gladys"),
the user is asked.
"""

from __future__ import annotations

import re

from rapidfuzz.fuzz import ratio

from assistant.backends.cascade.recognition.decode import EncodedSpeech, Redecodes
from assistant.language.intents import IntentRouter
from assistant.language.spoken_names import NameIndex, words

_CARRIERS = (
    *("Change theme to", "Switch to", "Become", "Talk to", "Load", "Switch to", "Activate"),
    *("Turn into", "Speak to", "Change to"),
)
_VERBS = (
    *("change", "switch", "become", "turn", "talk", "speak", "load", "activate", "bring", "give"),
    *("theme", "persona"),
)
_HYPOTHESES = 5
"""Readings of the second decode that are looked at."""
_CLOSE = 0.25
"""Mean log probability by which a reading with a name may be worse than the best one."""
_GUESSED = -1.0
"""Mean log probability under which a reading is a guess."""
_SURE = -0.15
"""Mean log probability from which the words of the plain decode are taken as meant."""
_SURE_OF_A_NAMESAKE = -0.3
"""… where they sound nearly like the name: a Gladys that was heard may well be a Gladys."""
_NAMESAKE = 0.8
"""Likeness from which words sound nearly like a name."""
_LONGEST = 10
"""Words in the longest text that may be a misheard command."""
_LONGEST_NAME = 4


class NameHints:
    """The personas' names as a recogniser needs them."""

    def __init__(self, router: IntentRouter) -> None:
        self._router = router
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
        self, text: str, recognizer: Redecodes, encoded: EncodedSpeech
    ) -> tuple[str, str | None]:
        """The transcript with a doubtful name put right, and the second decode where doubt stays.

        The second is None where nothing had to be decided or was decided; else it goes to
        `IntentRouter.route`, which asks instead of acting.
        """
        if not self.context or not self.in_doubt(text):
            return text, None
        readings = recognizer.hypotheses(encoded, self.context, _HYPOTHESES)
        worst = max(readings[0].avg_logprob - _CLOSE, _GUESSED)
        for reading in readings:
            named = self._named(reading.text, text)
            if named is None or reading.avg_logprob < worst:
                continue
            repaired, slug = named
            sure = self._was_sure(text, slug, recognizer, encoded)
            return (text, repaired) if sure else (repaired, None)
        return text, readings[0].text

    def _named(self, reading: str, plain: str) -> tuple[str, str] | None:
        """A reading with the persona's name as it is written, and the slug; None without one."""
        found = self._router.name_command(reading)
        match = self._router.match(found) if found is not None else None
        span = _span(reading, found.phrase) if found is not None else None
        if found is None or match is None or span is None or not match.exact:
            return None
        heard = self._router.name_command(plain)
        if heard is not None and heard.is_thing and not found.is_thing:
            return None
        before, _, after = reading.rpartition(span)
        return f"{before}{match.name}{after}", match.slug

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
        likeness = {match.slug: match.score for match in self._router.index.ranked(phrase)}
        threshold = _SURE_OF_A_NAMESAKE if likeness[slug] >= _NAMESAKE else _SURE
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
