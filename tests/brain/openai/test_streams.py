"""However the network cuts a stream, the same words come out of it."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.brain.base import PromptRead
from assistant.brain.openai.replies import MAX_EVENT_CHARS, AnswerReader, EventStream

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


def test_what_was_evaluated_of_a_prompt_is_told_once_with_its_first_word() -> None:
    reader = AnswerReader("http://127.0.0.1/v1", {})
    timings = {"prompt_n": 23, "cache_n": 394, "prompt_ms": 630.5}
    first = {"choices": [{"delta": {"content": "Hi"}}], "timings": timings}
    last = {
        "choices": [{"delta": {}, "finish_reason": "length"}],
        "timings": {**timings, "prompt_n": 0},
    }
    for event in (first, last):
        reader.feed(f"data: {json.dumps(event)}\n\n".encode())
    assert reader.read == PromptRead(evaluated=23, cached=394, milliseconds=630.5)
    assert reader.cut


@pytest.mark.parametrize(
    "timings",
    [
        None,
        [],
        "fast",
        {"prompt_n": "23"},
        {"prompt_n": True},
        {"prompt_n": 1e300},
        {"prompt_n": 5, "prompt_ms": float("inf")},
        {"prompt_n": float("nan")},
    ],
)
def test_timings_that_cannot_be_are_none(timings: object) -> None:
    event = {"choices": [{"delta": {"content": "Hi"}}], "timings": timings}
    reader = AnswerReader("http://127.0.0.1/v1", {})
    assert reader.feed(f"data: {json.dumps(event)}\n\n".encode()) + reader.end(truncated=True)
    assert reader.read is None
