from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.devices.loss_meter import LossMeter


def run(
    seconds: float,
    *,
    lose: set[int] = frozenset(),
    drift: float = 1.0,
    late: float = 0.0,
    seed: int = 0,
) -> int:
    """Blocks of 20 ms, up to `late` seconds late, of which those in `lose` never come."""
    meter = LossMeter(24_000)
    chance = random.Random(seed)
    found = 0
    at = 0.0
    for block in range(round(seconds / 0.02)):
        if block not in lose:
            at = max(at, block * 0.02 * drift + chance.random() * late)
            found += meter.tick(at, 480)
    return found


@given(st.integers(0, 1_000), st.floats(0, 0.2))
def test_late_blocks_are_not_lost_ones(seed: int, late: float) -> None:
    """However late: a device that catches up at times has lost nothing."""
    assert run(20, late=min(late, 0.012), seed=seed) == 0


def test_blocks_on_a_coarse_grid_are_not_lost() -> None:
    meter = LossMeter(24_000)
    assert sum(meter.tick(0.1 * (n // 5), 480) for n in range(1_000)) == 0


def test_a_drifting_clock_is_not_lossy() -> None:
    assert run(600, drift=1.0002) == 0
    assert run(600, drift=0.9998) == 0


def test_every_lost_block_is_found() -> None:
    gone = {400, 401, 402, 650}
    found = run(20, lose=gone, late=0.004)
    assert abs(found - len(gone) * 480) < 250


def test_half_of_all_blocks_lost_is_seen_though_nobody_reports_it() -> None:
    gone = set(range(200, 800, 2))
    assert abs(run(20, lose=gone) - len(gone) * 480) < 1_000
