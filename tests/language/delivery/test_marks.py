"""`[delivery: dry]` is heeded, and neither spoken nor shown, wherever a stream cuts it."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.calls.answer_parser import AnswerParser
from assistant.calls.parser import PlainText
from assistant.language.delivery.marks import (
    Delivery,
    DeliveryMarks,
    first_delivery,
    leading_marks,
    without_marks,
)

BITS = [
    "[delivery: dry]", "[Delivery:WARM] ", "[ delivery = sad ]", "[delivery: no such]",
    "[/delivery]", "[delivery: ]", "[", "]", "[[", "[1, 2]", "[deliv", "delivery", "One. ", "Two!",
    " ", "\n", "x",    "[delivery address]", "[delivery: " + "y" * 80 + "]", "TOOL_CALL", "(aside)",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(BITS), max_size=9).map("".join)


def read(*pieces: str) -> list[str | Delivery]:
    """What comes out, neighbouring texts joined."""
    marks = DeliveryMarks()
    items = [item for piece in pieces for item in marks.feed(piece)] + marks.finish()
    joined: list[str | Delivery] = []
    for item in items:
        if isinstance(item, str) and joined and isinstance(joined[-1], str):
            joined[-1] += item
        else:
            joined.append(item)
    return joined


@given(TEXTS, st.lists(st.integers(0, 200), max_size=8))
@example("One. [delivery: dry] Two!", [6, 7, 15])
def test_what_comes_out_does_not_depend_on_where_the_text_was_cut(
    text: str, cuts: list[int]
) -> None:
    at = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(at)]
    assert read(*pieces) == read(text) == read(*text)


@given(TEXTS)
def test_no_mark_is_left_and_words_stay(text: str) -> None:
    spoken = without_marks(text)
    assert "delivery:" not in spoken.lower() or "y" * 80 in spoken
    assert spoken.count("One.") == text.count("One.")
    assert spoken.count("[1, 2]") == text.count("[1, 2]")


@pytest.mark.parametrize(
    ("text", "said", "named"),
    [
        ("[delivery: dry] Indeed.", "Indeed.", ["dry"]),
        ("Well. [delivery: Whispering]Come closer.", "Well. Come closer.", ["whispering"]),
        ("Well.[delivery: sad]It rains.", "Well. It rains.", ["sad"]),
        ('[Delivery = "warmly"] Hello.', "Hello.", ["warm"]),
        ("[delivery: operatic] La.", "La.", []),
        ("[delivery: sad] Oh. [/delivery] Fine.", "Oh. Fine.", ["sad", ""]),
        ("Your [delivery address] is [here].", "Your [delivery address] is [here].", []),
        ("Cut off. [delivery: exc", "Cut off. ", []),
        ("An array [", "An array [", []),
    ],
)
def test_marks_name_deliveries_and_go(text: str, said: str, named: list[str]) -> None:
    items = read(text)
    assert "".join(item for item in items if isinstance(item, str)) == said
    assert [item.name for item in items if isinstance(item, Delivery)] == named


def test_the_first_mark_of_a_line_is_how_the_line_is_said() -> None:
    assert first_delivery(" [delivery: Dry] Hm.") == "dry"
    assert first_delivery("Hm. [delivery: dry]") == ""
    assert first_delivery("[delivery: operatic] La.") == ""
    assert (
        leading_marks("\n[delivery: dry] [delivery: sad] Hm.")
        == "\n[delivery: dry] [delivery: sad] "
    )


def test_a_million_brackets_are_read_at_once() -> None:
    text = "[" * 500_000 + "[delivery:" * 50_000
    assert without_marks(text) == text[: -len("[delivery:")]


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_a_mark_beside_a_tool_call_is_none_and_stays_for_who_reads_it(size: int) -> None:
    text = '[delivery: dry] Done. TOOL_CALL: {"name": "tell", "arguments": {}}'
    parser = AnswerParser(["tell"])
    items = [i for at in range(0, len(text), size) for i in parser.feed(text[at : at + size])]
    items += parser.finish()
    words = "".join(item.text for item in items if isinstance(item, PlainText))
    assert words.strip() == "[delivery: dry] Done."
    assert [type(item).__name__ for item in items].count("ToolCall") == 1
