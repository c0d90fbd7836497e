"""What people say for each intent, as patterns over the normal words of a sentence.

A pattern must match a whole sentence (after politeness and vocatives are taken off), so that a
longer question that only contains such words ("what time is it in Tokyo") falls through to an
honest "I cannot" instead of a wrong answer.
"""

from __future__ import annotations

import re
from functools import cache

from assistant.brain.scripted import remarks, requests
from assistant.brain.scripted.intents import Intent


@cache
def table() -> tuple[tuple[Intent, re.Pattern[str]], ...]:
    """In order: the first that matches a whole sentence wins.

    Compiling takes some 50 ms, so it waits for the first turn, or for `understanding.prepare`.
    """
    return tuple(
        (intent, re.compile("|".join(f"(?:{text})" for text in texts)))
        for intent, texts in remarks.TABLE + requests.TABLE
    )
