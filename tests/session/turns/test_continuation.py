"""Who goes on with what seemed to be over is understood as if there had been no pause."""

import pytest

from assistant.session.turns.messages import completes, is_addition, joined


@pytest.mark.parametrize(
    "text",
    [
        "About the weather.",
        "and a short one",
        "Who lives in Berlin.",
        "… but not too loud.",
        "Because mine is broken.",
        "To the beach!",
    ],
)
def test_an_addition_begins_with_a_word_that_joins(text: str) -> None:
    assert is_addition(text)


@pytest.mark.parametrize(
    "text",
    ["He was from Chile.", "What time is it?", "And you?", "Tell me a joke.", "", "…", "No."],
)
def test_a_thought_of_its_own_does_not(text: str) -> None:
    assert not is_addition(text)


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("I have a question.", "About the weather.", "I have a question about the weather."),
        ("What is the weather.", "like in Vienna?", "What is the weather like in Vienna?"),
        ("I was thinking...", "about Paris.", "I was thinking about Paris."),
        ("Let me think.", "I met a man.", "Let me think. I met a man."),
        ("48.", "Ridge Road.", "48 Ridge Road."),
        ("The number is 8 8 5.", "112.", "The number is 8 8 5 112."),
        ("500.", "12 of them.", "500 12 of them."),
    ],
)
def test_the_full_stop_between_the_halves_was_the_recognisers(
    first: str, second: str, whole: str
) -> None:
    assert joined(first, second) == whole


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("I would like", "A cup of tea."),
        ("I was wondering.", "What time is it?"),
        ("48.", "Ridge Road 407."),
        ("48 Ridge Road.", "Flat 7."),
        ("S, A, F.", "F, R, O, N."),
        ("8 8 5.", "1 1 2."),
        ("We need milk, eggs.", "Bread."),
        ("20.", "7 Main Street."),
    ],
)
def test_what_was_owed_is_completed(first: str, second: str) -> None:
    assert completes(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Two.", "Tell me a joke."),
        ("48.", "What did you say?"),
        ("I had a long day.", "There was a man."),
        ("What time is it?", "It is late."),
    ],
)
def test_what_owed_nothing_is_not(first: str, second: str) -> None:
    assert not completes(first, second)
