"""What Whisper writes where nobody spoke: the closing words of the videos it was trained on, and
phrases in a loop.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.backends.cascade.recognition.decode import Decode

_PHANTOMS = frozenset(
    [
        "you",
        "thank you",
        "thanks",
        "thank you very much",
        "thank you so much",
        "thanks for watching",
        "thank you for watching",
        "thank you for listening",
        "please subscribe",
        "bye",
        "bye bye",
        "so",
        "oh",
        "okay",
        "the",
        "i'm sorry",
        "i'll see you next time",
        "we'll be right back",
        "see you next time",
        "i don't know",
        "hmm",
        "yeah",
        "beep",
    ]
)
"""Believed only where the sound is clearly a voice."""


def is_phantom(heard: Decode) -> bool:
    """Whether Whisper most likely wrote this where nobody spoke."""
    if loops(heard.text) and heard.no_speech > 0.5:
        return True
    said = bare(heard.text)
    if not any(c.isalnum() for c in said):
        return True
    if heard.no_speech > 0.6 and heard.avg_logprob < -0.8:
        return True
    return said in _PHANTOMS and (heard.no_speech > 0.3 or heard.avg_logprob < -1.0)


def bare(text: str) -> str:
    """Small letters, without the marks around them."""
    return text.lower().strip(" .,!?…-'\"")


_LOOP = re.compile(r"(\b.{1,60}?)(?:[\s,.!?]+\1){3,}", re.IGNORECASE)


def loops(text: str) -> bool:
    """Whether a phrase stands four times running: the decoder is caught in a loop."""
    return _LOOP.search(text) is not None


def unlooped(text: str) -> str:
    """The looping phrase once, without the piece of it that the length limit has left over."""
    loop = _LOOP.search(text)
    if loop is None:
        return text
    rest = text[loop.end() :].strip(" ,.!?")
    if loop[1].lower().startswith(rest.lower()):
        rest = ""
    return f"{text[: loop.start()]}{loop[1]} {rest}".strip(" ,")
