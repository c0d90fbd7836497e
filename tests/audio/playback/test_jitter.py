from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.audio.playback.jitter import JitterBuffer

FADE = 120
SOFT = 600
TONE = 0.5
STEP_OF_A_CLICK = TONE


def ones(n: int) -> np.ndarray:
    return np.ones(n, dtype=np.float32)


def hum(n: int, start: int = 0) -> np.ndarray:
    """A tone of 157 Hz, from sample `start` of it on."""
    at = np.arange(start, start + n)
    return (TONE * np.sin(2 * np.pi * 157 * at / 24_000)).astype(np.float32)


def ramp_up(n: int = FADE) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(1, n + 1) / n)).astype(np.float32)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 3), st.integers(1, 2_500)),
        st.tuples(st.just("read"), st.just(0), st.integers(0, 1_000)),
        st.tuples(
            st.sampled_from(["clear", "pause", "resume", "gain"]),
            st.just(0),
            st.just(0),
        ),
    ),
    max_size=25,
)


def do(buffer: JitterBuffer, what: str) -> object:
    match what:
        case "gain":
            buffer.gain = 0.5 if buffer.gain == 1 else 1
            return None
        case _:
            return getattr(buffer, what)()


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_reading_any_sizes_gives_the_same_as_one_sample_at_a_time(
    steps: list[tuple[str, int, int]],
) -> None:
    """And the books are right, whatever happens."""
    buffer, slow = JitterBuffer(), JitterBuffer()
    written: dict[int, int] = {}
    played: dict[int, int] = {}
    cleared: set[int] = set()
    value = 0
    for what, utterance, n in steps:
        if what == "write":
            pcm = hum(n, start=value)
            value += n
            taken = 0 if utterance in cleared else n
            assert buffer.write(utterance, pcm) == slow.write(utterance, pcm) == taken
            written[utterance] = written.get(utterance, 0) + taken
        elif what == "read":
            one_by_one = np.concatenate([np.zeros(0)] + [slow.read(1) for _ in range(n)])
            np.testing.assert_allclose(buffer.read(n), one_by_one, atol=1e-6)
        else:
            told = do(buffer, what)
            assert told == do(slow, what)
            if what == "clear":
                assert told == {u: played.get(u, 0) for u in written if u not in cleared}
                cleared |= set(written)
        for known in (1, 2, 3):
            assert buffer.played(known) == slow.played(known)
            assert played.get(known, 0) <= buffer.played(known) <= written.get(known, 0)
            played[known] = buffer.played(known)
        waiting = sum(written[u] - played.get(u, 0) for u in written if u not in cleared)
        assert buffer.queued == slow.queued == waiting
        assert buffer.concealed == slow.concealed


@given(STEPS)
@example([("write", 1, 85), ("read", 0, 148), ("write", 1, 173)])
@example([("write", 1, 211), ("read", 0, 377), ("write", 1, 1), ("read", 0, 113)])
@settings(deadline=None)
def test_nothing_one_does_makes_a_click(steps: list[tuple[str, int, int]]) -> None:
    """A constant sound may only rise and fall along the ramps, whatever interrupts it."""
    buffer = JitterBuffer()
    heard = [np.zeros(1, dtype=np.float32)]
    for n, (what, utterance, size) in enumerate(steps):
        if what == "write":
            buffer.write(100 * n + utterance, ones(size))
        elif what == "read":
            heard.append(buffer.read(size))
        else:
            do(buffer, what)
    heard.append(buffer.read(2 * FADE))
    steps_heard = np.abs(np.diff(np.concatenate(heard)))
    assert steps_heard.max() <= 8 / FADE, "a click would be 120 / FADE"


