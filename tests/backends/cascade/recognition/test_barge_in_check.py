"""A command to stop, heard while the assistant's own voice may be in the sound."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import soxr

from assistant.audio.types import Float32
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.recognition.decode import Transcription
from assistant.backends.cascade.recognition.hearing import Hearing, StopListener
from assistant.backends.cascade.recognition.stt import Recognizer
from assistant.frames import FRAME_SAMPLES, AnyEvent, Overheard
from assistant.language.intents import IntentRouter
from tests.speech import kokoro, silence

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load("packaged:tiny.en", 2)


def listen(recognizer: Recognizer, sound: Float32, *, clean: bool) -> list[AnyEvent]:
    """What comes out of `sound` (16 kHz) that is heard while the assistant speaks."""
    events: list[AnyEvent] = []
    hearing = Hearing(recognizer, TurnConfig(), [], events.append, inline=True)
    ours = soxr.resample(np.concatenate([silence(1.0), sound, silence(1.5)]), 16_000, 24_000)
    frames = ours[: ours.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    for number, frame in enumerate(frames.astype(np.float32)):
        hearing.push(number, frame, speaking=True, clean=clean)
    hearing.close()
    return events


@pytest.mark.parametrize("words", ["Stop it.", "Be quiet!", "Shut up!"])
@pytest.mark.parametrize("voice", ["am_puck", "bf_emma"])
def test_it_is_heard_where_nothing_else_may_be(
    recognizer: Recognizer, words: str, voice: str
) -> None:
    events = listen(recognizer, kokoro(words, voice), clean=False)
    assert [type(event) for event in events] == [Overheard]


def test_what_the_assistant_says_is_no_turn_and_no_command(recognizer: Recognizer) -> None:
    own = kokoro("The sun rises at six, and a light wind comes from the west.", "bm_george")
    assert listen(recognizer, own, clean=False) == []


@pytest.mark.parametrize(
    ("transcript", "obeyed"),
    [
        (Transcription("Stop!", confidence=-0.9), True),
        (Transcription("Well. Please stop.", confidence=-0.4), True),
        (Transcription("I want to stop.", confidence=-0.67), False),
        (Transcription("Oh, stop.", confidence=-1.21), False),
        (Transcription("The bus stop.", confidence=-0.2), False),
    ],
)
def test_what_whisper_makes_of_an_echo_stops_nothing(
    transcript: Transcription, obeyed: bool
) -> None:
    events: list[AnyEvent] = []
    sentry = StopListener(
        lambda audio, done: done(transcript), IntentRouter([]).is_stop, events.append
    )
    for _ in range(12):
        sentry.push(np.full(FRAME_SAMPLES, 0.1, np.float32))
    assert [type(event) for event in events] == [Overheard] * obeyed


def test_the_sentry_costs_nothing_while_it_is_quiet() -> None:
    read: list[Float32] = []

    def transcribe(audio: Float32, done: Callable[[Transcription], None]) -> None:
        read.append(audio)

    sentry = StopListener(transcribe, lambda text: True, lambda event: None)
    for _ in range(100):
        sentry.push(np.zeros(FRAME_SAMPLES, np.float32))
    assert not read
