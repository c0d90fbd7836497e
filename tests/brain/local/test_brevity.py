"""An answer of a small model ends with a sentence, soon, unless more is asked for."""

from __future__ import annotations

import pytest

from assistant.brain.local.brevity import FLOWING, SENTENCES, Brevity, at_length

SHORT = "It rains. The sky is grey. Take a coat, please. And an umbrella. And boots."
LONG = (
    "There was once a lighthouse keeper called Mr. Brown who lived on a very small island. "
    "Every evening at 6 p.m. he climbed the two hundred steps, and lit the lamp for the ships. "
    "One night in the great storm of that winter the lamp went out"
)


def said(text: str, sentences: int | None = SENTENCES, *, cut: bool = False, size: int = 4) -> str:
    brevity = Brevity(sentences)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return "".join([*map(brevity.feed, pieces), brevity.finish(cut=cut)])


@pytest.mark.parametrize("size", [1, 4, 17, 1000])
def test_three_sentences_are_enough(size: int) -> None:
    assert said(SHORT, size=size) == "It rains. The sky is grey. Take a coat, please."
    assert said(SHORT, None, size=size) == SHORT


def test_the_first_words_wait_for_nothing() -> None:
    brevity = Brevity()
    assert brevity.feed("Well") == "Well"
    assert brevity.feed(", let") == ", let"


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_what_its_bound_cuts_off_is_not_said_by_half(size: int) -> None:
    whole = LONG[: LONG.index(" One night")]
    assert said(LONG, None, cut=True, size=size) == whole
    assert said(LONG, None, cut=False, size=size) == LONG, "it only left out the full stop"
    assert len(whole) > FLOWING


def test_of_one_sentence_that_never_ends_all_is_said() -> None:
    endless = " ".join(["and on"] * 60)
    assert said(endless, cut=True) == endless


@pytest.mark.parametrize(
    "text", ["I met Dr. Jones at 5 p.m. in St. Ives.", "It is 3.5 miles, e.g. on foot.", "J. R. R."]
)
def test_abbreviations_and_numbers_end_no_sentence(text: str) -> None:
    assert said(f"{text} Then. More. Yet more.", 2).startswith(f"{text} Then.")


@pytest.mark.parametrize(
    "text",
    [
        "Tell me a long story.",
        "Tell me a story about a fox.",
        "Explain in detail how a clock works.",
        "List all the planets.",
        "Give me ten ideas for dinner.",
        "Could you tell me more?",
        "Recite the whole poem.",
        "Invent a fairy tale for me.",
        "Explain step by step how to tie a knot.",
        "Count from one to twenty: count to twenty.",
        "Name every king of England.",
        "Go on.",
    ],
)
def test_more_is_given_where_it_is_asked_for(text: str) -> None:
    assert at_length(text)


@pytest.mark.parametrize(
    "text",
    [
        "Who are you?",
        "How long is a day on Mars?",
        "Tell me a joke.",
        "What is the story of your life, in short?",
        "I have no longer any idea.",
        "Explain it briefly.",
        "Tell me a story in two sentences.",
        "As long as it rains I stay in.",
        "What time is it?",
        "I am all alone.",
    ],
)
def test_ordinary_questions_get_ordinary_answers(text: str) -> None:
    assert not at_length(text)