@given(STEPS)
@example([("write", 1, 409), ("read", 0, 778)])
@settings(deadline=None)
def test_nothing_one_does_bends_a_tone(steps: list[tuple[str, int, int]]) -> None:
    """Nor are there corners, which tick: the second difference of a tone stays that of a tone."""
    buffer = JitterBuffer()
    heard = [np.zeros(2, dtype=np.float32)]
    at = 0
    for what, utterance, size in steps:
        if what == "write":
            at += buffer.write(utterance, hum(size, start=at))
        elif what == "read":
            heard.append(buffer.read(size))
        else:
            do(buffer, what)
    heard.append(buffer.read(2 * FADE))
    tone = np.abs(np.diff(hum(2_400), 2)).max()
    bends = np.abs(np.diff(np.concatenate(heard), 2)).max()
    assert bends <= 12 * tone
    assert bends < 0.02 * STEP_OF_A_CLICK


@given(
    pieces=st.lists(st.integers(0, 2_000), min_size=1, max_size=8),
    blocks=st.lists(st.integers(1, 1_500), min_size=1, max_size=8),
)
@settings(max_examples=30, deadline=None)
def test_what_is_heard_is_what_was_written(pieces: list[int], blocks: list[int]) -> None:
    sound = np.random.default_rng(3).uniform(-1, 1, sum(pieces)).astype(np.float32)
    buffer = JitterBuffer()
    for piece in np.split(sound, np.cumsum(pieces)[:-1]):
        buffer.write(7, piece)
    heard: list[np.ndarray] = []
    while sum(map(len, heard)) < sound.size + FADE:
        heard.append(buffer.read(blocks[len(heard) % len(blocks)]))
    out = np.concatenate(heard)
    edge = min(FADE, sound.size)
    np.testing.assert_array_equal(out[:edge], sound[:edge] * ramp_up()[:edge])
    np.testing.assert_array_equal(out[edge : sound.size], sound[edge:])
    assert not out[sound.size + FADE :].any()
    assert buffer.played(7) == sound.size


def test_a_read_that_takes_just_all_leaves_no_dent_when_more_comes_in_time() -> None:
    buffer = JitterBuffer()
    buffer.write(1, ones(480))
    first = buffer.read(480)
    buffer.write(1, ones(480))
    second = buffer.read(480)
    assert (np.concatenate((first, second))[FADE:] == 1).all()
    assert buffer.underruns == 0


def test_running_dry_in_mid_utterance_is_counted_and_at_its_end_is_not() -> None:
    buffer = JitterBuffer()
    buffer.write(1, ones(500))
    buffer.read(480)
    buffer.read(480)
    assert buffer.underruns == 1
    buffer.write(1, ones(10))
    buffer.end(1, 510)
    buffer.read(480)
    assert buffer.underruns == 1


def test_interrupting_tells_what_was_heard_and_falls_silent_in_5_ms() -> None:
    buffer = JitterBuffer()
    finished: list[int] = []
    buffer.on_finished.append(finished.append)
    buffer.write(1, ones(1_000))
    buffer.write(2, ones(1_000))
    buffer.read(600)
    assert buffer.clear() == {1: 600, 2: 0}
    after = buffer.read(480)
    np.testing.assert_allclose(after[:FADE], 1 - ramp_up(), atol=1e-6)
    assert not after[FADE:].any()
    assert buffer.played(1) == 600
    assert buffer.write(1, ones(50)) == 0, "late sound of an interrupted answer must not be heard"
    buffer.end(1, 1_050)
    assert finished == []
    assert buffer.clear() == {}
    assert buffer.write(3, ones(50)) == 50


def test_a_pause_loses_nothing() -> None:
    buffer = JitterBuffer()
    sound = np.random.default_rng(5).uniform(-1, 1, 2_000).astype(np.float32)
    buffer.write(1, sound)
    before = buffer.read(500)
    buffer.pause()
    assert not buffer.read(800)[FADE:].any()
    assert buffer.played(1) == 500
    buffer.resume()
    after = buffer.read(1_500)
    np.testing.assert_array_equal(before[FADE:], sound[FADE:500])
    np.testing.assert_array_equal(after[:SOFT], sound[500 : 500 + SOFT] * ramp_up(SOFT))
    np.testing.assert_array_equal(after[SOFT:], sound[500 + SOFT :])


