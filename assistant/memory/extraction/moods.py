"""What a turn of the user shows without telling it: a mood, or that it is none of theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rapidfuzz.fuzz import ratio

from assistant.language.lexicon import FEELING
from assistant.memory.base import Turn

ECHO = 85.0
"""Likeness (0…100) from which a user's turn is the assistant's words said back."""
_MOOD = re.compile(
    rf"\bI(?: am| feel| have been|['’]m)(?: \w+)? (?P<mood>{FEELING}|tired|exhausted|good|great|"
    r"fine|bad|terrible|awful|wonderful|bored|calm)\b",
    re.IGNORECASE,
)


def mood_of(text: str) -> str:
    """ "tired"; "" where none is told."""
    match = _MOOD.search(text)
    return match["mood"].lower() if match else ""


def is_echo(text: str, lately: Iterable[Turn]) -> bool:
    """Whether these words are the assistant's among the last turns, which the microphone heard."""
    said = [turn.text for turn in lately if turn.side == "agent"]
    long = len(text.split()) >= 4
    return long and any(ratio(text.lower(), words.lower()) >= ECHO for words in said)
