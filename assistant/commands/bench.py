"""`assistant bench startup|latency|ui|adapters`: prints the table and returns the exit code."""

from __future__ import annotations

import asyncio

from assistant.bench.report import Measurement, print_rows
from assistant.config.schema import Config


def bench_startup(*, json_output: bool = False) -> int:
    from assistant.bench.startup import measure

    print_rows("startup", measure(), as_json=json_output)
    return 0


def bench_latency(
    config: Config,
    *,
    turns: int = 24,
    warm: float = 0.0,
    brain: bool = False,
    model: str | None = None,
    json_output: bool = False,
) -> int:
    """`warm`: seconds of rest before the first turn. `brain`: of a language model of our own,
    instead of the scripted persona; `model`: another one than is set up."""
    if brain:
        from assistant.bench.brain_latency import measure as measure_brain

        rows = measure_brain(config, model, turns)
        print_rows("latency with a language model", rows, as_json=json_output)
        return 0
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
    from assistant.bench.ui import FACES, RATES, measure_ui, scenes_of
    from assistant.session.factory import find_personas

    persona = next(iter(find_personas(config).loaded.values()))
    scenes = [*scenes_of(RATES), *FACES]
    rows = [
        Measurement(
            scene.name,
            "% of a core",
            (row["cpu_percent"],),
            f"{row['kib_per_second']:.0f} KiB/s drawn",
        )
        for scene, row in zip(scenes, asyncio.run(measure_ui(persona, scenes)), strict=True)
    ]
    print_rows("ui", rows, as_json=json_output)
    return 0


def bench_adapters(
    config: Config,
    *,
    name: str | None = None,
    tool: str | None = None,
    arguments: str = "",
    calls: int = 200,
    json_output: bool = False,
) -> int:
    """`name`: of one adapter; None: all that are enabled. Raises `AdapterError`."""
    from assistant.bench.adapters import measure
    from assistant.commands.adapters import adapter_of, read_arguments

    enabled = {key: each for key, each in config.adapters.items() if each.enabled}
    chosen = enabled if name is None else {name: adapter_of(config, name)}
    rows = measure(chosen, tool=tool, arguments=read_arguments(arguments), calls=calls)
    print_rows("adapters", rows, as_json=json_output)
    return 0
