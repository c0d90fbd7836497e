"""However the network cuts a stream, the same words come out of it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assistant.brain.openai.replies import MAX_EVENT_CHARS, EventStream

cuts = st.lists(st.integers(0, 300), max_size=12)
lines = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)


def bounds(length: int, at: list[int]) -> list[tuple[int, int]]:
    places = sorted({0, length, *(place % (length + 1) for place in at)})
    return list(pairwise(places))


def events(stream: bytes, at: list[int]) -> list[str]:
    parser = EventStream()
    found: list[str] = []
    for start, end in bounds(len(stream), at):
        found += parser.feed(stream[start:end])
    return found + parser.end()


@given(st.lists(lines, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]), cuts)
def test_events_survive_any_cut_and_line_ending(
    data: list[str], ending: str, at: list[int]
) -> None:
    stream = "".join(f": note{ending}data: {line}{ending}{ending}" for line in data)
    assert events(stream.encode(), at) == data


def test_several_data_lines_are_one_event() -> None:
    assert events(b"data: a\ndata: b\n\ndata: c", [3]) == ["a\nb", "c"]


@given(st.binary(max_size=400), cuts)
def test_any_bytes_are_read_without_failing(stream: bytes, at: list[int]) -> None:
    assert events(stream, at) == events(stream, [])


def test_an_endless_line_is_not_kept() -> None:
    parser = EventStream()
    for _ in range(5):
        assert parser.feed(b"x" * MAX_EVENT_CHARS) == []
    assert parser.feed(b"\n\ndata: on\n\n") == ["on"]
