"""What was said near the microphone and not understood is not dropped without a word."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.recognition.decode import Transcription
from assistant.backends.cascade.recognition.hearing import Hearing
from assistant.backends.cascade.recognition.names import NameHints
from assistant.frames import AnyEvent, UserText
from tests import speech

SAID = "I would like to hear something about the history of the railway"


class Deaf:
    """Finds that somebody spoke, and understands nothing."""

    def __init__(self) -> None:
        self.peaks: list[float] = []

    def transcribe(
        self, audio: Float32, names: NameHints | None = None, *, brief: bool = False
    ) -> Transcription:
        self.peaks.append(float(np.abs(audio).max()))
        return Transcription("", unclear=True)

    def closure(self, text: str) -> float | None:
        return None


def heard(recognizer: Deaf, said: str = SAID, gain: float = 1.0) -> list[UserText]:
    """The final texts of what is said in a quiet room."""
    events: list[AnyEvent] = []
    hearing = Hearing(recognizer, TurnConfig(), [], events.append, inline=True)
    sound = np.concatenate([speech.silence(0.6), gain * speech.espeak(said), speech.silence(1.5)])
    for number, frame in enumerate(speech.frames(sound)):
        hearing.push(number, frame)
    hearing.close()
    return [event for event in events if isinstance(event, UserText) and event.final]


def test_what_stays_without_words_is_told() -> None:
    (text,) = heard(Deaf())

    assert (text.text, text.unclear) == ("", True)


@pytest.mark.parametrize("said", ["Oh", "Hm"])
def test_a_short_sound_is_nothing(said: str) -> None:
    texts = heard(Deaf(), said)

    assert all(not text.unclear for text in texts)


def test_what_is_said_softly_is_read_as_if_it_were_said_aloud() -> None:
    recognizer = Deaf()

    texts = heard(recognizer, gain=0.02)

    assert texts
    assert min(recognizer.peaks) > 0.3
