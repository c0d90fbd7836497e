"""Who dictates is heard to the end, and who answers with a number is answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.dictation import begins_with_piece, piece
from assistant.language.endings import ending

DICTATED = [
    "4-8",
    "4, 8,",
    "Forty eight.",
    "161",
    "7204.",
    "882 909",
    "The number is 8 8 8 5",
    "My zip code is 90210.",
    "Flat 202.",
    "Lane number 4.",
    "My phone number is 882",
    "S-A-F",
    "S, A, F",
    "s a f f r",
    "S, A, double F.",
    "R double O P",
    "S as in Sam.",
    "B for Bravo",
    "4 4 S A N D",
    "48 Ridge",
    "48 Ridge Road",
    "4 8 wrench road.",
    "56. Pine Tree Lane.",
    "I live at 12 Baker Street.",
    "My address is 5 Ocean Drive.",
]
LISTED = [
    "milk, eggs",
    "Milk, brown bread, eggs.",
    "We need milk, eggs, bread.",
    "Buy milk, eggs.",
    "Get me a small, dark roast.",
]
NUMBERS = [
    "Two.",
    "seven",
    "Twenty.",
    "500.",
    "I was born in 1984.",
    "I'm 34.",
    "It costs 3.50.",
    "I get up at 8:30.",
    "Room 101.",
    "My lucky number is seven.",
    "Pick a number between 1 and 10.",
    "8885112931",
    "888 511 2931",
]
NEITHER = [
    "About twenty minutes.",
    "I tried three times.",
    "Two coffees.",
    "4 July",
    "Plan B.",
    "Vitamin C.",
    "It is 9 p.m.",
    "I live in the U.S.",
    "Paris, France.",
    "No, thanks.",
    "I need help, Jarvis.",
    "Buy it, darling.",
    "I want tea, not coffee.",
    "Great, awesome.",
    "Cool, cool.",
    "I have three kids, two boys.",
    "Turn left at the road.",
    "It takes about 5 minutes one way.",
    "I saw him at the park, actually.",
    "",
    "…",
]


@pytest.mark.parametrize("text", DICTATED)
def test_a_piece_of_what_is_dictated_is_followed_by_another(text: str) -> None:
    assert piece(text) == "dictated"


@pytest.mark.parametrize("text", LISTED)
def test_a_list_without_its_and_is_not_all(text: str) -> None:
    assert piece(text) == "listed"


@pytest.mark.parametrize("text", NUMBERS)
def test_a_plain_number_and_a_whole_telephone_number_are_answers(text: str) -> None:
    assert piece(text) == "number"


@pytest.mark.parametrize("text", NEITHER)
def test_ordinary_words_are_no_dictation(text: str) -> None:
    assert piece(text) is None


@pytest.mark.parametrize(
    "text", ["Two.", "seven", "Nine.", "About twenty minutes.", "It is 9 p.m."]
)
def test_plain_answers_are_not_waited_for(text: str) -> None:
    assert ending(text) in ("unknown", "sentence")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("8 8 5.", True), ("Five.", True), ("B, E.", True), ("I know.", False), ("A man.", False),
     ("Ridge Road.", False), ("", False)],
)  # fmt: skip
def test_figures_and_letters_go_on_with_those_before(text: str, expected: bool) -> None:
    assert begins_with_piece(text) is expected


@given(st.text(st.sampled_from("aBs 4,.-1!?"), max_size=16) | st.text(max_size=20))
def test_whatever_is_written_can_be_judged(text: str) -> None:
    assert piece(text) in ("dictated", "listed", "number", None)
    begins_with_piece(text)
