"""What was said and not understood is not dropped without a second look, and a word."""

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


class DeafAtFirst:
    """Understands nothing, or only what it encodes in full."""

    def __init__(self, in_full: str = "") -> None:
        self._in_full = in_full
        self.full: list[bool] = []
        self.peaks: list[float] = []

    def transcribe(
        self,
        audio: Float32,
        names: NameHints | None = None,
        *,
        brief: bool = False,
        full: bool = False,
    ) -> Transcription:
        self.full.append(full)
        self.peaks.append(float(np.abs(audio).max()))
        return Transcription(self._in_full if full else "")

    def closure(self, text: str) -> float | None:
        return None


def heard(recognizer: DeafAtFirst, said: str = SAID, gain: float = 1.0) -> list[UserText]:
    """The final texts of what is said in a quiet room."""
    events: list[AnyEvent] = []
    hearing = Hearing(recognizer, TurnConfig(), [], events.append, inline=True)
    sound = np.concatenate([speech.silence(0.6), gain * speech.espeak(said), speech.silence(1.5)])
    for number, frame in enumerate(speech.frames(sound)):
        hearing.push(number, frame)
    hearing.close()
    return [event for event in events if isinstance(event, UserText) and event.final]


def test_it_is_decoded_once_more_with_the_full_window() -> None:
    recognizer = DeafAtFirst("The history of the railway.")

    (text,) = heard(recognizer)

    assert text.text == "The history of the railway."
    assert not text.unclear
    assert recognizer.full.count(True) == 1


def test_what_stays_without_words_is_told() -> None:
    recognizer = DeafAtFirst()

    (text,) = heard(recognizer)

    assert (text.text, text.unclear) == ("", True)
    assert recognizer.full.count(True) == 1


@pytest.mark.parametrize("said", ["Oh", "Hm"])
def test_a_short_sound_is_nothing(said: str) -> None:
    recognizer = DeafAtFirst()

    texts = heard(recognizer, said)

    assert all(not text.unclear for text in texts)
    assert True not in recognizer.full


def test_what_is_said_softly_is_read_as_if_it_were_said_aloud() -> None:
    recognizer = DeafAtFirst()

    texts = heard(recognizer, gain=0.02)

    assert texts
    assert min(recognizer.peaks) > 0.3
