"""What moves is drawn in turns."""

from __future__ import annotations

import pytest

from assistant.ui.beat import Beat


@pytest.mark.parametrize("now", [0.0, 0.013, 1000.03, 12345.678])
def test_all_begin_on_the_same_moments_and_others_half_way_between(now: float) -> None:
    beat = Beat(0.04, lambda: now)
    on, between = now + beat.until(), now + beat.until(0.5)
    assert 0 <= beat.until() < 0.04
    assert on / 0.04 == pytest.approx(round(on / 0.04), abs=1e-6)
    assert between / 0.04 - 0.5 == pytest.approx(round(between / 0.04 - 0.5), abs=1e-6)


@pytest.mark.parametrize(("rate", "beats"), [(25, 1), (50, 1), (15, 2), (12.5, 2), (10, 3), (5, 5)])
def test_a_rate_is_a_whole_number_of_beats_and_never_more_often(rate: float, beats: int) -> None:
    assert Beat(0.04).every(rate) == pytest.approx(beats * 0.04)
