"""Do these words sound finished? Whisper ends nearly everything with a full stop, so the last word
has to be looked at too: nobody ends a sentence with "the"."""

from __future__ import annotations

import re
from typing import Literal

Ending = Literal["command", "sentence", "unfinished", "unknown"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DANGLING = _words(
    "a an the my your his its our their this these those some any every each another and or "
    "but nor because although though unless until while whereas if when whenever since than "
    "as of to from with without into onto at by for about between among through during "
    "against toward towards via per like am is are was were be been being has have had do "
    "does did will would shall should can could may might must i he she we they who whose "
    "which what where how why very really quite rather so such um uh er hmm well maybe "
    "perhaps please then also just even only not i'm i'd i'll i've you're we're they're he's "
    "she's that's it's there's let's don't doesn't didn't gonna wanna want wants need needs "
    "switch change turn called named"
)
"""Words after which more is to come."""
_CLOSERS = _words(
    "is are was were do does did can could will would should have has i what where how why "
    "then so please maybe well like to about for with from not also"
)
"""… which may end a question, or a sentence that a person did end ("no, I am not.", "who is it
for?", "yes, please.")."""
_NUMBERS = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy "
    "eighty ninety hundred thousand million point plus minus times"
)
_WORD = re.compile(r"[a-z0-9']+")


def ending(text: str) -> Ending:
    """How a transcript ends; "unknown" where the words do not tell."""
    text = text.strip().lower().replace("’", "'")
    words = _WORD.findall(text)
    if not words:
        return "unknown"
    if text.endswith(("...", "…", ",", "-", "–", "—", ":", ";")):
        return "unfinished"
    last = words[-1]
    if text.endswith("?"):
        return "unfinished" if last in _DANGLING - _CLOSERS else "sentence"
    if last in _DANGLING:
        return "unknown" if last in _CLOSERS and len(words) <= 3 else "unfinished"
    if last in _NUMBERS or last.isdigit():
        return "unknown"
    return "sentence" if text.endswith((".", "!")) and len(words) >= 2 else "unknown"
