"""`assistant bench startup|latency|ui|wire`."""

from __future__ import annotations

import asyncio
from typing import Literal

from assistant.assembly import find_personas
from assistant.bench.report import Row, print_rows
from assistant.config import Config

Benchmark = Literal["startup", "latency", "ui", "wire"]


def bench_command(
    config: Config, name: Benchmark, *, json_output: bool = False, turns: int = 24, warm: float = 0
) -> int:
    """Run one benchmark and print its table; returns the exit code."""
    rows: list[Row]
    match name:
        case "startup":
            from assistant.bench.startup import measure as startup

            rows = startup()
        case "latency":
            from assistant.bench.latency import measure as latency

            rows = latency(config, turns, warm=warm)
        case "wire":
            from assistant.bench.wire import measure as wire

            rows = asyncio.run(wire())
        case "ui":
            from assistant.ui.bench import measure_ui

            persona = next(iter(find_personas(config).loaded.values()))
            rows = [
                Row(
                    f"dashboard, {row['updates_per_second']:.0f} updates a second",
                    "% of a core",
                    (row["cpu_percent"],),
                    f"{row['kib_per_second']:.0f} KiB/s drawn",
                )
                for row in asyncio.run(measure_ui(persona))
            ]
    print_rows(name, rows, as_json=json_output)
    return 0
