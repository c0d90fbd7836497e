"""`assistant bench startup|latency|ui|wire`."""

from __future__ import annotations

import asyncio
from typing import Literal

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
            from assistant.ui.bench import measure as ui

            rows = ui()
    print_rows(name, rows, as_json=json_output)
    return 0
