"""Text tokens to words."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.moshi.monologue import CallFilter, DecidedFrame, TokenText, Words
from assistant.frames import FRAME_SAMPLES
from tests.backends.moshi.fake_engine import EPAD, PAD, SHAPE, FakeTokenizer

FRAME = np.zeros(FRAME_SAMPLES, np.float32)


def test_padding_and_control_tokens_say_nothing() -> None:
    text = TokenText(FakeTokenizer(), SHAPE)
    assert [text(token) for token in (PAD, EPAD, 1, 2)] == [""] * 4


def test_letters_that_are_spelled_in_bytes_are_put_together() -> None:
    tokenizer = FakeTokenizer()
    text = TokenText(tokenizer, SHAPE)
    tokens = [tokenizer.id(piece) for piece in ("▁caf", "<0xC3>", "<0xA9>", "<0xFF>", "!")]
    assert "".join(text(token) for token in tokens) == " café!"


def places(*frames: str) -> list[tuple[str, int, int]]:
    words, out = Words(), []
    for number, text in enumerate(frames):
        out += words.take(text, number * FRAME_SAMPLES, (number + 1) * FRAME_SAMPLES)
    out += words.flush(len(frames) * FRAME_SAMPLES)
    return [(w.text, w.start // FRAME_SAMPLES, w.end // FRAME_SAMPLES) for w in out]


def test_a_word_ends_where_the_next_begins() -> None:
    assert places("", " one", "", " two", " three") == [
        ("one", 1, 3),
        (" two", 3, 4),
        (" three", 4, 5),
    ]


def test_before_a_long_pause_a_word_ends_after_as_long_as_it_takes_to_say() -> None:
    ((word, start, end),) = places(" hello", *[""] * 40)
    assert (word, start) == ("hello", 0)
    assert 3 <= end <= 8


def test_a_word_in_several_tokens_is_one_word() -> None:
    assert [p[0] for p in places(" cha", "rac", "ter", ".", "", " it")] == ["character.", " it"]


def test_a_word_that_goes_on_after_a_pause_is_written_without_a_space() -> None:
    told = [p[0] for p in places(" cha", "", "rac", "ter", "", ".", "", "", " it")]
    assert "".join(told) == "character. it"


def test_two_words_in_one_token_are_two() -> None:
    assert [p[0] for p in places(" of the", " sea")] == ["of", " the", " sea"]


@given(st.lists(st.text("TOL_CA:{}\"'* `abc\n", max_size=4), max_size=60))
def test_no_frame_is_lost_and_none_is_heard_out_of_order(pieces: list[str]) -> None:
    calls = CallFilter()
    out = []
    for number, piece in enumerate(pieces):
        out += calls.take(piece, np.full(1, number, np.float32), quiet=not piece)
    out += calls.finish()
    frames = [item for item in out if isinstance(item, DecidedFrame)]
    assert len(frames) == len(pieces)
    heard = [(n, f.pcm[0]) for n, f in enumerate(frames) if f.pcm is not None]
    assert all(n == at for n, at in heard)
    assert not calls.holding


@given(st.lists(st.text("TOabc. ", max_size=4), max_size=60))
def test_ordinary_speech_is_neither_cut_nor_changed(pieces: list[str]) -> None:
    calls = CallFilter()
    out = []
    for piece in pieces:
        out += calls.take(piece, FRAME, quiet=False)
    out += calls.finish()
    assert all(isinstance(item, DecidedFrame) and item.pcm is FRAME for item in out)
    assert "".join(item.text for item in out) == "".join(pieces)


def test_a_call_without_end_holds_back_no_more_than_a_minute() -> None:
    calls = CallFilter()
    out = []
    for number in range(2000):
        out += calls.take(" TOOL_CALL: {" if number == 0 else "x", FRAME, quiet=False)
    assert len(out) > 1000
