"""What gives way when a line is too short."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from assistant.ui.fitting import Fragment, as_json, ellipsis, fit, spelled_out

WORDS = st.text(alphabet="abcdef ü中", min_size=1, max_size=30)


def wordings(lines: list[list[tuple[Fragment, str]]]) -> list[str]:
    return [text for line in lines for _, text in line]


def test_all_is_said_in_full_where_there_is_room() -> None:
    fragments = [Fragment("a", ("long a", "a")), Fragment("b", ("long b", "b"))]
    assert wordings(fit(fragments, 40)) == ["long a", "long b"]


def test_the_least_important_is_said_shorter_first() -> None:
    fragments = [Fragment("a", ("long a", "a"), 1), Fragment("b", ("long b", "b"), 2)]
    assert wordings(fit(fragments, 10)) == ["a", "long b"]


def test_nothing_is_left_out_while_something_can_be_said_shorter() -> None:
    fragments = [Fragment("a", ("aaaa",), 1), Fragment("b", ("bbbbbbbb", "b"), 2)]
    assert wordings(fit(fragments, 8)) == ["aaaa", "b"]
    assert wordings(fit(fragments, 7)) == ["b"]


def test_a_second_row_is_used_before_anything_is_shortened() -> None:
    fragments = [Fragment("a", ("aaaaaa", "a")), Fragment("b", ("bbbbbb", "b"))]
    assert wordings(fit(fragments, 8, rows=2)) == ["aaaaaa", "bbbbbb"]


@given(
    st.lists(st.tuples(st.lists(WORDS, max_size=3), st.integers(0, 9)), max_size=8),
    st.integers(0, 80),
    st.integers(1, 3),
)
def test_it_always_fits(
    given_fragments: list[tuple[list[str], int]], width: int, rows: int
) -> None:
    fragments = [
        Fragment(str(n), tuple(variants), priority)
        for n, (variants, priority) in enumerate(given_fragments)
    ]
    lines = fit(fragments, width, rows)
    assert len(lines) <= rows
    for line in lines:
        assert sum(cell_len(text) for _, text in line) + 3 * (len(line) - 1) <= width


@given(st.text(alphabet="ab ,ü中", max_size=40), st.integers(-1, 40))
def test_an_ellipsis_cuts_no_word_that_has_room(text: str, width: int) -> None:
    short = ellipsis(text, width)
    assert cell_len(short) <= max(width, 0)
    if short and short != text:
        assert short.endswith("…")
        kept = short[:-1].split()
        if len(kept) == 1 and cell_len(text.split()[0]) >= width:
            assert text.split()[0].startswith(kept[0])
            return
        assert [word.rstrip(",") for word in text.split()[: len(kept)]] == [
            word.rstrip(",") for word in kept
        ]


def test_a_word_without_room_is_cut_and_not_left_out() -> None:
    assert ellipsis("Donaudampfschifffahrtsgesellschaft", 12) == "Donaudampfs…"
    assert ellipsis("李" * 20, 12) == "李李李李李…"


def test_a_line_is_a_line_whatever_stands_in_it() -> None:
    assert ellipsis("USB\x1b[2J\nHead\u202eset\t2", 40) == "USB Headset 2"
    assert wordings(fit([Fragment("a", ("mic\none\x9b31m",))], 40)) == ["mic one"]


def test_what_cannot_be_seen_is_spelled_out() -> None:
    assert spelled_out("rm\u202e \x1b[2J\n中 é") == r"rm\u202e \x1b[2J\n中 é"


def test_arguments_that_are_no_json_are_outlined() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert as_json({"a": [1, "ü"]}) == '{"a": [1, "ü"]}'
    assert as_json(endless).startswith("[[")
