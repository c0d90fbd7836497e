"""Hearing persona names that speech recognition has never heard of.

Whisper writes "glad us" for GLaDOS. Told beforehand which names there are, it writes them well, and
sometimes where they were not said. So it is told only in a second decode, made where the words of
the plain one look like a command whose name is in doubt, and that decode is believed only where the
plain one was unsure of what it wrote instead. Where it was sure ("Gladys"), the user is asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rapidfuzz.fuzz import ratio

from assistant.tools.intents import IntentRouter, NameCommand
from assistant.tools.spoken_names import NameMatch, words

if TYPE_CHECKING:
    from assistant.backends.cascade.stt import Encoded, Recognizer

_CARRIERS = (
    *("Change theme to", "Switch to", "Become", "Talk to", "Load", "Switch to", "Activate"),
    *("Turn into", "Speak to", "Change to"),
)
_VERBS = (
    *("change", "switch", "become", "turn", "talk", "speak", "load", "activate", "bring", "give"),
    *("theme", "persona"),
)
_SURE = -0.3
"""Mean log probability of the plain decode's words from which they are taken as meant."""
_GUESSED = -1.0
"""… of the second decode under which it is a guess."""
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

    def resolve(
        self, text: str, recognizer: Recognizer, encoded: Encoded
    ) -> tuple[str, str | None]:
        """The transcript with a doubtful name put right, and the second decode where doubt stays.

        The second is None where nothing had to be decided or was decided; else it goes to
        `IntentRouter.route`, which asks instead of acting.
        """
        if not self.in_doubt(text):
            return text, None
        second = recognizer.decode(encoded, self.context)
        found = self._router.name_command(second.text)
        match = self._router.match(found) if found is not None else None
        if found is None or match is None or not match.exact:
            return text, second.text
        if second.avg_logprob < _GUESSED or self._was_sure(text, recognizer, encoded):
            return text, second.text
        return _with_name(second.text, found, match), None

    def in_doubt(self, text: str) -> bool:
        """Whether these words may be a command whose name, or verb, was not understood."""
        tokens = words(text)
        if not 1 < len(tokens) <= _LONGEST or self._router.is_complete_command(text):
            return False
        command = self._router.name_command(text)
        if command is not None:
            return len(command.phrase) <= _LONGEST_NAME
        verb_like = any(ratio(t, verb) >= 72 for t in tokens[:5] for verb in _VERBS)
        tail = max((self._router.index.ranked(tokens[-n:])[0].score for n in (1, 2)), default=0.0)
        return verb_like or tail >= 0.9

    def _was_sure(self, text: str, recognizer: Recognizer, encoded: Encoded) -> bool:
        """Whether the plain decode was sure of the words that stand where the name should."""
        command = self._router.name_command(text)
        span = _span(text, command.phrase) if command is not None else None
        return recognizer.agreement(encoded, text, span or text) > _SURE


def _span(text: str, phrase: list[str]) -> str | None:
    """The stretch of `text`, as written, whose words are `phrase`; the last one."""
    tokens = [match.span() for match in re.finditer(r"\S+", text)]
    for first in range(len(tokens) - 1, -1, -1):
        for last in range(first, len(tokens)):
            written = text[tokens[first][0] : tokens[last][1]]
            if words(written) == phrase:
                return written.strip(".,!?;:")
    return None


def _with_name(text: str, command: NameCommand, match: NameMatch) -> str:
    """`text` with the persona's display name in place of what was written for it."""
    span = _span(text, command.phrase)
    if span is None:
        return text
    before, _, after = text.rpartition(span)
    return f"{before}{match.name}{after}"
