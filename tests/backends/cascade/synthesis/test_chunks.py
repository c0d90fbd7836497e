"""Where speech is decoded apart, and that nobody hears where it was joined."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from assistant.audio.types import Float32
from assistant.backends.cascade.synthesis.chunks import (
    FIRST,
    FRAME,
    LEAST_REST,
    SEARCHED,
    Joiner,
    louder_by,
    plan,
    speech_of,
)

ENERGIES = arrays.arrays(np.float32, st.integers(1, 600), elements=st.floats(-10, 10, width=32))


def energies(frames: int, silent: int = 10) -> Float32:
    """Speech of one energy between silences."""
    quiet = np.full(silent, -9.0, np.float32)
    return np.concatenate([quiet, np.full(frames, 6.0, np.float32), quiet])


@given(ENERGIES)
def test_chunks_follow_one_another_and_cover_all_that_is_spoken(values: Float32) -> None:
    spans = plan(values)
    begin, end = speech_of(values)
    assert (spans[0].start, spans[-1].end) == (begin, end)
    assert spans[-1].stop == end
    for before, after in pairwise(spans):
        assert before.start < after.start < before.end < before.stop <= end
        assert after.end > before.end
    assert all(0 <= span.start < span.end <= span.stop <= len(values) for span in spans)


@given(ENERGIES)
def test_the_first_chunk_is_short_and_later_ones_are_covered_by_it(values: Float32) -> None:
    spans = plan(values)
    begin, end = speech_of(values)
    ends = [begin, *(span.end for span in spans)]
    lengths = np.diff(ends)
    if end - begin > FIRST + SEARCHED + LEAST_REST:
        assert FIRST <= lengths[0] <= FIRST + SEARCHED
    for before, after in pairwise(lengths):
        assert after <= 2 * before + SEARCHED + LEAST_REST


@given(ENERGIES)
def test_each_chunk_is_decoded_with_what_is_around_it(values: Float32) -> None:
    spans = plan(values)
    for span in spans:
        (start, stop), *silence = span.decoded
        assert start <= span.start < span.stop <= stop
        assert span.skipped == span.start - start
        assert all(spans[-1].end <= first <= last == len(values) for first, last in silence)
    assert spans[0].decoded[0][0] == 0, "with the silence before"
    assert spans[-1].decoded[-1][1] == len(values), "and that after"


def test_long_silence_is_not_kept() -> None:
    spans = plan(energies(20, silent=40))
    assert len(spans) == 1
    assert spans[0].stop - spans[0].start < 20 + 12


def test_a_seam_lies_where_the_voice_is_quietest() -> None:
    values = energies(100)
    values[44:47] = -1.0
    assert plan(values)[0].end in (45, 46)


def test_a_chunk_knows_how_loud_the_rest_is() -> None:
    values = energies(120)
    values[70:] -= np.log(10.0).astype(np.float32)
    spans = plan(values)
    begin, end = speech_of(values)
    assert louder_by(values, (begin, end), (begin, spans[0].end)) == pytest.approx(-2.6, abs=1.5)
    assert louder_by(energies(120), (7, 133), (7, 40)) == pytest.approx(0, abs=0.8)


def wave(length: int, hertz: float) -> Float32:
    return np.sin(2 * np.pi * hertz * np.arange(length) / 24_000).astype(np.float32)


@pytest.mark.parametrize("hertz", [83.0, 140.0, 217.0])
@pytest.mark.parametrize("shift", [0, 37, 90, -61])
def test_a_wave_goes_on_through_a_seam_though_its_phase_was_another(
    hertz: float, shift: int
) -> None:
    whole = wave(60 * FRAME, hertz)
    late = wave(80 * FRAME, hertz)[40 * FRAME + shift :]  # frame 22 on, but for its phase
    joiner = Joiner()
    first = joiner.join(whole[: 34 * FRAME], 0, 4 * FRAME)
    rest = joiner.join(late[: 20 * FRAME], 8 * FRAME, 0)
    joined = np.concatenate([first, rest])
    steps = np.abs(np.diff(joined))
    assert steps.max() < 1.3 * np.abs(np.diff(whole)).max()
    seam = joined[28 * FRAME : 33 * FRAME].reshape(-1, FRAME)
    loudness = np.sqrt((np.lib.stride_tricks.sliding_window_view(seam.ravel(), 600) ** 2).mean(1))
    assert loudness.min() > 0.55, "the halves would cancel each other"


def test_what_was_one_sound_is_one_again() -> None:
    rng = np.random.default_rng(3)
    whole = rng.normal(size=100 * FRAME).astype(np.float32)
    joiner, parts = Joiner(), []
    for start, end, stop in ((0, 30, 34), (22, 70, 74), (62, 100, 100)):
        part = whole[start * FRAME : stop * FRAME]
        before = (30 - 22) * FRAME if start == 22 else (70 - 62) * FRAME if start else 0
        parts.append(joiner.join(part, before, (stop - end) * FRAME))
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)
