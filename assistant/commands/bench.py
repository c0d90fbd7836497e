"""`assistant bench startup|latency|ui`; each prints its table and returns the exit code."""

from __future__ import annotations

import asyncio

from assistant.bench.report import Measurement, print_rows
from assistant.config.schema import Config


def bench_startup(*, json_output: bool = False) -> int:
    from assistant.bench.startup import measure

    print_rows("startup", measure(), as_json=json_output)
    return 0


def bench_latency(
    config: Config, *, turns: int = 24, warm: float = 0.0, json_output: bool = False
) -> int:
    """`warm`: seconds of rest before the first turn."""
    from assistant.bench.latency import measure

    print_rows("latency", measure(config, turns, warm=warm), as_json=json_output)
    return 0


def bench_ui(config: Config, *, load: int | None = None, json_output: bool = False) -> int:
    """`load`: measure how soon keys are seen beside so many busy processes, instead of the cost."""
    if load is not None:
        from assistant.bench import ui_load

        rows = ui_load.measure(busy=load, backend=config.backend.name)
        print_rows("ui under load", rows, as_json=json_output)
        return 0
    from assistant.bench.ui import measure_ui
    from assistant.session.factory import find_personas

    persona = next(iter(find_personas(config).loaded.values()))
    rows = [
        Measurement(
            f"dashboard, {row['updates_per_second']:.0f} updates a second",
            "% of a core",
            (row["cpu_percent"],),
            f"{row['kib_per_second']:.0f} KiB/s drawn",
        )
        for row in asyncio.run(measure_ui(persona))
    ]
    print_rows("ui", rows, as_json=json_output)
    return 0
