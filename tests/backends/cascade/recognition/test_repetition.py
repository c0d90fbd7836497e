import pytest

from assistant.backends.cascade.recognition.repetition import loops, unlooped


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("be be be be be be be be", "be"),
        ("nononononononono", "no"),
        ("lalalalala lalalala", "la la"),
        ("zzzzzzzzzzz", "z"),
        ("Run, party time. Run, party time. Run, party time. Run, par", "Run, party time"),
        ("I see. I see. I see. I see.", "I see"),
        ("Play it. Then stop. Then stop. Then stop. Then stop. Th", "Play it. Then stop"),
        ("you know you know you know you know you know", "you know"),
        (
            "I want to go. I want to go. I want to go. What time is it?",
            "I want to go. What time is it?",
        ),
        ("0 " * 40, "0"),
        ("1" * 60, "1"),
    ],
)
def test_what_the_decoder_repeats_without_end_is_said_once(text, once):
    assert loops(text)
    assert unlooped(text) == once


@pytest.mark.parametrize(
    "text",
    [
        "No, no, no.",
        "No no no no no!",
        "very very very very good",
        "Bye bye.",
        "New York, New York",
        "I had had enough.",
        "seven seven seven seven",
        "My number is 5 5 5 5 5 5 5 2.",
        "zero zero zero zero zero zero zero one",
        "0800 555 555 555",
        "555 1234 555 1234",
        "one two three one two three one two three",
        "I'm not sure. I'm not sure.",
        "banana Mississippi",
        "Hmmm.",
        "The cat and the dog and the cat and the dog",
        "",
    ],
)
def test_people_repeat_themselves_too(text):
    assert not loops(text)
    assert unlooped(text) == text
