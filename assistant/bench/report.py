"""What a benchmark returns, and how it is printed."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured quantity. `values` keeps every sample, so that a spread can be given."""

    name: str
    unit: str
    values: tuple[float, ...]
    note: str = ""

    def percentile(self, q: float) -> float:
        return float(np.percentile(self.values, q))


def print_rows(title: str, rows: Sequence[Measurement], *, as_json: bool) -> None:
    """A table with p50, p95 and the number of samples, or one JSON object."""
    if as_json:
        data = [row_data(row) for row in rows]
        print(json.dumps({"bench": title, "machine": machine(), "rows": data}, indent=2))
        return
    from rich.table import Table

    from assistant.commands.tables import console

    table = Table(title=f"{title} · {machine()}", title_justify="left")
    for column in ("what", "p50", "p95", "p99", "max", "n", ""):
        table.add_column(column, justify="left" if column in ("what", "") else "right")
    for row in rows:
        if not row.values:
            table.add_row(row.name, "–", "–", "–", "–", "0", row.note)
            continue
        s = _summary(row)
        numbers = [f"{s[k]:.3g} {row.unit}" for k in ("p50", "p95", "p99", "max")]
        table.add_row(row.name, *numbers, str(s["n"]), row.note)
    console().print(table)


def row_data(row: Measurement) -> dict[str, object]:
    """For JSON: every sample, and their percentiles."""
    return {**asdict(row), **_summary(row)}


def _summary(row: Measurement) -> dict[str, float]:
    if not row.values:
        return {"n": 0}
    return {
        "p50": row.percentile(50),
        "p95": row.percentile(95),
        "p99": row.percentile(99),
        "max": max(row.values),
        "n": len(row.values),
    }


def machine() -> str:
    """Cores, processor and Python, without the machine's name."""
    import os

    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
