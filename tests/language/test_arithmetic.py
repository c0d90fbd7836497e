"""Sums come out right, however they are said, and never hang."""

from __future__ import annotations

import operator
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.arithmetic import evaluate
from assistant.language.numbers import cardinal, ordinal, ordinal_value, read_number, spoken_result
from assistant.language.tokens import sentences

numbers = st.integers(0, 999_999)
OPERATIONS = {
    "plus": operator.add,
    "minus": operator.sub,
    "times": operator.mul,
    "multiplied by": operator.mul,
    "x": operator.mul,
    "+": operator.add,
}


def said(text: str, previous: Fraction | None = None) -> str | None:
    """The result as spoken; "none" where the sum has no answer, None where it is no sum."""
    outcome = evaluate(sentences(text)[0].text, previous)
    if outcome is None:
        return None
    return "none" if outcome.value is None else spoken_result(outcome.value)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("what is 17 times 23", "391"),
        ("What's 17 x 23?", "391"),
        ("17×23", "391"),
        ("seventeen plus four", "21"),
        ("20 percent of 80", "16"),
        ("What is 20% of 80?", "16"),
        ("15 percent off 60", "51"),
        ("the square root of 144", "12"),
        ("square root of 2", "about 1.41"),
        ("the cube root of 27", "3"),
        ("two to the power of ten", "1,024"),
        ("two to the tenth power", "1,024"),
        ("2^10", "1,024"),
        ("2 ** 10", "1,024"),
        ("ten squared", "100"),
        ("divide 10 by 3", "about 3.33"),
        ("10 over 4", "2.5"),
        ("half of 90", "45"),
        ("three quarters of eighty", "60"),
        ("two and a half times four", "10"),
        ("half a million plus one", "500,001"),
        ("two plus three times four", "14"),
        ("(2+3)*4", "20"),
        ("add 100 and 5", "105"),
        ("subtract 5 from 10", "5"),
        ("the sum of 5 and 6", "11"),
        ("the difference between 9 and 4", "5"),
        ("the product of six and seven", "42"),
        ("minus five plus two", "minus 3"),
        ("7 - 10", "minus 3"),
        ("5 factorial", "120"),
        ("a dozen times two", "24"),
        ("a hundred divided by seven", "about 14.29"),
        ("one hundred and five plus one", "106"),
        ("three point one four times two", "6.28"),
        ("0.1 + 0.2", "0.3"),
        ("1 divided by 3 times 3", "1"),
        ("two thousand and twenty plus one", "2,021"),
        ("one billion times one billion", "10 to the power of 18"),
        ("1 divided by 1000000", "10 to the power of minus 6"),
        ("1 divided by 300", "about 0.0033"),
        ("what does 3 plus 4 equal", "7"),
        ("1,000 minus 1", "999"),
        ("10 divided by zero", "none"),
        ("zero divided by zero", "none"),
        ("square root of minus four", "none"),
        ("9 to the power of 999999999", "none"),
        ("9^9^9^9", "none"),
        ("0 to the power of minus 1", "none"),
        ("100 factorial", "none"),
        ("1 to the power of 999999999", "1"),
        ("what is 17", None),
        ("two times", None),
        ("plus", None),
        ("nine eleven", None),
        ("the time plus the date", None),
        ("2x + 3", None),
        ("plus five", None),
        ("half of that", None),
        ("one of a kind", None),
        ("the second of May", None),
    ],
)
def test_sums_people_say(text: str, result: str | None) -> None:
    assert said(text) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plus five", "15"),
        ("and times two", "20"),
        ("minus three", "7"),
        ("divide that by 4", "2.5"),
        ("half of that", "5"),
        ("that squared", "100"),
        ("add ten", "20"),
        ("two plus two", "4"),
    ],
)
def test_a_sum_goes_on_from_the_last(text: str, result: str) -> None:
    assert said(text, Fraction(10)) == result


@given(numbers, numbers, st.sampled_from(sorted(OPERATIONS)), st.booleans(), st.booleans())
def test_words_and_digits_give_the_exact_result(
    a: int, b: int, name: str, words: bool, more_words: bool
) -> None:
    left = cardinal(a) if words else str(a)
    right = cardinal(b) if more_words else f"{b:,}"
    outcome = evaluate(sentences(f"What is {left} {name} {right}?")[0].text)
    assert outcome is not None
    assert outcome.value == OPERATIONS[name](a, b)


@given(numbers, st.integers(1, 999_999))
def test_division_is_exact_and_its_own_inverse(a: int, b: int) -> None:
    quotient = evaluate(f"{a} divided by {b}")
    assert quotient is not None
    assert quotient.value == Fraction(a, b)
    back = evaluate(f"times {b}", quotient.value)
    assert back is not None
    assert back.value == a


@given(st.integers(0, 10**9))
def test_the_square_root_of_a_square_is_exact(root: int) -> None:
    outcome = evaluate(f"the square root of {root * root}")
    assert outcome is not None
    assert outcome.value == root


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1_000_005, "one million and five"),
        (1_100_000, "one million one hundred thousand"),
        (10**12 + 100, "one trillion one hundred"),
        (2 * 10**15, "two quadrillion"),
        (10**18, "one" + 18 * " zero"),
    ],
)
def test_large_numbers_are_said_up_to_where_figures_are_clearer(number: int, text: str) -> None:
    assert cardinal(number) == text


@given(numbers)
def test_a_number_in_words_is_read_back(number: int) -> None:
    words = cardinal(number).replace("-", " ").split()
    assert read_number(words) == (number, len(words))


@given(st.integers(1, 99))
def test_an_ordinal_is_read_back(number: int) -> None:
    word = ordinal(number)
    if "-" not in word:
        assert ordinal_value(word) == number
    assert word.endswith(("st", "nd", "rd", "th"))


@given(st.fractions(max_denominator=10**9) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_result_can_be_spoken_and_is_close(value: Fraction | float) -> None:
    text = spoken_result(value)
    assert len(text) < 60
    assert not re.search(r"\de", text)
    plain = text.removeprefix("about ").replace("minus ", "-").replace(",", "")
    if "power" in plain:
        mantissa, _, exponent = plain.rpartition("10 to the power of ")
        scale = mantissa.replace("times", "").strip() or "1"
        number = Fraction(f"{scale}1" if scale == "-" else scale) * Fraction(10) ** int(exponent)
    else:
        number = Fraction(plain)
    assert abs(number - Fraction(value)) <= max(abs(Fraction(value)) / 10, Fraction(1, 10**9))
    if not text.startswith("about"):
        assert number == Fraction(value)


_TOKENS = "1 2 999999 plus minus times to the power of ( ) % half square root of factorial ^ / . -"


@given(st.lists(st.sampled_from(_TOKENS.split()), max_size=40).map(" ".join))
def test_no_sum_hangs_or_fails(text: str) -> None:
    for sentence in sentences(text):
        evaluate(sentence.text, Fraction(3))
