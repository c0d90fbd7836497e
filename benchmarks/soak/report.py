"""The report of `python -m benchmarks soak`: what was asked for, whether it was so, and the
figures.
"""

from __future__ import annotations

import sys
from dataclasses import asdict

from assistant.bench.report import machine
from benchmarks.soak.outcomes import Outcomes
from benchmarks.soak.resources import ResourceSample

_CURVE = 12
"""Samples that are shown of a run."""


def print_report(outcomes: Outcomes, *, as_json: bool) -> None:
    if as_json:
        from assistant.commands.tables import print_json

        print_json(report_data(outcomes))
        return
    from rich.table import Table

    from assistant.commands.tables import console

    title = (
        f"soak · {outcomes.backend}, seed {outcomes.seed} · {outcomes.hours:.1f} simulated hours "
        f"in {outcomes.wall_seconds / 60:.0f} min · {machine()}"
    )
    checks = Table(title=title, title_justify="left")
    for column in ("", "asked for", "was"):
        checks.add_column(column)
    for check in outcomes.checks():
        checks.add_row("✓" if check.ok else "✗", check.name, check.shown)
    curve = Table(title="memory, MB, over simulated hours", title_justify="left")
    for column in ("h", "host", "child", "which", "files", "threads", "tasks"):
        curve.add_column(column, justify="right")
    for sample in curve_of(outcomes.samples):
        curve.add_row(
            f"{sample.at / 3600:.2f}", f"{sample.host_mb:.1f}", f"{sample.child_mb:.1f}",
            str(sample.child), str(sample.files), str(sample.threads), str(sample.tasks),
        )  # fmt: skip
    out = console()
    out.print(checks)
    out.print(curve)
    for title, counts in (("faults", outcomes.faults), ("told", dict(outcomes.ledger.told))):
        out.print(f"{title}: " + (", ".join(f"{n} × {k}" for k, n in counts.items()) or "–"))
    for line in [*(f"lost: {turn}" for turn in outcomes.lost), *outcomes.grown]:
        out.print(line, markup=False)


def report_data(outcomes: Outcomes) -> dict[str, object]:
    ledger = outcomes.ledger
    plain = {
        name: getattr(outcomes, name)
        for name in Outcomes.__slots__
        if name not in ("ledger", "samples")
    }
    return {
        "bench": "soak",
        "machine": machine(),
        "ok": outcomes.ok,
        "checks": [asdict(check) for check in outcomes.checks()],
        **plain,
        "host_growth": outcomes.host_growth,
        "child_growth": outcomes.child_growth,
        "persona_changes": ledger.persona_changes,
        "told": dict(ledger.told),
        "drops_told": ledger.drops,
        "samples": [asdict(sample) for sample in outcomes.samples],
    }


def print_progress(outcomes: Outcomes, at: float, done: int, turns: int, restarts: int) -> None:
    """One line on standard error, `at` seconds of simulated time."""
    latest = outcomes.samples[-1]
    print_line(
        f"{at / 3600:.2f} h · {done} of {turns} turns · host {latest.host_mb:.0f} MB, "
        f"child {latest.child_mb:.0f} MB · {restarts} restarts · {outcomes.turns['lost']} lost"
    )


def print_line(text: str) -> None:
    """On standard error, at once: a run takes long."""
    print(text, file=sys.stderr, flush=True)


def curve_of(samples: list[ResourceSample]) -> list[ResourceSample]:
    """A dozen of them, evenly spread, the first and the last included."""
    if len(samples) <= _CURVE:
        return samples
    step = (len(samples) - 1) / (_CURVE - 1)
    return [samples[round(n * step)] for n in range(_CURVE)]
