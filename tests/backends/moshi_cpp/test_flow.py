"""Frames in and out: what is the model's, how far it is behind, and what it never heard."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

from assistant.backends.moshi_cpp.flow import FrameBalance, FrameSplitter
from assistant.frames import FRAME_BYTES, FRAME_SAMPLES, Lag

LOUD = (0.5 * np.sin(np.arange(FRAME_SAMPLES))).astype("<f4").tobytes()
HUSH = np.full(FRAME_SAMPLES, 1e-9, "<f4").tobytes()
FILLER = bytes(FRAME_BYTES)


@pytest.mark.parametrize("piece", [1_000, 4_096, FRAME_BYTES, 70_000])
def test_filler_is_left_out_and_silence_of_the_models_is_not(piece: int) -> None:
    stream = FILLER + LOUD + FILLER + FILLER + HUSH + LOUD
    splitter = FrameSplitter()
    frames = [
        frame
        for at in range(0, len(stream), piece)
        for frame in splitter.take(stream[at : at + piece])
    ]
    assert [frame.tobytes() for frame in frames] == [LOUD, HUSH, LOUD]


def test_what_is_no_sound_becomes_some_that_can_be_played() -> None:
    wild = np.full(FRAME_SAMPLES, np.nan, "<f4")
    wild[:3] = (np.inf, 7.0, -7.0)
    [frame] = FrameSplitter().take(wild.tobytes())
    assert np.isfinite(frame).all()
    assert (frame[1], frame[2]) == (1.0, -1.0)
    assert np.abs(frame).max() <= 1.0


class Model:
    """The program as it counts: `kept` frames are never answered, its queue holds three."""

    def __init__(self, kept: int = 2, late: int = 1) -> None:
        self.balance = FrameBalance()
        self.lags: list[Lag] = []
        self._kept = kept
        self._late = late
        self._queue: deque[int] = deque()
        self.lost = 0

    def push(self, frames: int, *, answers: float = 1.0) -> None:
        """So many frames go in, and the model takes this share of them."""
        owed = 0.0
        for _ in range(frames):
            lag = self.balance.sent()
            if lag is not None:
                self.lags.append(lag)
            if len(self._queue) >= 3 + self._late:
                self.lost += 1
            else:
                self._queue.append(1)
            owed += answers
            while owed >= 1.0 and len(self._queue) > self._late:
                owed -= 1.0
                self._queue.popleft()
                if self._kept:
                    self._kept -= 1
                else:
                    self.balance.answered()
            owed = min(owed, 3.0)


@pytest.mark.parametrize(("kept", "late"), [(0, 0), (2, 1), (4, 1)])
def test_one_that_keeps_up_never_lags(kept: int, late: int) -> None:
    model = Model(kept, late)
    model.push(2_000)
    assert model.lags == []
    assert model.balance.dropped == 0


@pytest.mark.parametrize("stall", [10, 30, 100])
def test_what_it_lost_while_it_stood_still_is_counted(stall: int) -> None:
    model = Model()
    model.push(200)
    model.push(stall, answers=0.0)
    model.push(200, answers=1.5)
    assert model.lost > 0
    assert abs(model.balance.dropped - model.lost) <= 1
    assert model.lags[0].seconds > 0.3
    assert model.lags[-1] == Lag(0.0, model.balance.dropped)


def test_one_that_falls_behind_a_little_and_catches_up_lost_nothing() -> None:
    model = Model()
    model.push(200)
    model.push(2, answers=0.0)
    model.push(100, answers=2.0)
    assert model.lost == 0
    assert model.balance.dropped == 0


def test_a_machine_that_is_too_slow_is_told_so_all_the_time() -> None:
    model = Model()
    model.push(1_000, answers=0.4)
    assert abs(model.balance.dropped - model.lost) < 15
    assert all(lag.seconds > 0 for lag in model.lags)
    assert 60 <= len(model.lags) <= 90, "about once a second"


def test_the_same_frames_tell_the_same() -> None:
    told = []
    for _ in range(2):
        model = Model()
        model.push(300)
        model.push(40, answers=0.2)
        model.push(300)
        told.append(model.lags)
    assert told[0] == told[1]
