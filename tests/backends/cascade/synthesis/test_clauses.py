"""Where speech is cut: early enough to sound soon, never in the middle of "9.30"."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.cascade.synthesis.clauses import (
    MOST_CHARACTERS,
    MOST_WORDS,
    ClauseSplitter,
    split_clauses,
)

TRICKY = (
    "sir Dr. 9.30 e.g. and 3,000 it works so well a.m. No yes. really?! then, wait... — "
    '"Quite." (maybe) … **bold** \n'
)
PROSE = st.lists(st.sampled_from(TRICKY.split(" ")), max_size=80).map(" ".join)
ANY_TEXT = st.one_of(PROSE, st.text(max_size=600))


def squeeze(text: str) -> str:
    return re.sub(r"\s", "", text)


def stream(text: str, sizes: list[int]) -> list[str]:
    splitter, clauses, at = ClauseSplitter(), [], 0
    for size in sizes:
        clauses += splitter.push(text[at : at + size])
        at += size
    return clauses + splitter.push(text[at:]) + splitter.flush()


@given(ANY_TEXT)
def test_not_a_letter_is_lost_or_added(text: str) -> None:
    assert squeeze("".join(split_clauses(text))) == squeeze(text)


@given(ANY_TEXT, st.lists(st.integers(1, 9), max_size=200))
def test_a_stream_is_cut_like_the_whole_line(text: str, sizes: list[int]) -> None:
    assert stream(text, sizes) == split_clauses(text)


@given(ANY_TEXT)
def test_clauses_are_never_empty_nor_endless(text: str) -> None:
    for clause in split_clauses(text):
        assert clause == clause.strip() != ""
        assert len(clause) <= MOST_CHARACTERS
        assert len(re.findall(r"\S*\w\S*", clause)) <= MOST_WORDS


@pytest.mark.parametrize(
    "line",
    [
        "It is 9.30 now",
        "Dr. Smith is in",
        "Bring fruit, e.g. apples",
        "It costs 1,250.75 pounds",
        "Ask J. R. Tolkien",
        "Meet at 9 a.m. tomorrow",
        "See fig. 3 please",
        "2. Boil the water",
    ],
)
def test_numbers_and_abbreviations_stay_whole(line: str) -> None:
    assert split_clauses(line) == [line]


@pytest.mark.parametrize("line", ["The answer is 42. Truly.", "No. Never.", "I see you. Stay."])
def test_short_sentences_are_not_taken_for_abbreviations(line: str) -> None:
    assert len(split_clauses(line)) == 2


def test_an_opener_sounds_before_the_rest_is_known() -> None:
    splitter = ClauseSplitter()
    assert splitter.push("Certainly, sir. ") == ["Certainly, sir."]
    assert splitter.push("The capital") == []
    assert splitter.flush() == ["The capital"]


def test_the_first_clause_is_short_and_later_ones_are_sentences() -> None:
    text = (
        "I have checked the weather, sir, and I would take an umbrella. "
        "The rain begins at four, lasts until six, and is followed by a cold wind. Nothing more."
    )
    assert split_clauses(text) == [
        "I have checked the weather,",
        "sir, and I would take an umbrella.",
        "The rain begins at four, lasts until six, and is followed by a cold wind.",
        "Nothing more.",
    ]


def test_a_first_sentence_without_commas_is_cut_at_a_joint() -> None:
    assert split_clauses("I would rather walk all the way because the lift sings.")[0] == (
        "I would rather walk all the way"
    )


def test_a_splitter_can_be_used_again() -> None:
    splitter = ClauseSplitter()
    first = splitter.push("One two three, four.") + splitter.flush()
    assert first == splitter.push("One two three, four.") + splitter.flush()


def test_sound_is_not_kept_waiting_for_the_end_of_a_long_first_clause() -> None:
    long = (
        "The best of all the places that I have ever seen in my life is the shore of a lake at dawn"
    )
    first, second = split_clauses(long)
    assert 5 <= len(first.split()) <= 8
    assert split_clauses(f"Yes. {long}") == ["Yes.", long], "there is sound already"
    assert f"{first} {second}" == long
