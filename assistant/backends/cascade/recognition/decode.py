"""Results of speech recognition: a transcription, one pass of the decoder, an encoded clip."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

from assistant.language.endings import Rivals


@dataclass(frozen=True, slots=True)
class Transcription:
    """What was heard in one stretch of sound."""

    text: str
    """"" where nobody spoke."""
    prompted: str | None = None
    """Decode helped by the personas' names, made only where a name is in doubt."""
    confidence: float = 0.0
    """Mean natural logarithm of the tokens' probabilities; see `Decode`."""
    rivals: Rivals = ()
    """See `Decode`."""
    language: str = ""
    """Code of the language that was surely spoken where it is not English; the text is English
    then, too, as well as the weights can put it."""
    seconds: float = 0.0
    """Of the sound."""


@dataclass(frozen=True, slots=True)
class Decode:
    """One greedy pass of the decoder."""

    text: str
    no_speech: float
    """Whisper's own probability that nobody spoke."""
    avg_logprob: float
    """Mean natural logarithm of the tokens' probabilities; −0.3 is sure, −1 is guessing."""
    rivals: Rivals = ()
    """What may stand in the place of the last word: an "and" that is read as "end"."""


@dataclass(frozen=True, slots=True)
class EncodedSpeech:
    """The encoder's output for one clip, kept for any number of decodes."""

    states: Any
    frames: int
    seconds: float


class Redecodes(Protocol):
    """A recogniser that looks at a clip again; see `stt.Recognizer`."""

    def hypotheses(self, encoded: EncodedSpeech, context: str, count: int) -> list[Decode]: ...

    def agreement(self, encoded: EncodedSpeech, text: str, span: str) -> float: ...


# What Whisper writes where nobody spoke: the closing words of the videos it was trained on, and
# phrases in a loop.

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
