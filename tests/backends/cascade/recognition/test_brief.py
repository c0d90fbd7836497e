"""Short sounds over the assistant: words out of its echo, and no words out of noise."""

import numpy as np
import pytest

from assistant.backends.cascade.recognition.brief import isolated, read_brief
from assistant.backends.cascade.recognition.decode import Decode, EncodedSpeech, spoken
from assistant.backends.cascade.recognition.names import NameHints
from assistant.backends.cascade.recognition.stt import Recognizer
from assistant.language.command_patterns import is_hum
from assistant.language.intents import IntentRouter
from tests import speech
from tests.backends.cascade.recognition import human_sounds
from tests.language.test_intents import NAMES

RATE = 16_000


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load("packaged:tiny.en", threads=2)


@pytest.fixture(scope="module")
def hints():
    return NameHints(IntentRouter(NAMES))


@pytest.fixture(scope="module")
def own_voice():
    """What is left of the assistant's voice after echo cancellation, 20 dB under the user's."""
    said = speech.kokoro(
        "I have set a timer for ten minutes, and I will let you know.", "bm_george"
    )
    return said * 10 ** (-20 / 20)


def over(word, voice, own_voice):
    said = speech.kokoro(word, voice)
    sound = np.concatenate([speech.silence(0.25), said, speech.silence(0.25)])
    sound = sound[: round(1.6 * RATE)]
    return (sound + own_voice[RATE // 2 :][: sound.size]).astype(np.float32)


@pytest.mark.weights
def test_a_word_over_the_assistant_is_heard_as_that_word(recognizer, hints, own_voice):
    words = ["Jarvis.", "Marvin.", "Samantha.", "Hello.", "Repeat.", "Wait."]
    heard = [
        recognizer.transcribe(over(word, voice, own_voice), hints, brief=True).text
        for word in words
        for voice in ("am_puck", "bf_emma")
    ]
    said = [word.lower().strip(".") for word in words for _ in range(2)]
    right = [text.lower().strip(" .,!?") == word for text, word in zip(heard, said, strict=True)]

    assert sum(right) >= 10, heard


@pytest.mark.weights
@pytest.mark.parametrize("kind", ["laughter", "cough", "sneeze"])
def test_no_word_is_made_of_what_is_none(recognizer, kind):
    sounds = [getattr(human_sounds, kind)(seed) for seed in range(8)]
    heard = [recognizer.transcribe(sound, brief=True).text for sound in sounds]

    assert sum(bool(text) and not is_hum(text) for text in heard) <= 1, heard


def test_what_lies_under_a_word_is_softened_and_the_word_is_not():
    loud = np.sin(2 * np.pi * 200 * np.arange(RATE // 2) / RATE)
    soft = 0.1 * np.sin(2 * np.pi * 330 * np.arange(RATE // 2) / RATE)
    sound = np.concatenate([soft, loud, soft]).astype(np.float32)

    heard = isolated(sound)

    third = RATE // 2
    assert np.abs(heard[: third // 2]).max() < 0.01
    assert np.array_equal(heard[third : 2 * third], sound[third : 2 * third])
    assert np.abs(heard[-third // 2 :]).max() < 0.01
    # Consonants are soft: what is next to the word stays.
    assert np.array_equal(heard[third - 800 : third], sound[third - 800 : third])


class Guessing:
    """Guesses one thing, and finds a sign of listening in everything."""

    def __init__(self, guess, agreement=-3.0):
        self.guess = guess
        self.agreed = agreement

    def encode(self, audio, *, full=False):
        return EncodedSpeech(None, 1200, audio.size / RATE)

    def decode(self, encoded):
        return Decode(self.guess, 0.3, -2.0, word_logprob=-1.9)

    def hypotheses(self, encoded, context, count):
        return [Decode("Mm-hmm.", 0.3, -0.2)]

    def agreement(self, encoded, text, span):
        return self.agreed


@pytest.mark.parametrize(
    ("guess", "heard"), [("Huh", "Mm-hmm."), ("S-O-R-A-Y-A", ""), ("N A D", "")]
)
def test_letters_that_are_told_are_no_sign_of_listening(guess, heard):
    found, _ = read_brief(Guessing(guess), speech.silence(1.0), None)

    assert spoken(found) == heard


def test_a_guess_that_is_like_a_name_is_one_where_the_sound_agrees(hints):
    agreeing, _ = read_brief(Guessing("Javis.", agreement=-0.7), speech.silence(1.0), hints)
    other, _ = read_brief(Guessing("Javis.", agreement=-2.5), speech.silence(1.0), hints)

    assert spoken(agreeing) == "JARVIS."
    assert spoken(other) == "Mm-hmm."
