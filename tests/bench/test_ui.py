"""The measure of the dashboard's cost measures something."""

from __future__ import annotations

from assistant.bench.ui import Scene, measure_ui, scenes_of
from tests.fakes import BUTLER


async def test_drawing_is_counted_and_silence_draws_nothing() -> None:
    scenes = scenes_of((0, 25), size=(80, 24))
    still, moving = await measure_ui(BUTLER, scenes, seconds=0.6)
    assert still["kib_per_second"] == 0
    assert moving["kib_per_second"] > 1
    assert 0 < moving["cpu_percent"] < 100


async def test_a_face_that_moves_is_drawn_and_one_that_is_still_is_not() -> None:
    still, moving = await measure_ui(
        BUTLER,
        [Scene("still", (80, 24), silent=True), Scene("moving", (80, 24), silent=True,
                                                      moving_face=True)],
        seconds=0.6,
    )  # fmt: skip
    assert still["kib_per_second"] == 0
    assert moving["kib_per_second"] > 0
