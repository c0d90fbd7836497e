"""What is spoken is shown as a person would write it, and what needs no writing over stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.intents import IntentRouter
from assistant.language.inverse_normalisation.written import written
from assistant.language.numbers import cardinal, digits, year
from assistant.personas.loading import load_personas
from tests.language.growth import grows_with_its_length


def lines() -> Iterator[tuple[str, str]]:
    """Spoken and written of every line of the table."""
    table = Path(__file__).parent / "data" / "written.tsv"
    for line in table.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# class"):
            _, spoken, shown = line.split("\t")
            yield spoken, shown


LINES = list(lines())
SPOKEN = [spoken for spoken, _ in LINES]


@pytest.mark.parametrize(("spoken", "shown"), LINES)
def test_what_is_spoken_is_written_as_a_person_would(spoken: str, shown: str) -> None:
    assert written(spoken) == shown
    assert written(shown) == shown, "what is written stays as it is"


@pytest.mark.parametrize(("spoken", "shown"), [line for line in LINES if "stays" not in line])
def test_around_it_other_words_stay(spoken: str, shown: str) -> None:
    text = "Well, thank you for that! {}! So much the better for all of them."
    assert written(text.format(spoken.rstrip("."))) == text.format(shown.rstrip("."))


WORDS = st.sampled_from(
    [word for spoken in SPOKEN for word in re.findall(r"\S+", spoken)]
    + ["o", "double", "triple", "hundred", "and", "point", "percent", "A", "S", "7", "-", "30,"]
)
MIXED = st.lists(WORDS, max_size=14).map(" ".join)


@given(st.one_of(st.text(max_size=80), MIXED, st.lists(WORDS, max_size=8).map("".join)))
def test_whatever_comes_is_written_once(text: str) -> None:
    once = written(text)
    assert written(once) == once
    assert bool(once.strip()) == bool(text.strip())


AMONG_FIGURES = [
    *("Ridge", "Road", "Saffron", "a", "the", "my", "is", "S", "F", "B", "at", "number", "flat"),
    *("of", ",", ".", "-", ":", "4-0-7", "5,", "A.", "p", "m"),
]
FIGURES = st.lists(
    st.one_of(
        st.integers(0, 99_999).map(str),
        st.sampled_from(AMONG_FIGURES),
    ),
    max_size=14,
).map(" ".join)


@given(FIGURES)
def test_no_digit_is_invented_lost_or_moved(text: str) -> None:
    """Where no word stands for a digit, the digits are those that came, in their order."""
    assert re.findall(r"\d", written(text)) == re.findall(r"\d", text)


@given(st.integers(13, 999_999_999))
def test_a_number_in_words_is_that_number(number: int) -> None:
    shown = written(f"There were {cardinal(number)} of them.")
    amount = shown.removeprefix("There were ").removesuffix(" of them.")
    scale = {"million": 1_000_000}.get(amount.split()[-1], 1)
    assert int(amount.split()[0].replace(",", "")) * scale == number


@given(st.integers(1701, 2099))
def test_a_year_in_words_is_that_year(value: int) -> None:
    assert written(f"It was in {year(value)}.") == f"It was in {value}."


TELEPHONES = st.lists(st.integers(0, 9), min_size=7, max_size=15).map(
    lambda each: "".join(map(str, each))
)


@given(TELEPHONES, st.sampled_from([" ", ", ", "-", " - ", ". "]))
def test_a_telephone_number_is_written_whatever_stands_between_its_digits(
    number: str, between: str
) -> None:
    for said in (between.join(number), between.join(digits(number).split())):
        assert written(f"My number is {said}.") == f"My number is {number}."


NAMES = [persona.spoken_names() for persona in load_personas().loaded.values()]


def test_a_persona_is_found_by_every_name_in_either_form() -> None:
    router = IntentRouter(NAMES)
    for entry in NAMES:
        for name in (entry.name, *entry.aliases, *entry.sounds_like):
            words = f"Change to {name}."
            assert router.route(written(words)) == router.route(words) is not None, name


REPEATED = [
    *(
        "one ",
        "a hundred ",
        "1 ",
        "1, ",
        "S ",
        "s-",
        "A, ",
        "double ",
        "x dot ",
        "twenty ",
        "plus ",
    ),
    *("anna at example dot com ", "Robles S A F ", "1.", "9", " ", "spell A ", "may third ", "é"),
]


@pytest.mark.parametrize("unit", REPEATED)
def test_a_long_text_takes_no_more_than_its_share(unit: str) -> None:
    long = (unit * (20_000 // len(unit) + 1))[:20_000]
    assert grows_with_its_length(written.__wrapped__, long[:2_000], long)
