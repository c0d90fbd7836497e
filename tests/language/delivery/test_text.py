"""A question rises, an aside falls, an exclamation is lively, an ellipsis waits."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.delivery.text import TextProsody


def parts(*clauses: str) -> list[tuple[str, float, float, float]]:
    """(text, semitones, decibels, pauses) of everything that is said in one breath."""
    text = TextProsody()
    return [
        (part, how.pitch, how.gain, how.pauses)
        for clause in clauses
        for part, how in text.parts(clause)
    ]


@pytest.mark.parametrize("question", ["Is it late?", "You did that?", "“Really?”", "Well, is it?!"])
def test_a_question_rises(question: str) -> None:
    ((_, pitch, gain, pauses),) = parts(question)
    assert pitch > 0
    assert (gain, pauses) == (0, 1)


def test_only_the_last_clause_of_a_question_rises() -> None:
    pitches = [pitch for _, pitch, *_ in parts("If it does not rain tomorrow,", "shall we go out?")]
    assert pitches[0] == 0 < pitches[1]


def test_a_question_with_a_question_word_rises_less() -> None:
    yes_or_no, which = parts("Is it late?"), parts("And what time is it?")
    assert 0 < which[0][1] < yes_or_no[0][1]
    clauses = parts("When the train has come,", "will you tell me?")
    assert clauses[-1][1] > 0


@pytest.mark.parametrize(
    ("clause", "aside"),
    [
        ("The train (if it runs at all) leaves at nine.", "(if it runs at all)"),
        ("The train, the last one (or so they say).", "(or so they say)."),
        ("The train — as far as I know — is late.", "as far as I know —"),
        ("My old friend—the one from Leeds—is late.", "the one from Leeds—"),
        ("(Not that I mind.)", "(Not that I mind.)"),
    ],
)
def test_an_aside_falls_and_is_softer_than_what_is_around_it(clause: str, aside: str) -> None:
    said = {text: (pitch, gain) for text, pitch, gain, _ in parts(clause)}
    pitch, gain = said.pop(aside)
    assert pitch < 0
    assert gain < 0
    assert all(around == (0, 0) for around in said.values())


def test_an_aside_that_is_a_clause_of_its_own_falls() -> None:
    said = parts("That train of yours —", "which nobody has ever seen —", "is late.")
    assert [pitch < 0 for _, pitch, *_ in said] == [False, True, False]


@pytest.mark.parametrize(
    "clause",
    ["The file (PDF) is here.", "Rooms 3 – 5 are free.", "A well-known man.", "f(x) is 5."],
)
def test_what_only_looks_like_an_aside_is_said_in_one_breath(clause: str) -> None:
    assert parts(clause) == [(clause, 0, 0, 1)]


@pytest.mark.parametrize("text", ["Well…", "Let me think...", "“So…”"])
def test_an_ellipsis_waits(text: str) -> None:
    assert parts(text)[0][3] > 1.5


def test_an_exclamation_is_livelier() -> None:
    ((_, pitch, gain, _),) = parts("What a day!")
    assert pitch > 0
    assert gain > 0


@given(st.text(st.sampled_from("ab (),.—-?!… \n\"'”"), max_size=60))
def test_no_word_is_lost(clause: str) -> None:
    said = " ".join(text for text, *_ in parts(clause))
    assert re.findall(r"\w+", said) == re.findall(r"\w+", clause)
