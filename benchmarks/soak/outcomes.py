"""What came of a run, and whether that is good enough."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.soak.ledger import Ledger, Outcome
from benchmarks.soak.resources import ResourceSample, growth, longest_life

MAX_GROWTH = 0.05
"""Part by which host and child may grow after warming up."""
ALLOWED_MORE = 2
"""Open files and threads by which the end may differ from the time after warming up: a child that
is just being started has some."""


@dataclass(frozen=True, slots=True)
class SoakCheck:
    """One thing that was asked for."""

    name: str
    ok: bool
    shown: str
    """The figures."""


@dataclass(slots=True)
class Outcomes:
    """Everything there is to report; `checks` judges it."""

    seed: int = 0
    backend: str = ""
    hours: float = 0.0
    """Simulated."""
    wall_seconds: float = 0.0
    turns: dict[Outcome, int] = field(
        default_factory=lambda: {"answered": 0, "explained": 0, "lost": 0}
    )
    repeats: int = 0
    """Turns that the user had to say again."""
    lost: list[str] = field(default_factory=list)
    """When, and what."""
    changes_asked: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    crashes_wanted: int = 0
    crashes_in_a_row: int = 0
    restarts: int = 0
    given_up: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    samples: list[ResourceSample] = field(default_factory=list)
    frames: dict[str, int] = field(default_factory=dict)
    """What became of them: see `FrameBook`; and what microphone and speaker have lost."""
    drift: dict[str, int] = field(default_factory=dict)
    """Differences that must be 0, in samples or frames."""
    transcript_turns: int = 0
    left: dict[str, int] = field(default_factory=dict)
    """Processes, tasks, threads and files after the end, less those before the start."""
    grown: list[str] = field(default_factory=list)
    """Where the host's memory grew, by `tracemalloc`."""

    @property
    def host_growth(self) -> float | None:
        return growth([sample.host_mb for sample in self.samples])

    @property
    def child_growth(self) -> float | None:
        """Of the child that lived longest."""
        return growth([sample.child_mb for sample in longest_life(self.samples)])

    def checks(self) -> list[SoakCheck]:
        ledger, left = self.ledger, {k: v for k, v in self.left.items() if v > 0}
        kept = ledger.user_said + ledger.assistant_said
        drift = {name: value for name, value in self.drift.items() if value}
        answered, explained, lost = (self.turns[o] for o in ("answered", "explained", "lost"))
        return [
            SoakCheck(
                "no turn lost",
                lost == 0 and answered > 0,
                f"{answered} answered, {explained} lost to a fault that was told, {lost} lost",
            ),
            _growth("host does not grow", self.host_growth),
            _growth("child does not grow", self.child_growth),
            self._steady(),
            SoakCheck("no drift", not drift, _listed(drift) or "clock, frames and speaker agree"),
            SoakCheck(
                "dropped frames accounted for",
                self.drift.get("frames offered − accounted for") == 0,
                _listed(self.frames),
            ),
            SoakCheck("nothing left behind", not left, _listed(left) or "no process, task, file"),
            SoakCheck(
                "transcript complete",
                self.transcript_turns == kept,
                f"{self.transcript_turns} turns of {kept}",
            ),
            SoakCheck(
                "no tool result lost",
                ledger.tools_called == ledger.tools_finished,
                f"{ledger.tools_finished} of {ledger.tools_called}",
            ),
            SoakCheck(
                "persona changes",
                ledger.persona_changes >= self.changes_asked,
                f"{ledger.persona_changes} of {self.changes_asked} asked for",
            ),
            SoakCheck(
                "crashes survived",
                not self.given_up and self.crashes_in_a_row == self.crashes_wanted,
                f"{self.restarts} restarts, {self.crashes_in_a_row} crashes in a row",
            ),
        ]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks())

    def _steady(self) -> SoakCheck:
        """Open files, threads and tasks of the host, early and late."""
        n = len(self.samples)
        early, late = self.samples[n // 4 : n // 2], self.samples[-max(1, n // 10) :]
        names = ("files", "threads", "tasks")
        before = {name: max((getattr(s, name) for s in early), default=0) for name in names}
        after = {name: min((getattr(s, name) for s in late), default=0) for name in names}
        ok = n < 8 or all(after[name] <= before[name] + ALLOWED_MORE for name in names)
        shown = ", ".join(f"{name} {before[name]} → {after[name]}" for name in names)
        return SoakCheck("no file, thread or task leaks", ok, shown)


def _growth(name: str, value: float | None) -> SoakCheck:
    if value is None:
        return SoakCheck(name, True, "too short to tell")
    return SoakCheck(
        name, value <= MAX_GROWTH, f"{100 * value:+.1f} %, at most {100 * MAX_GROWTH:.0f}"
    )


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