def test_hooks_tell_the_first_sample_and_the_end_once_each_in_order() -> None:
    buffer = JitterBuffer()
    told: list[tuple[str, int, int]] = []
    buffer.on_first_sample.append(lambda u: told.append(("first", u, buffer.position)))
    buffer.on_finished.append(lambda u: told.append(("finished", u, buffer.position)))
    buffer.read(100)
    buffer.write(1, ones(300))
    buffer.end(1, 300)
    buffer.write(2, ones(300))
    buffer.read(200)
    buffer.read(1_000)
    buffer.end(2, 300)
    assert told == [
        ("first", 1, 300),
        ("first", 2, 1_300),
        ("finished", 1, 1_300),
        ("finished", 2, 1_300),
    ]
    assert buffer.first_sample_at(1) == 100
    assert buffer.first_sample_at(2) == 400 + FADE  # the first fades before the second begins
    assert buffer.first_sample_at(3) is None


def test_an_utterance_without_sound_is_finished_as_soon_as_it_ends() -> None:
    buffer = JitterBuffer()
    finished: list[int] = []
    buffer.on_finished.append(finished.append)
    buffer.end(4, 0)
    assert finished == [4]


def test_a_failing_hook_does_not_stop_the_sound(caplog: pytest.LogCaptureFixture) -> None:
    buffer = JitterBuffer()
    buffer.on_first_sample.append(lambda _: 1 // 0)  # type: ignore[arg-type, return-value]
    buffer.write(1, ones(200))
    assert buffer.read(200)[-1] == 1
    assert "hook failed" in caplog.text


@given(st.lists(st.integers(1, 900), max_size=12))
def test_an_overfull_queue_drops_the_oldest_and_counts_it(sizes: list[int]) -> None:
    buffer = JitterBuffer(max_seconds=1_000 / 24_000)
    finished: list[int] = []
    buffer.on_finished.append(finished.append)
    for utterance, size in enumerate(sizes):
        buffer.write(utterance, ones(size))
        buffer.end(utterance, size)
    assert buffer.queued == min(1_000, sum(sizes))
    assert buffer.dropped == max(0, sum(sizes) - 1_000)
    while buffer.queued:
        buffer.read(333)
    assert finished == list(range(len(sizes)))


def test_sound_that_never_came_counts_as_dropped() -> None:
    buffer = JitterBuffer()
    buffer.write(1, ones(100))
    buffer.end(1, 150)
    assert buffer.dropped == 50


def test_volume_moves_without_a_jump_and_then_stays() -> None:
    buffer = JitterBuffer()
    buffer.write(1, ones(5_000))
    buffer.read(1_000)
    buffer.gain = 0.25
    heard = np.concatenate([buffer.read(100) for _ in range(10)])
    assert np.max(np.abs(np.diff(heard))) <= 1 / 480 + 1e-6
    assert (heard[480:] == 0.25).all()
    buffer.gain = 7.0
    assert buffer.gain == 1.0
    assert buffer.read(480)[-1] == 1.0


def test_it_tells_whether_anything_sounds() -> None:
    buffer = JitterBuffer()
    assert not buffer.is_sounding
    buffer.write(1, np.concatenate((ones(700), np.zeros(300, dtype=np.float32))))
    assert buffer.is_sounding
    buffer.read(480)
    buffer.read(480)
    assert buffer.is_sounding
    buffer.read(480)
    assert not buffer.is_sounding


def test_silence_a_model_sends_does_not_count_as_sounding() -> None:
    buffer = JitterBuffer()
    buffer.write(1, np.full(4_800, 0.001, dtype=np.float32))
    buffer.read(480)
    assert not buffer.is_sounding


def test_two_threads_lose_nothing() -> None:
    buffer = JitterBuffer()
    pieces = [np.full(n % 300 + 1, 0.5, dtype=np.float32) for n in range(2_000)]
    total = sum(map(len, pieces))
    writer = threading.Thread(target=lambda: [buffer.write(1, piece) for piece in pieces])
    writer.start()
    while writer.is_alive() or buffer.queued:
        buffer.read(480)
    writer.join()
    assert buffer.played(1) == total
