"""Which frame the model hears next: exact, on a clock that the test moves."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.backends.moshi.clock import MOST_WAITING, PATIENCE, RECOVERED, FrameClock, InputFrame
from assistant.frames import FRAME_SAMPLES, FRAME_SECONDS, Lag

FRAME = np.ones(FRAME_SAMPLES, np.float32)


class Desk:
    """A clock, the time that it believes in, and what it told."""

    def __init__(self) -> None:
        self.time = 100.0
        self.lags: list[Lag] = []
        self.clock = FrameClock(self.lags.append, lambda: self.time)
        self.clock.start()
        self.number = 0

    def arrive(self, count: int = 1) -> None:
        for _ in range(count):
            self.clock.push(InputFrame(self.number, FRAME))
            self.number += 1

    def pass_frames(self, count: float) -> None:
        self.time += count * FRAME_SECONDS

    def take_all(self) -> list[InputFrame]:
        taken = []
        while isinstance(found := self.clock.poll(), InputFrame):
            taken.append(found)
        return taken


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_microphone_that_delivers_sets_the_pace(desk: Desk) -> None:
    for number in range(200):
        desk.pass_frames(1)
        desk.arrive()
        (taken,) = desk.take_all()
        assert (taken.number, taken.substituted) == (number, False)
        assert taken.frame is FRAME
    assert desk.lags == []


@pytest.mark.parametrize("at_once", [2, 3])
def test_a_sound_card_that_delivers_several_frames_at_once_is_no_trouble(
    desk: Desk, at_once: int
) -> None:
    taken = []
    for _ in range(60):
        for _ in range(at_once):
            desk.pass_frames(1)
            taken += desk.take_all()
        desk.arrive(at_once)
        taken += desk.take_all()
    assert [t.number for t in taken] == list(range(60 * at_once))
    assert not any(t.substituted for t in taken)


def test_without_a_microphone_silence_comes_each_80_ms(desk: Desk) -> None:
    taken = []
    for _ in range(100):
        desk.pass_frames(1)
        taken += desk.take_all()
    assert len(taken) == 100 - PATIENCE
    assert all(t.substituted and not t.frame.any() for t in taken)
    assert desk.lags == []


def test_it_says_how_long_to_wait(desk: Desk) -> None:
    assert desk.clock.poll() == pytest.approx((1 + PATIENCE) * FRAME_SECONDS)
    desk.pass_frames(PATIENCE)
    assert desk.clock.poll() == pytest.approx(FRAME_SECONDS)


def test_frames_that_come_late_are_discarded_once_silence_took_their_place(desk: Desk) -> None:
    taken = []
    for _ in range(50):
        desk.pass_frames(1)
        desk.arrive()
        taken += desk.take_all()
    for _ in range(20):  # the line hangs
        desk.pass_frames(1)
        taken += desk.take_all()
    desk.arrive(20)  # and gives it all at once
    taken += desk.take_all()
    for _ in range(50):
        desk.pass_frames(1)
        desk.arrive()
        taken += desk.take_all()
    assert len(taken) == 120, "as many steps as there were frames of time"
    assert [t.number for t in taken] == list(range(120)), "each place was taken once"


def test_a_microphone_that_was_away_is_heard_when_it_comes_back(desk: Desk) -> None:
    desk.arrive()
    desk.take_all()
    for _ in range(500):
        desk.pass_frames(1)
        desk.take_all()
    heard = 0
    for _ in range(25):
        desk.arrive()
        heard += sum(not t.substituted for t in desk.take_all())
        desk.pass_frames(1)
    assert heard >= 24, "what it delivers now is new, and not the past"


def test_too_slow_a_model_drops_the_oldest_frames_and_says_so(desk: Desk) -> None:
    for _ in range(MOST_WAITING + 1):
        desk.pass_frames(1)
        desk.arrive()
    assert desk.clock.dropped == MOST_WAITING
    (taken,) = desk.take_all()
    assert taken.number == MOST_WAITING, "the newest frame is heard"
    assert desk.lags[0].seconds == pytest.approx(3 * FRAME_SECONDS)


def test_lag_is_told_once_a_second_and_once_when_it_is_over(desk: Desk) -> None:
    for _ in range(250):  # 20 s at half the pace that is wanted
        desk.pass_frames(1)
        desk.arrive()
        if desk.number % 2:
            desk.clock.poll()
    behind = len(desk.lags)
    assert 5 <= behind <= 22
    assert all(lag.seconds > 0 for lag in desk.lags)
    dropped = desk.clock.dropped
    assert dropped > 0
    taken = desk.take_all()
    for _ in range(3 * RECOVERED):
        desk.pass_frames(1)
        desk.arrive()
        taken += desk.take_all()
    assert desk.lags[behind:] == [Lag(0.0, dropped)]
    assert taken[-1].number == desk.number - 1, "no frame waits any more: nothing drifted"
    assert desk.clock.dropped == dropped


def test_a_model_that_stands_still_keeps_no_frames(desk: Desk) -> None:
    for _ in range(10_000):
        desk.arrive()
    assert len(desk.take_all()) <= MOST_WAITING


def test_a_model_that_stood_still_without_a_microphone_does_not_catch_up_on_silence(
    desk: Desk,
) -> None:
    desk.pass_frames(1000)
    assert len(desk.take_all()) <= 2
    assert desk.clock.dropped > 990
    assert desk.lags
    assert desk.lags[0].seconds > 1


def test_closing_ends_the_wait(desk: Desk) -> None:
    desk.clock.close()
    assert desk.clock.take() is None
