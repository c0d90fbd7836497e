import numpy as np
import pytest

from assistant.backends.cascade.recognition.decode import Decode
from assistant.backends.cascade.recognition.voice import VoiceMeter, is_laughter, laughs
from tests import speech
from tests.backends.cascade.recognition import human_sounds

SENTENCES = [
    "What is the capital of France?",
    "Set a timer for ten minutes, please.",
    "My number is five five five, one two three four.",
    "No, no, no, that is not what I meant.",
]


def test_laughter_is_as_regular_as_no_sentence():
    assert all(laughs(human_sounds.laughter(seed)) for seed in range(12))
    assert not any(laughs(speech.espeak(said)) for said in SENTENCES)
    assert not any(laughs(human_sounds.cough(seed)) for seed in range(12))
    assert not laughs(speech.silence(2.0))
    assert not laughs(np.sin(np.arange(32_000)).astype(np.float32))


def test_words_that_were_clearly_heard_are_no_laughter_however_regular():
    regular = human_sounds.laughter(1)

    assert is_laughter(Decode("I'm so sorry.", 0.6, -2.0), regular)
    assert not is_laughter(Decode("One two three four.", 0.1, -0.2), regular)
    assert not is_laughter(Decode("I'm so sorry.", 0.6, -2.0), speech.espeak(SENTENCES[0]))


@pytest.mark.parametrize("seconds", [1.0, 3.0])
def test_only_a_voice_counts_as_speech(seconds):
    meter = VoiceMeter()
    said = speech.kokoro(SENTENCES[1])
    noise = speech.pink_noise(round(seconds * 16_000)) * 0.05

    assert meter.speech_seconds(said) > 0.7 * said.size / 16_000
    assert meter.speech_seconds(noise) < 0.2
    assert meter.speech_seconds(said[:100]) == 0.0
