"""`assistant bench startup|latency|ui|wire|moshi|echo|conversation|turns|voices|soak`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assistant.bench.report import Measurement, print_rows
from assistant.config.schema import Config
from assistant.session.factory import find_personas

if TYPE_CHECKING:
    from assistant.bench.moshi.command import MoshiOptions
    from assistant.bench.simulator.options import ConversationOptions
    from assistant.bench.soak.options import SoakOptions

Benchmark = Literal[
    "startup", "latency", "ui", "wire", "moshi", "echo", "conversation", "turns", "voices", "soak"
]


def bench_command(
    config: Config,
    name: Benchmark,
    *,
    json_output: bool = False,
    turns: int = 24,
    warm: float = 0,
    moshi: MoshiOptions | None = None,
    conversation: ConversationOptions | None = None,
    recordings: Path | None = None,
    tuning: bool = False,
    minutes: float = 10.0,
    soak: SoakOptions | None = None,
) -> int:
    """Run one benchmark and print its table; returns the exit code."""
    rows: list[Measurement]
    match name:
        case "moshi":
            from assistant.bench.moshi.command import MoshiOptions, moshi_command

            return moshi_command(moshi or MoshiOptions(), json_output=json_output)
        case "conversation":
            from assistant.bench.simulator.command import conversation_command
            from assistant.bench.simulator.options import ConversationOptions

            options = conversation or ConversationOptions()
            return conversation_command(config, options, json_output=json_output)
        case "soak":
            from assistant.bench.soak.command import soak_command
            from assistant.bench.soak.options import SoakOptions

            return soak_command(config, soak or SoakOptions(), json_output=json_output)
        case "voices":
            from assistant.bench.voices import voices_command

            return voices_command(config, json_output=json_output)
        case "echo":
            from assistant.bench.echo import measure as echo

            rows = echo(minutes=minutes)
        case "turns":
            from assistant.bench.turns import measure as turn_ends

            rows = turn_ends(
                config, recordings=recordings, half="tuning" if tuning else "reporting"
            )
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
            from assistant.bench.ui import measure_ui

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
    print_rows(name, rows, as_json=json_output)
    return 0
