"""The tables of `assistant bench moshi --json` as Markdown, to be put into a document:

python scripts/bench_table.py FILE.json …
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def table(runs: list[dict[str, Any]]) -> str:
    """A row for each quantity, a column for each run: p50 / p99, of ratios p50 alone."""
    measured = [run for run in runs if run["rows"]]
    if not measured:
        return ""
    heads = ["what", *(_head(run) for run in measured), ""]
    lines = [_line(heads), _line(["---"] * len(heads))]
    for index, row in enumerate(measured[0]["rows"]):
        cells = [run["rows"][index] if index < len(run["rows"]) else None for run in measured]
        lines.append(_line([row["name"], *(_cell(cell) for cell in cells), row["note"]]))
    return "\n".join(lines)


def _head(run: dict[str, Any]) -> str:
    facts = run["facts"]
    graphs = f", graphs {facts['graphs']}" if "graphs" in facts else ""
    return f"{facts['device']}: {facts['weights']}, {facts['context']}{graphs}"


def _cell(row: dict[str, Any] | None) -> str:
    if row is None or not row["values"]:
        return "–"
    middle, late = np.percentile(row["values"], [50, 99])
    one = len(row["values"]) == 1 or row["unit"] == "×"
    return f"{middle:.3g} {row['unit']}" if one else f"{middle:.3g} / {late:.3g} {row['unit']}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main(files: list[str]) -> int:
    for file in files:
        runs = json.loads(Path(file).read_text("utf-8"))["runs"]
        print(table(runs))
        for run in runs:
            if run["refused"] is not None:
                print(f"{run['plan']['quantize']}: {run['refused']['message']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
