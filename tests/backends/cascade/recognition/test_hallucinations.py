import pytest

from assistant.backends.cascade.recognition.decode import Decode, is_phantom


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
