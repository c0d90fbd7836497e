"""Results of speech recognition: a transcription, one pass of the decoder, an encoded clip."""

from __future__ import annotations

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
