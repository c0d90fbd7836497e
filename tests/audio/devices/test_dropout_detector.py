from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.devices.loss_meter import LITTLE, MUCH, DropoutDetector

SECOND = 24_000


def seconds(gaps: DropoutDetector, share: float, count: int) -> int:
    """How often it changed its mind in `count` seconds of which `share` is lost."""
    lost = round(share * SECOND)
    return sum(gaps.take(SECOND - lost, lost) for _ in range(count))


def test_a_microphone_that_loses_every_other_word_is_told_once_and_taken_back() -> None:
    gaps = DropoutDetector()
    assert seconds(gaps, 0.5, 60) == 1
    assert gaps.gappy
    assert seconds(gaps, 0.0, 60) == 1
    assert not gaps.gappy


@given(st.floats(LITTLE + 0.01, MUCH - 0.01))
def test_what_is_neither_good_nor_bad_is_left_as_it_was_told(share: float) -> None:
    gaps = DropoutDetector()
    assert seconds(gaps, share, 30) == 0
    seconds(gaps, 0.9, 10)
    assert seconds(gaps, share, 30) == 0
    assert gaps.gappy


def test_a_single_hiccup_is_not_worth_a_word() -> None:
    gaps = DropoutDetector()
    for lost in (SECOND // 2, 9 * SECOND):
        assert not gaps.take(0, lost)
        assert seconds(gaps, 0.0, 60) == 0


def test_another_microphone_begins_anew() -> None:
    gaps = DropoutDetector()
    seconds(gaps, 1.0, 9)
    gaps.restart()
    assert seconds(gaps, 1.0, 9) == 0
