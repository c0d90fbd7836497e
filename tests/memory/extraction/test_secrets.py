"""What is never written down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.memory.extraction.secrets import secret_in, without_secrets


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("my card is 4242 4242 4242 4242", "card numbers"),
        ("four two four two four two four two four two four two four two four two", "card numbers"),
        ("my IBAN is DE89 3704 0044 0532 0130 00", "account numbers"),
        ("transfer it to GB82WEST12345698765432 please", "account numbers"),
        ("my password is hunter2", "passwords"),
        ("the password for the wifi is swordfish", "passwords"),
        ("password: correcthorse", "passwords"),
        ("my pin is 1234", "PINs"),
        ("my pin is four seven one one", "PINs"),
        ("the verification code is 839201", "one-time codes"),
        ("the code to the door is 4711", "access codes"),
        ("123-45-6789", "social security numbers"),
        ("my social security number is 078 05 1120", "social security numbers"),
        ("use sk-proj-abcdEFGH1234567890abcd", "keys"),
        ("AKIAIOSFODNN7EXAMPLE", "keys"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "keys"),
        ("my seed phrase is witch collapse practice feed shame", "keys"),
    ],
)
def test_a_secret_is_known_as_what_it_is(text: str, what: str) -> None:
    assert secret_in(text) == what


@pytest.mark.parametrize(
    "text",
    [
        "I forgot my password",
        "my password is too long",
        "my parrot is called Picasso",
        "my phone number is 0660 1234567",
        "I was born in 1984 and have 2 cats",
        "the order number is 1234567890123",
        "the internationalisation department",
        "I pin the note to the door",
        "https://example.com/a/very/long/path/that/has/1234/in/it",
    ],
)
def test_ordinary_words_and_numbers_are_none(text: str) -> None:
    assert secret_in(text) == ""


@given(st.integers(10**14, 10**15 - 1))
def test_a_number_is_a_card_where_its_check_digit_fits(stem: int) -> None:
    def fits(number: str) -> bool:
        digits = [int(d) for d in reversed(number)]
        return (
            sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits)) % 10 == 0
        )

    numbers = [f"{stem}{last}" for last in range(10)]
    found = [number for number in numbers if secret_in(f"it is {number}") == "card numbers"]
    assert found == [number for number in numbers if fits(number)]
    assert len(found) == 1


@given(st.text(max_size=200))
def test_what_is_written_down_holds_no_secret(text: str) -> None:
    assert secret_in(without_secrets(text)) == ""


def test_only_the_sentence_with_the_secret_is_left_out() -> None:
    kept = without_secrets("I live in Oslo. My pin is 4711. I like jazz.")
    assert kept == "I live in Oslo. [left out: PINs] I like jazz."
