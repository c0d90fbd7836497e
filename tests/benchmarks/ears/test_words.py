"""Whoever writes numbers otherwise has made no mistake; whoever hears another word has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.numbers import cardinal
from benchmarks.ears.words import WordErrors, comparable, holds, word_errors


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("Set a timer for 15 minutes.", "set a timer for fifteen minutes"),
        ("8885112931", "eight eight eight, 511-2931."),
        ("8885112931", "triple eight five double one two nine three one"),
        ("48 Ridge Road 407", "Forty-eight Ridge Road, four oh seven."),
        ("7:30 pm", "seven thirty p.m."),
        ("the 21st of May", "The twenty-first of May"),
        ("$3.50", "3.50 dollars"),
        ("50% brightness", "fifty percent brightness"),
        ("120,000 people", "one hundred twenty thousand people"),
        ("What's the date?", "what is the date"),
        ("um, turn it, uh, off", "Turn it off!"),
    ],
)
def test_the_same_words_written_otherwise_are_no_error(said, heard):
    assert word_errors(said, heard).errors == 0
    assert word_errors(heard, said).errors == 0


@pytest.mark.parametrize(
    ("said", "heard", "errors", "words"),
    [
        ("turn on the light", "turn off the light", 1, 4),
        ("turn on the light", "", 4, 4),
        ("", "thank you", 2, 0),
        ("the light", "the red light please", 1, 2),
        ("15 minutes", "16 minutes", 1, 3),
        ("oh I see", "zero I see", 1, 3),
    ],
)
def test_other_words_are(said, heard, errors, words):
    assert word_errors(said, heard) == WordErrors(errors, words)


@given(st.integers(0, 99_999))
def test_every_number_in_words_is_its_digits(number):
    assert [w for w in comparable(cardinal(number)) if w != "and"] == list(str(number))


@given(st.lists(st.sampled_from(["turn", "the", "light", "on", "at", "seven"])).map(" ".join))
def test_nothing_is_wrong_with_the_words_themselves(text):
    assert word_errors(text, text).errors == 0


def test_rates_are_of_all_words_and_nothing_said_has_none():
    whole = word_errors("a red light", "a light") + word_errors("on", "off")

    assert whole.rate == pytest.approx(2 / 4)
    assert WordErrors().rate is None


def test_words_are_found_where_they_stand_together():
    assert holds("I'd like a twelve ounce coffee", "12 ounce")
    assert not holds("twelve of them, an ounce each", "twelve ounce")
    assert not holds("anything", "")


@pytest.mark.parametrize("heard", ["A-D-A K-I-N-G.", "My name is A D A, K. I. N. G.", "Ada King"])
def test_a_name_is_found_where_it_is_spelled(heard):
    assert holds(heard, "Ada King")
    assert not holds(heard, "Ida King")
    assert not holds("a dark ring", "Ada King")
