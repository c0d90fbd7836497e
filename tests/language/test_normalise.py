"""Text is read as a person would read it aloud."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.backends.cascade.synthesis.clauses import ClauseSplitter, split_clauses
from assistant.language.arithmetic import evaluate
from assistant.language.normalise import speakable
from assistant.language.numbers import spoken_result as result
from tests.language.growth import grows_with_its_length

CLASSES = set(
    re.findall(
        r"\w+",
        "cardinal ordinal decimal fraction range mathematics money measure date time telephone "
        "electronic roman abbreviation verbatim markup direction latex script",
    )
)


def pairs() -> Iterator[tuple[str, str, str]]:
    """Class, written and spoken of every line of the table."""
    table = Path(__file__).parent / "data" / "spoken.tsv"
    for line in table.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# class"):
            kind, written, spoken = line.split("\t")
            yield kind, written, spoken


PAIRS = list(pairs())


def words(text: str) -> list[str]:
    """What is heard of a text but for its pauses."""
    return re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", text.lower())


@pytest.mark.parametrize(("kind", "written", "spoken"), PAIRS)
def test_what_is_written_is_read_as_a_person_would(kind: str, written: str, spoken: str) -> None:
    assert speakable(written) == spoken
    assert speakable(spoken) == spoken, "what is spoken stays as it is"


def test_the_table_has_every_class_and_no_line_twice() -> None:
    counts = Counter(kind for kind, _, _ in PAIRS)
    assert counts.keys() == CLASSES
    assert min(counts.values()) >= 10
    assert len({written for _, written, _ in PAIRS}) == len(PAIRS) >= 400


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("# Title\n- one\n- two", "Title one two"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a, b. one, two."),
        ("```python\nx = 1\n```", "x equals one"),
        ("I ❤️ you 😀👍🏽!", "I you!"),
        ("  \n", ""),
    ],
)
def test_several_lines_become_one(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("12345.678 + 0", "twelve thousand three hundred and forty-five point six seven eight"),
        ("2 ** 70", "about one point one eight times ten to the power of twenty-one"),
        ("5 - 1005", "minus one thousand"),
    ],
)
def test_the_calculator_is_read_out(written: str, spoken: str) -> None:
    assert speakable(result(evaluate(written).value)) == spoken


SYMBOLS = st.text(
    alphabet=list("0123456789  .,,-/::%$€£°'\"()[]{}*_`~<>=+^#&@!?\\|abcxkmMKhsIVXADé½²…–—\n李ИΩ"),
    max_size=60,
)
WRITTEN = st.lists(st.sampled_from([written for _, written, _ in PAIRS]), max_size=6)


@given(st.one_of(st.text(max_size=200), SYMBOLS, WRITTEN.map(" ".join), WRITTEN.map("".join)))
@example("9" * 400)
@example("99:99 0/0 13/13/2024 2024-99-99 $.5 1.2.3.4 ½ ² ٣")
def test_whatever_comes_gives_one_line_of_words_that_stays_as_it_is(text: str) -> None:
    spoken = speakable(text)
    assert all(character.isalpha() or character in " .,!?;:'\"“”—…()-" for character in spoken)
    assert spoken == spoken.strip()
    assert speakable(spoken) == spoken


@given(WRITTEN, st.lists(st.integers(1, 9), max_size=100))
def test_a_stream_of_pieces_is_read_as_the_whole(written: list[str], sizes: list[int]) -> None:
    text = ". ".join([*written, "Done."])
    splitter, clauses, at = ClauseSplitter(), [], 0
    for size in sizes:
        clauses += splitter.push(text[at : at + size])
        at += size
    clauses += splitter.push(text[at:]) + splitter.flush()
    assert clauses == split_clauses(text)


@pytest.mark.parametrize(("kind", "written", "spoken"), PAIRS)
def test_no_clause_ends_within_what_is_read_as_one(kind: str, written: str, spoken: str) -> None:
    """In a sentence whose clauses are cut as early as they ever are."""
    own_line = kind == "markup" or written.startswith("[1]")
    between = "\n" if own_line else " "
    text = (
        f"Well now, I have to say this:{between}{written}{between}and that is all there is to it."
    )
    said = [speakable(clause) for clause in split_clauses(text)]
    assert words(" ".join(said)) == words(speakable(text))


HOSTILE = [
    *("1" * 40_000, "1," * 20_000, "1 " * 20_000, "1.1" * 15_000, "-" * 40_000, "a-" * 20_000),
    *("(" * 40_000, "[" * 40_000, "*a" * 20_000, "_a" * 20_000, "\\frac{" * 7_000, "$a" * 20_000),
    *(
        "<a " * 15_000,
        "&amp" * 10_000,
        "a@" * 20_000,
        "a." * 20_000,
        "/a" * 20_000,
        "http://" * 6_000,
    ),
    *("x^" * 20_000, "{" * 40_000, "I" * 40_000, "1:1:" * 10_000, "A1" * 20_000, " " * 40_000),
    *("’" * 40_000, "|" * 40_000, "> " * 20_000, "1/2 " * 10_000, "é" * 40_000, "李" * 40_000),
    *("$1-" * 13_000, "#a" * 20_000, "ab " * 13_000, "\n" * 40_000, "`" * 40_000, "=" * 40_000),
]


@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text[:8]) for text in HOSTILE])
def test_a_long_text_takes_no_more_than_its_share(text: str) -> None:
    assert grows_with_its_length(speakable.__wrapped__, text[: len(text) // 10], text)


def test_long_prose_is_read_quickly_enough_to_be_spoken() -> None:
    random.seed(1)
    text = " ".join(random.choice(PAIRS)[1] for _ in range(400))
    assert not any(character.isdecimal() for character in speakable(text))
