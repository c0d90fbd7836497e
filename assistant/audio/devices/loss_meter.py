"""Loss meter: sound that is lost and reported by nobody; what came is counted against the clock."""

from __future__ import annotations


class LossMeter:
    """Finds samples that a device lost without saying so.

    A block that comes late is made up for by the next ones, a lost one never is: so the *least*
    deficit of each window tells how much is gone for good. Devices whose clock drifts by less than
    the tolerance in a window are not taken for lossy.
    """

    def __init__(self, rate: int, tolerance: float = 0.015, window: float = 2.0) -> None:
        self._rate = rate
        self.tolerance = tolerance
        self._tolerance = tolerance * rate
        self._window = window
        self._start: float | None = None
        self._window_start = 0.0
        self._received = 0
        self._least = float("inf")
        self._baseline: float | None = None

    def tick(self, at: float, samples: int) -> int:
        """Note that `samples` came `at` (seconds); returns how many were newly found lost."""
        if self._start is None:
            self._start = self._window_start = at
            return 0
        self._received += samples
        self._least = min(self._least, (at - self._start) * self._rate - self._received)
        if at - self._window_start < self._window:
            return 0
        found = 0.0 if self._baseline is None else self._least - self._baseline
        self._baseline = self._least
        self._least = float("inf")
        self._window_start = at
        return round(found) if found > self._tolerance else 0
