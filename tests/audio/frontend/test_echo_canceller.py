"""What was played stays in step with what is heard, whatever the devices do."""

import numpy as np
import pytest

from assistant.audio.frontend.echo_canceller import BLOCK, EchoCanceller, FarEnd
from benchmarks.room import Noise, Room

RATE = 24_000


def hum(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise that comes and goes four times a second, as speech does."""
    n = round(seconds * RATE)
    swell = np.maximum(0, np.sin(2 * np.pi * 4 * np.arange(n) / RATE)) ** 2
    return (Noise("pink", -20, seed).read(n) * swell).astype(np.float32)


def cancel(canceller, far, near, steps):
    """Both sides in blocks of the given sizes, over and over; what is left."""
    left, at, k = [], 0, 0
    while at < far.size:
        n = steps[k % len(steps)]
        k += 1
        canceller.played(far[at : at + n])
        left += [block.out for block in canceller.heard(near[at : at + n])]
        at += n
    return np.concatenate(left)


def level(sound) -> float:
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-20))


@pytest.mark.parametrize("steps", [[480], [37, 1000, 240, 3], [4800, 2400]])
def test_the_echo_is_gone_whatever_the_size_of_the_blocks(steps):
    far = hum(8)
    near = Room(1).echo(far)

    left = cancel(EchoCanceller(), far, near, steps)

    assert level(near[-2 * RATE :]) - level(left[-2 * RATE :]) > 15


def test_a_microphone_that_starts_long_before_the_speaker_is_no_harm():
    canceller, far = EchoCanceller(), hum(8)
    near = Room(1).echo(far)
    assert np.concatenate([b.out for b in canceller.heard(np.zeros(RATE, np.float32))]).size == RATE

    left = cancel(canceller, far, near, [480])

    assert level(near[-2 * RATE :]) - level(left[-2 * RATE :]) > 15


def test_what_was_played_comes_out_of_the_queue_unchanged():
    far, sound = FarEnd(), np.arange(3 * BLOCK, dtype=np.float32)

    far.push(sound[:100])
    far.push(sound[100:])

    assert np.array_equal(np.concatenate([far.take() for _ in range(3)]), sound)
    assert not far.take().any()


def test_a_faster_speaker_does_not_make_the_reference_later_and_later():
    """48 samples more than the microphone takes in every second; pauses in between."""
    far, sound = FarEnd(), hum(240)
    late = []
    for at in range(0, sound.size - BLOCK, BLOCK):
        extra = 48 if at % RATE == 0 else 0
        far.push(np.concatenate((sound[at : at + BLOCK], np.zeros(extra, np.float32))))
        far.take()
        late.append(far.waiting)

    assert max(late) <= 6 * BLOCK


def test_a_burst_after_a_gap_does_not_stay_in_the_queue():
    far = FarEnd()
    far.push(np.zeros(RATE, np.float32))
    for _ in range(250):
        far.take()
        far.push(np.zeros(BLOCK, np.float32))

    assert far.waiting <= 3 * BLOCK


def test_a_restart_forgets_what_waits():
    canceller = EchoCanceller()
    canceller.played(hum(1))
    canceller.restart()

    (block,) = canceller.heard(np.zeros(BLOCK, np.float32))

    assert not block.far.any()


def test_a_speaker_whose_blocks_come_late_does_not_shift_the_echo():
    """As happens with every busy machine: 60 ms without a block, then all of them at once."""
    canceller, far = EchoCanceller(), hum(12)
    near = Room(1).echo(far)
    left, waiting = [], []
    for k, at in enumerate(range(0, far.size, 480)):
        waiting.append(far[at : at + 480])
        if k % 50 not in (20, 21, 22):
            for block in waiting:
                canceller.played(block)
            waiting = []
        left += [block.out for block in canceller.heard(near[at : at + 480])]
    out = np.concatenate(left)

    assert out.size == near.size
    assert level(near[-4 * RATE :]) - level(out[-4 * RATE :]) > 15


def test_a_slower_speaker_does_not_make_the_microphone_late():
    """Six samples less than the microphone takes in every second: 250 ppm."""
    canceller, far = EchoCanceller(), hum(200)
    heard = taken = 0
    for at in range(0, far.size, BLOCK):
        less = 6 if at % RATE == 0 else 0
        canceller.played(far[at : at + BLOCK - less])
        taken += sum(block.out.size for block in canceller.heard(far[at : at + BLOCK]))
        heard += BLOCK

    assert heard - taken <= 2 * BLOCK


def test_a_speaker_that_ends_does_not_hold_the_microphone_up():
    canceller, far = EchoCanceller(), hum(2)
    canceller.played(far[:RATE])
    taken = sum(
        block.out.size
        for at in range(0, far.size, 480)
        for block in canceller.heard(far[at : at + 480])
    )

    assert taken == far.size
