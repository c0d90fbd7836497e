import pytest

from assistant.backends.cascade.recognition.decode import Decode, is_phantom, spoken


@pytest.mark.parametrize(
    ("text", "no_speech", "logprob", "phantom"),
    [
        ("Thank you.", 0.95, -2.0, True),
        ("Thank you.", 0.05, -0.3, False),
        ("you", 0.4, -0.5, True),
        ("...", 0.0, 0.0, True),
        ("be be be be be be be", 0.9, -0.3, True),
        ("Stop.", 0.3, -0.6, False),
        ("The train leaves at nine.", 0.7, -0.4, False),
    ],
)
def test_phantoms(text, no_speech, logprob, phantom):
    assert is_phantom(Decode(text, no_speech, logprob)) is phantom


@pytest.mark.parametrize(
    ("text", "no_speech", "logprob", "of_words", "said"),
    [
        ("Jarvis", 0.1, -1.4, -0.4, "Jarvis"),  # in doubt about the mark behind it only
        ("Fuck.", 0.57, -1.8, -2.4, ""),  # a sneeze
        ("I'm not going to be able to do this.", 0.3, -1.5, -1.5, ""),
        ("Hahahahahahahahahahahaha", 0.4, -0.5, -0.5, ""),
        ("Ha ha, what time is it?", 0.1, -0.3, -0.3, "What time is it?"),
        ("Run, party time. Run, party time. Run, party time.", 0.1, -0.4, -0.4, "Run, party time"),
    ],
)
def test_words_are_believed_for_themselves(text, no_speech, logprob, of_words, said):
    assert spoken(Decode(text, no_speech, logprob, word_logprob=of_words)) == said
