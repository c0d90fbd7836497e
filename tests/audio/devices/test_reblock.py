from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.devices.reblock import BlockQueue, Reblocker


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5_000)), max_size=30))
def test_every_sample_stands_in_the_frame_of_its_time(steps: list[tuple[bool, int]]) -> None:
    """Samples carry their own position, so a frame tells where each of them came from."""
    reblocker = Reblocker()
    frames: list[tuple[int, np.ndarray]] = []
    there: set[int] = set()
    position = 0
    lost = 0
    for is_lost, size in steps:
        if is_lost:
            frames += reblocker.lose(size)
            lost += size
        else:
            frames += reblocker.push(np.arange(position + 1, position + size + 1, dtype=np.float32))
            there.update(range(position, position + size))
        position += size
    assert reblocker.position == position
    frames += reblocker.flush()
    seen = set()
    for number, frame in frames:
        assert frame.size == 1_920
        for place in np.flatnonzero(frame):
            assert frame[place] == number * 1_920 + place + 1
            seen.add(number * 1_920 + int(place))
    assert seen == there
    numbers = [number for number, _ in frames]
    assert numbers == sorted(set(numbers))
    assert reblocker.lost_samples == lost
    assert reblocker.lost_frames == -(-lost // 1_920)


def test_frames_stay_as_they_were_when_more_sound_comes() -> None:
    reblocker = Reblocker()
    [(_, first)] = reblocker.push(np.full(1_920, 0.25, dtype=np.float32))
    reblocker.push(np.full(1_920, 0.5, dtype=np.float32))
    assert (first == 0.25).all()


def test_time_without_a_microphone_moves_the_numbers_on_and_is_no_loss() -> None:
    reblocker = Reblocker()
    reblocker.push(np.full(960, 0.25, dtype=np.float32))
    [(number, frame)] = reblocker.skip(3 * 1_920)
    assert number == 0
    assert not frame[960:].any()
    [(number, frame)] = reblocker.push(np.full(960, 0.5, dtype=np.float32))
    assert number == 3
    assert not frame[:960].any()
    assert reblocker.lost_frames == 0


def test_flushing_nothing_makes_no_frame() -> None:
    assert Reblocker().flush() == []


@given(sizes=st.lists(st.integers(1, 400), max_size=40), limit=st.integers(1, 1_000))
def test_a_full_queue_drops_its_oldest_and_says_how_much(sizes: list[int], limit: int) -> None:
    queue = BlockQueue(limit)
    for n, size in enumerate(sizes):
        queue.put(float(n), np.zeros(size, dtype=np.float32))
    lost, blocks = queue.take()
    kept = [len(block) for _, block in blocks]
    assert kept == sizes[len(sizes) - len(kept) :]
    assert lost == sum(sizes) - sum(kept)
    assert sum(kept) <= limit or len(kept) == 1
    assert queue.take() == (0, [])
