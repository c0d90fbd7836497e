"""How long, how much, how hard."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.soak.plan import FAULT_EVERY

CRASHES_AN_HOUR = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakOptions:
    hours: float = 8.0
    """Of simulated time."""
    turns_per_hour: int = 250
    seed: int = 1
    crashes: int | None = None
    """In a row, after the hours; None: 25 for each hour."""
    fault_every: float = FAULT_EVERY
    deadly: float = 0.5
    """Part of the time in which the child is killed, too; in the rest it may show that it grows."""
    sample_every: float = 60.0
    """Seconds of simulated time."""
    patience: float = 60.0
    """Seconds of the machine's time after which a child that does not answer is taken to hang."""
    trace: bool = False
    """Say where the host's memory grew."""

    @property
    def crash_count(self) -> int:
        return round(CRASHES_AN_HOUR * self.hours) if self.crashes is None else self.crashes
