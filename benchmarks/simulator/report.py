"""The report of `python -m benchmarks conversation`: a line a scenario, then all of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from assistant.bench.report import machine
from benchmarks.simulator.measures import Measures
from benchmarks.simulator.run import ScenarioOutcome

STOP_AIM = 0.15
"""Seconds from the first voiced sample of an interruption to silence."""
_NONE = "–"
_WIDE = 160
"""Characters that the whole table may need."""
_NOTES = (
    "Latency: end of the user's speech → first voiced sample at the speaker, on the virtual clock: "
    "waiting is in it, the models' time is not.",
    "Stop: first voiced sample of the user → silence at the speaker, p50/p95/max; "
    f"aim ≤ {1000 * STOP_AIM:.0f} ms.",
    "“–”: nothing of the kind happened, or this backend cannot be asked.",
)
_COLUMNS = (
    "scenario",
    "turns\ntaken over",
    "latency ms\np50/p95",
    "stop ms\np50/p95/max",
    "missed\nbarge-ins",
    "false inter-\nruptions",
    "needless\npauses",
    "self-\ntriggers",
    "turns cut\nat pauses",
    "results\nlost",
    "words off\nby, at most",
    "frames lost\nunexplained",
    "× real\ntime",
)


def joined(outcomes: Sequence[ScenarioOutcome]) -> Measures:
    whole = Measures()
    for outcome in outcomes:
        whole.add(outcome.measures)
    return whole


def print_report(
    outcomes: Sequence[ScenarioOutcome], skipped: Sequence[str], *, as_json: bool
) -> None:
    """`skipped`: names of scenarios that this backend cannot be asked to play."""
    if as_json:
        print(json.dumps(report_data(outcomes, skipped), indent=2))
        return
    from rich.table import Table

    from assistant.commands.tables import console

    by_name: dict[str, list[ScenarioOutcome]] = {}
    for outcome in outcomes:
        by_name.setdefault(outcome.scenario.name, []).append(outcome)
    rows = [[name, *_cells(joined(group), group)] for name, group in by_name.items()]
    rows += [[name, *([_NONE] * (len(_COLUMNS) - 1))] for name in skipped]
    rows += [["all", *_cells(joined(outcomes), outcomes)]]
    out = console()
    for columns in _parts(out.width):
        table = Table(title=f"conversation · {machine()}", title_justify="left")
        for at in columns:
            table.add_column(_COLUMNS[at], justify="right" if at else "left", no_wrap=True)
        for row in rows:
            table.add_row(*(row[at] for at in columns), end_section=row is rows[-2])
        out.print(table)
    for note in _NOTES:
        out.print(note, highlight=False)
    for outcome in outcomes:
        for problem in outcome.measures.problems:
            out.print(f"{outcome.scenario.name}, seed {outcome.seed}: {problem}", markup=False)


def _parts(width: int) -> list[list[int]]:
    """Numbers of the columns, in as many tables as a terminal of that width needs."""
    if width >= _WIDE:
        return [list(range(len(_COLUMNS)))]
    middle = 1 + len(_COLUMNS) // 2
    return [list(range(middle)), [0, *range(middle, len(_COLUMNS))]]


def report_data(outcomes: Sequence[ScenarioOutcome], skipped: Sequence[str]) -> dict[str, object]:
    """For programs: every sample of every scenario, and all of it together. Seconds."""
    return {
        "bench": "conversation",
        "machine": machine(),
        "skipped": list(skipped),
        "scenarios": [
            {
                "scenario": o.scenario.name,
                "seed": o.seed,
                "seconds": round(o.seconds, 2),
                "times_real_time": round(_factor([o]), 2),
                **asdict(o.measures),
            }
            for o in outcomes
        ],
        "all": {"times_real_time": round(_factor(outcomes), 2), **asdict(joined(outcomes))},
    }


def _cells(m: Measures, outcomes: Sequence[ScenarioOutcome]) -> list[str]:
    return [
        _of(m.answered, m.turns),
        _percentiles(m.latencies, 50, 95),
        _percentiles(m.stops, 50, 95, 100),
        _of(m.missed, m.interruptions),
        _of(m.false_interruptions, m.harmless) if m.harmless else str(m.false_interruptions),
        str(len(m.needless_pauses)),
        str(m.self_triggers),
        _of(m.cut_turns, m.paused_turns),
        _of(m.tool_results_lost, m.tool_calls),
        str(max(map(abs, m.word_errors))) if m.word_errors else _NONE,
        f"{m.drops_unexplained} of {m.frames_dropped}" if m.frames_dropped else "0",
        f"{_factor(outcomes):.1f}",
    ]


def _of(count: int, whole: int) -> str:
    return f"{count}/{whole}" if whole else _NONE


def _percentiles(seconds: Sequence[float], *qs: float) -> str:
    if not seconds:
        return _NONE
    return "/".join(f"{1000 * float(np.percentile(seconds, q)):.0f}" for q in qs)


def _factor(outcomes: Sequence[ScenarioOutcome]) -> float:
    return sum(o.seconds for o in outcomes) / max(1e-9, sum(o.wall_seconds for o in outcomes))
