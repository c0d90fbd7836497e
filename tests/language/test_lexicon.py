"""Lists that others derive theirs from: what must hold of each, whatever is added to it."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language import lexicon
from assistant.language.person import with_s
from assistant.language.tokens import sentences, singular, stem


@given(st.from_regex(r"[a-z]{1,12}", fullmatch=True))
def test_the_singular_is_a_beginning_of_the_word(word: str) -> None:
    """A page is searched for it before it is read."""
    assert word.startswith(singular(word))
    assert stem(f"{word}ss") == f"{word}ss"


@pytest.mark.parametrize(
    "hum", ["um", "uhm", "umm", "uh", "uhh", "hm", "hmm", "mm", "ah", "er", "erm", "eh"]
)
def test_a_hesitation_is_heard_as_such_everywhere(hum: str) -> None:
    assert re.fullmatch(lexicon.HESITATION, hum)
    assert re.fullmatch(lexicon.HUM, hum)
    assert sentences(hum) == []


@pytest.mark.parametrize(
    "word", ["hum", "ham", "her", "he", "humm", "am", "an", "me", "hem", "aha"]
)
def test_a_word_is_no_hum(word: str) -> None:
    assert not re.fullmatch(lexicon.HUM, word)


@pytest.mark.parametrize("month", range(1, 13))
def test_months_by_name_and_short(month: int) -> None:
    name = f"{date(2026, month, 1):%B}".lower()
    assert lexicon.MONTHS[month - 1] == name
    assert lexicon.MONTH_NUMBERS[name[:3]] == month
    for form in {name, name[:3]} | ({"sept"} if month == 9 else set()):
        assert re.fullmatch(lexicon.MONTH_OR_SHORT, form)


@pytest.mark.parametrize(
    ("verb", "third"),
    [("see", "sees"), ("buzz", "buzzes"), ("carry", "carries"), ("play", "plays")],
)
def test_the_third_person(verb: str, third: str) -> None:
    assert with_s(verb) == third
