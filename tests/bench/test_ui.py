"""The measure of the dashboard's cost measures something."""

from __future__ import annotations

from assistant.bench.ui import measure_ui
from tests.fakes import BUTLER


async def test_drawing_is_counted_and_silence_draws_nothing() -> None:
    still, moving = await measure_ui(BUTLER, seconds=0.6, size=(80, 24), rates=(0, 25))
    assert still["kib_per_second"] == 0
    assert moving["kib_per_second"] > 1
    assert 0 < moving["cpu_percent"] < 100
