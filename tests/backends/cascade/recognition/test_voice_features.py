"""How a turn was said comes with its words, where the user wants that."""

from __future__ import annotations

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.recognition.decode import Transcription
from assistant.backends.cascade.recognition.hearing import Hearing
from assistant.backends.cascade.recognition.names import NameHints
from assistant.backends.registry import backend_options
from assistant.config.schema import Config
from assistant.frames import AnyEvent, UserText, VoiceFeatures
from tests import speech

SAID = "I would like to hear something about the history of the railway"


class Writes:
    """Whatever is said, it is the same."""

    def __init__(self, text: str) -> None:
        self._text = text

    def transcribe(
        self, audio: Float32, names: NameHints | None = None, *, brief: bool = False
    ) -> Transcription:
        return Transcription(self._text)

    def closure(self, text: str) -> float | None:
        return None


def texts(text: str = SAID, *, faster: float = 1.0, measures: bool = True) -> list[UserText]:
    """What is told of a turn; `faster`: it is played so much faster, and so much higher."""
    events: list[AnyEvent] = []
    hearing = Hearing(
        Writes(text), TurnConfig(), [], events.append, inline=True, measures_voice=measures
    )
    said = speech.espeak(SAID)
    at = np.arange(0, len(said) - 1, faster)
    said = np.interp(at, np.arange(len(said)), said).astype(np.float32)
    sound = np.concatenate([speech.silence(0.6), said, speech.silence(1.5)])
    for number, frame in enumerate(speech.frames(sound)):
        hearing.push(number, frame)
    hearing.close()
    return [event for event in events if isinstance(event, UserText)]


def voice(found: list[UserText]) -> VoiceFeatures:
    final = found[-1]
    assert final.final
    assert final.voice is not None
    return final.voice


def test_a_higher_voice_is_told_as_one() -> None:
    usual, higher = voice(texts()), voice(texts(faster=1.3))

    assert 3 < higher.f0_median - usual.f0_median < 6.5  # 4.5 semitones


def test_only_the_whole_turn_is_measured() -> None:
    assert all(text.voice is None for text in texts() if not text.final)


def test_a_turn_without_words_tells_nothing_of_its_voice() -> None:
    assert all(text.voice is None for text in texts(""))


def test_nothing_is_measured_where_the_setting_is_off() -> None:
    assert all(text.voice is None for text in texts(measures=False))
    off = Config.model_validate({"emotion": {"enabled": False}})
    assert "measure_voice" not in backend_options("cascade", off)
    assert backend_options("cascade", Config())["measure_voice"] is True
