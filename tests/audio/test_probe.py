"""What is read off recordings whose delay, levels and clocks are known, because they were made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.audio import probe
from assistant.audio.probe import SPEECH_DBFS, chirp, make_plan, speechlike
from benchmarks.room import Noise, Room

RATE = 24_000
SWEEP = chirp()
SWEEP_DB = 10 * np.log10(np.mean(SWEEP.astype(np.float64) ** 2))


def late(samples: int, gain: float = 1.0, total: int = 24_000) -> np.ndarray:
    """The sweep, so many samples after the beginning of silence."""
    sound = np.zeros(total, np.float32)
    sound[samples : samples + SWEEP.size] = gain * SWEEP
    return sound


def noise(n: int, level_db: float, seed: int = 0) -> np.ndarray:
    return (10 ** (level_db / 20) * np.random.default_rng(seed).standard_normal(n)).astype("f4")


@given(
    delay=st.integers(0, 24_000 - SWEEP.size),
    loss=st.floats(-10, 60),
    inverted=st.booleans(),
)
@example(delay=0, loss=0.0, inverted=False)
def test_a_clean_echo_is_found_to_the_sample(delay: int, loss: float, inverted: bool) -> None:
    gain = 10 ** (-loss / 20) * (-1 if inverted else 1)
    found = probe.find(SWEEP, late(delay, gain))
    assert found is not None
    assert found.at == pytest.approx(delay, abs=0.5 if delay in (0, 24_000 - SWEEP.size) else 0.05)
    assert found.gain_db == pytest.approx(-loss, abs=0.1)


@given(delay=st.integers(100, 16_000), kind=st.sampled_from(["white", "pink", "fan", "babble"]))
@settings(max_examples=8)
def test_as_loud_as_the_noise_it_is_found_within_a_millisecond(delay: int, kind: str) -> None:
    heard = late(delay) + Noise(kind, SWEEP_DB, seed=delay).read(24_000)  # type: ignore[arg-type]
    found = probe.find(SWEEP, heard)
    assert found is not None
    assert abs(found.at - delay) <= RATE / 1000


@given(level=st.floats(-80, 0), seed=st.integers(0, 1_000))
def test_nothing_is_found_where_nothing_was_played(level: float, seed: int) -> None:
    assert probe.find(SWEEP, noise(24_000, level, seed)) is None


def test_nothing_is_found_in_silence_in_speech_and_in_too_little_sound() -> None:
    assert probe.find(SWEEP, np.zeros(24_000, np.float32)) is None
    assert probe.find(SWEEP, speechlike(1.0)) is None
    assert probe.find(SWEEP, SWEEP[:100]) is None


def test_the_direct_sound_counts_not_a_louder_reflection() -> None:
    heard = late(5_000, 0.6) + late(5_300, 1.0)
    found = probe.find(SWEEP, heard)
    assert found is not None
    assert found.at == pytest.approx(5_000, abs=0.1)


def through(room: Room, sound: np.ndarray) -> np.ndarray:
    return np.concatenate([room.hear(sound[at : at + 480]) for at in range(0, sound.size, 480)])


def drift_in(heard: np.ndarray, places: tuple[int, ...]) -> probe.Drift | None:
    left, came = [], []
    for place in places:
        found = probe.find(SWEEP, heard[place : place + RATE])
        if found is not None:
            left.append(place)
            came.append(place + found.at)
    return probe.drift_of_sweeps(left, came)


@pytest.mark.parametrize("ppm", [-200, -50, 0, 50, 200])
@pytest.mark.parametrize("noise_dbfs", [-80, -35])
def test_clocks_that_run_apart_are_found_in_a_room_with_noise(ppm: float, noise_dbfs: int) -> None:
    plan = make_plan(12)
    assert plan.sound.size / RATE < 12
    heard = through(Room(3, delay_ms=90, loss_db=10, drift_ppm=ppm), plan.sound)
    drift = drift_in(heard + Noise("pink", noise_dbfs).read(heard.size), plan.sweeps)
    assert drift is not None
    assert drift.ppm == pytest.approx(ppm, abs=5)
    assert drift.plus_minus < 10
    assert drift.jumps == ()


@given(
    ppm=st.floats(-300, 300),
    jump=st.integers(30, 2_000),
    sign=st.sampled_from([-1, 1]),
    after=st.integers(1, 4),
)
def test_a_lost_block_is_not_taken_for_drift(ppm: float, jump: int, sign: int, after: int) -> None:
    places = np.array([2.0, 2.9, 4.05, 9.0, 10.3, 11.2]) * RATE
    came = places * (1 + ppm * 1e-6) + 1_000
    came[after:] += sign * jump
    drift = probe.drift_of_sweeps(places, came)
    assert drift is not None
    assert drift.ppm == pytest.approx(ppm, abs=1)
    assert len(drift.jumps) == 1
    assert drift.jumps[0] == pytest.approx(sign * jump, abs=2)


def test_too_few_sweeps_tell_nothing_of_the_clocks() -> None:
    assert probe.drift_of_sweeps([0, 24_000], [100, 24_100]) is None
    assert probe.drift_of_sweeps([0, 24_000, 48_000], [100, 30_100, 40_100]) is None


def clock(ppm: float, begin: float, seed: int, leaving: bool = False) -> probe.BlockClock:
    """Blocks of 20 ms for 17 s, late by some milliseconds, every tenth by 30."""
    random = np.random.default_rng(seed)
    made = probe.BlockClock()
    for k in range(850):
        at = begin + (k if leaving else k + 1) * 0.02 / (1 + ppm * 1e-6)
        at += random.exponential(0.001) + 0.03 * (random.random() < 0.1)
        made.tick(at, 480, leaving=leaving)
    return made


@pytest.mark.parametrize("leaving", [False, True])
def test_a_busy_machine_does_not_move_the_clock(leaving: bool) -> None:
    made = clock(0, 5.0, 1, leaving)
    assert made.time_of(0) == pytest.approx(5.0, abs=0.002)
    assert made.time_of(48_000) == pytest.approx(7.0, abs=0.002)
    assert made.place_at(7.0) == pytest.approx(48_000, abs=48)


@pytest.mark.parametrize("ppm", [-300.0, 0.0, 300.0])
def test_without_an_echo_the_blocks_tell_the_drift_as_far_as_they_can(ppm: float) -> None:
    drift = probe.drift_of_clocks(clock(0, 0, 1, leaving=True), clock(ppm, 0, 2))
    assert abs(drift.ppm - ppm) < max(2 * drift.plus_minus, 10)
    assert drift.plus_minus < 40
    assert probe.drift_of_clocks(probe_of(20), probe_of(20)).plus_minus == float("inf")


def probe_of(blocks: int) -> probe.BlockClock:
    made = probe.BlockClock()
    for k in range(blocks):
        made.tick(k * 0.02, 480, leaving=True)
    return made


def test_levels() -> None:
    tone = np.sin(2 * np.pi * 1_000 * np.arange(RATE) / RATE).astype(np.float32)
    assert probe.level_db(tone) == pytest.approx(-3.01, abs=0.01)
    assert probe.level_db(tone * 0.1 + 0.5) == pytest.approx(-23.01, abs=0.01)
    assert probe.level_db(np.zeros(10, np.float32)) == probe.SILENCE_DB
    assert probe.level_db(np.zeros(0, np.float32)) == probe.SILENCE_DB
    assert probe.offset(tone * 0.1 + 0.05) == pytest.approx(0.05, abs=1e-4)


def test_a_cough_does_not_count_as_noise() -> None:
    sound = noise(2 * RATE, -50)
    sound[10_000:14_000] += noise(4_000, -10, seed=1)
    assert probe.noise_db(sound) == pytest.approx(-50, abs=0.7)
    assert probe.level_db(sound) > -25


@given(echo=st.floats(-60, -10), below=st.floats(-3, 30))
def test_the_noise_is_taken_out_of_a_level(echo: float, below: float) -> None:
    under = echo - below
    both = 10 * np.log10(10 ** (echo / 10) + 10 ** (under / 10))
    assert probe.less_noise(both, under) == pytest.approx(echo, abs=0.01)


def test_an_echo_under_the_noise_has_no_level() -> None:
    assert probe.less_noise(-40.0, -40.0) is None
    assert probe.less_noise(-40.5, -40.0) is None
    assert probe.less_noise(probe.SILENCE_DB, probe.SILENCE_DB) is None


def test_clipping_and_a_dead_microphone() -> None:
    tone = 2 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    assert probe.clipped_share(np.clip(tone, -1, 1)) == pytest.approx(2 / 3, abs=0.02)
    assert probe.clipped_share(tone * 0.45) == 0.0
    dead = np.full(RATE, 0.1, np.float32)
    assert probe.constant_share(dead) == 1.0
    dead[: RATE // 2] += noise(RATE // 2, -85)
    assert probe.constant_share(dead) == 0.5


@pytest.mark.parametrize("seconds", [1, 12, 17, 60])
def test_the_test_sound_is_as_long_as_asked_never_clips_and_sweeps_evenly(seconds: float) -> None:
    plan = make_plan(seconds)
    assert plan.sound.size / RATE <= max(seconds, 12)
    assert np.abs(plan.sound).max() < 1.0
    for at in plan.sweeps:
        assert np.array_equal(plan.sound[at : at + SWEEP.size], SWEEP)
    for begin, end in plan.speech:
        assert probe.level_db(plan.sound[begin:end]) == pytest.approx(SPEECH_DBFS, abs=0.1)
    assert not plan.sound[slice(*plan.quiet)].any()
    assert np.array_equal(make_plan(seconds).sound, plan.sound)
