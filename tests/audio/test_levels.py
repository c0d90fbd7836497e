from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.levels import LevelHistory


def sine(seconds: float, amplitude: float = 1.0) -> np.ndarray:
    t = np.arange(round(seconds * 24_000)) / 24_000
    return (amplitude * np.sin(2 * np.pi * 500 * t)).astype(np.float32)


def test_a_full_scale_tone_reaches_the_top_and_silence_the_bottom() -> None:
    history = LevelHistory(1.0)
    history.push(np.zeros(480, dtype=np.float32))
    history.push(sine(0.02))
    levels, clipped, peaks, total = history.snapshot(2)
    assert levels.tolist() == pytest.approx([1.0, 0.0], abs=0.01)
    assert peaks[0] == pytest.approx(0.0, abs=0.1)
    assert clipped.tolist() == [True, False]
    assert total == 2


@pytest.mark.parametrize(("db", "level"), [(-60, 0.0), (-30, 0.5), (-6, 0.9), (-90, 0.0)])
def test_levels_are_even_steps_of_decibels(db: float, level: float) -> None:
    history = LevelHistory(1.0)
    history.push(sine(0.02, 10 ** (db / 20)))
    assert history.snapshot(1).levels[0] == pytest.approx(level, abs=0.01)


def test_clipping_is_marked_on_the_level_it_happened_in() -> None:
    history = LevelHistory(1.0)
    quiet = np.full(480, 0.1, dtype=np.float32)
    loud = quiet.copy()
    loud[7] = -1.0
    for block in (quiet, loud, quiet):
        history.push(block)
    assert history.snapshot(4).clipped.tolist() == [False, True, False, False]


@given(
    sizes=st.lists(st.integers(0, 3_000), max_size=20),
    wanted=st.integers(0, 80),
)
def test_levels_do_not_depend_on_how_the_sound_was_cut(sizes: list[int], wanted: int) -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, sum(sizes)).astype(np.float32)
    pieces, whole = LevelHistory(0.5), LevelHistory(0.5)
    at = 0
    for size in sizes:
        pieces.push(sound[at : at + size])
        at += size
    whole.push(sound)
    one, other = pieces.snapshot(wanted), whole.snapshot(wanted)
    np.testing.assert_array_equal(one.levels, other.levels)
    np.testing.assert_array_equal(one.peaks_db, other.peaks_db)
    assert one.total == other.total == pieces.count == sound.size // 480
    known = min(wanted, 25, one.total)
    assert (one.levels[:known] > 0).all()
    assert not one.levels[known:].any()


def test_a_reader_never_sees_half_a_push() -> None:
    """Each push writes pairs of equal levels; a torn snapshot would show an unequal pair."""
    history = LevelHistory(10.0)
    stop = threading.Event()

    def write() -> None:
        for n in range(1, 20_000):
            if stop.is_set():
                return
            history.push(np.full(960, 0.001 + n % 900 / 1000, dtype=np.float32))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            levels = history.snapshot(100).levels
            np.testing.assert_array_equal(levels[0::2], levels[1::2])
    finally:
        stop.set()
        writer.join()
