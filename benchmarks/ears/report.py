"""What came of the recordings: a table with a row for each measure, a column for each condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np

from assistant.bench.report import machine
from benchmarks.ears.scoring import Score
from benchmarks.ears.words import WordErrors
from benchmarks.turn_material import Half

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class ClipReport:
    """One recording, or several that were heard as one, for JSON."""

    files: tuple[str, ...]
    reference: str
    bare: str
    bare_here: str
    """What the weights alone write of its place in the long sound."""
    heard: tuple[str, ...]
    actions: tuple[str, ...]
    wait_ms: float | None


@dataclass(slots=True)
class ConditionReport:
    """What came of one condition."""

    condition: str
    score: Score
    clips: list[ClipReport] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    """Texts that belong to no recording."""


@dataclass(slots=True)
class EarsReport:
    """What came of everything."""

    recognizer: str
    half: Half | None
    seed: int
    clips: int
    left_out: int
    """Recordings that are silent or longer than a turn can be."""
    seconds: float
    """Length of the sound that was heard in each condition."""
    conditions: list[ConditionReport] = field(default_factory=list)


def report_data(report: EarsReport) -> dict[str, object]:
    """For JSON: every count, and every recording with what was heard of it."""
    return {"bench": "ears", "machine": machine(), **asdict(report)}


def print_report(report: EarsReport) -> None:
    """The table, with how much was heard above it."""
    from rich.table import Table

    from assistant.commands.tables import console

    half = report.half or "both halves"
    left_out = f", {report.left_out} left out" if report.left_out else ""
    title = (
        f"ears · {report.recognizer} · {report.clips} recordings ({half}){left_out},"
        f" {report.seconds / 60:.1f} min a condition · seed {report.seed}"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    for each in report.conditions:
        table.add_column(each.condition, justify="right")
    for name, cell in _ROWS:
        cells = [cell(each.score) for each in report.conditions]
        if any(text != NOTHING for text in cells):
            table.add_row(name, *cells)
    console().print(table)


def _rate(errors: WordErrors) -> str:
    rate = errors.rate
    return NOTHING if rate is None else f"{100 * rate:.1f} %"


def _of(count: int, whole: int) -> str:
    return f"{count}/{whole}" if whole else NOTHING


def _wait(score: Score, percent: float) -> str:
    return f"{np.percentile(score.waits, percent):.0f} ms" if score.waits else NOTHING


_ROWS: tuple[tuple[str, Callable[[Score], str]], ...] = (
    ("word errors", lambda s: _rate(s.against_reference)),
    ("  … of the weights, cut by hand", lambda s: _rate(s.bare_against_reference)),
    ("  words said", lambda s: str(s.against_reference.words)),
    ("word errors, against the weights", lambda s: _rate(s.against_bare)),
    ("  … of the weights, cut by hand", lambda s: _rate(s.bare_against_bare)),
    ("  words said", lambda s: str(s.against_bare.words)),
    ("slots found", lambda s: _of(s.slots_found, s.slots)),
    ("lost", lambda s: _of(s.lost, s.speech)),
    ("split", lambda s: _of(s.split, s.speech)),
    ("cut off", lambda s: _of(s.cut_off, s.speech)),
    ("merged", lambda s: str(s.merged)),
    ("late (over 1 s)", lambda s: _of(s.late, s.speech)),
    ("false turns", lambda s: str(s.false_turns)),
    ("false actions", lambda s: str(s.false_actions)),
    ("actions found", lambda s: _of(s.actions_found, s.actions)),
    ("texts for no words", lambda s: _of(s.phantoms, s.wordless)),
    ("wait p50", lambda s: _wait(s, 50)),
    ("wait p95", lambda s: _wait(s, 95)),
)
