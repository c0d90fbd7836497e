"""Results of speech recognition: a transcription, one pass of the decoder, an encoded clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from assistant.backends.cascade.recognition.repetition import loops, unlooped
from assistant.language.endings import Rivals
from assistant.language.vocalisations import is_vocalisation, without_laughter


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
    unclear: bool = False
    """Somebody did speak, and what was said makes no sense: `text` is "" then. Who only coughed,
    hummed or laughed, or said nothing, is not unclear."""
    language: str = ""
    """Code of the language that was surely spoken where it is not English; the text is English
    then, too, as well as the weights can put it."""
    seconds: float = 0.0
    """Of the sound."""


@dataclass(frozen=True, slots=True)
class Decode:
    """One pass of the decoder."""

    text: str
    no_speech: float
    """Whisper's own probability that nobody spoke."""
    avg_logprob: float
    """Mean natural logarithm of the tokens' probabilities, the end of the text included; −0.3 is
    sure, −1 is guessing."""
    rivals: Rivals = ()
    """What may stand in the place of the last word: an "and" that is read as "end"."""
    word_logprob: float | None = None
    """The same of the tokens that hold letters or digits only, where it is known. Of a word said
    alone Whisper is sure, and is in doubt whether a mark or another word follows."""

    @property
    def certainty(self) -> float:
        """Mean log probability of the words, as well as it is known."""
        return self.avg_logprob if self.word_logprob is None else self.word_logprob


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

    def evidence(self, encoded: EncodedSpeech, texts: Sequence[str]) -> list[float]: ...


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
        "i'm so sorry",
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
_GUESS = -1.6
"""Mean log probability of a word's tokens under which it is a guess: coughs, sneezes, laughter and
noise lie at −1.3 to −3.3, a word that was said alone above −1.2 nineteen times of twenty."""
_GUESSED = -1.35
"""… and of a whole sentence under which it is made up: chance hits some of its tokens."""
_SENTENCE = 4
"""Words that can be told to be a sentence."""


def is_phantom(heard: Decode) -> bool:
    """Whether Whisper most likely wrote this where nobody spoke, or where no words were said."""
    if loops(heard.text) and heard.no_speech > 0.5:
        return True
    said = bare(heard.text)
    if not any(c.isalnum() for c in said):
        return True
    if heard.certainty < (_GUESS if len(said.split()) < _SENTENCE else _GUESSED):
        return True
    if heard.no_speech > 0.6 and heard.certainty < -0.8:
        return True
    return said in _PHANTOMS and (heard.no_speech > 0.3 or heard.certainty < -1.0)


def bare(text: str) -> str:
    """Small letters, without the marks around them."""
    return text.lower().strip(" .,!?…-'\"")


def spoken(heard: Decode) -> str:
    """The words of it that somebody most likely said: "" for laughter, grunts and phantoms.

    Laughter among words is left out, and what is said in a loop is said once.
    """
    if is_phantom(heard) or is_vocalisation(heard.text):
        return ""
    return unlooped(without_laughter(heard.text))
