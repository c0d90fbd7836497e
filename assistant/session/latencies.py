"""How quickly answers came in this conversation: the last one, the usual one, the slow ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np

STAGES = ("wait", "transcribe", "answer", "voice", "device")
"""Of a latency, in the order in which they pass; an engine may tell of others."""

KEPT = 10_000
"""Answers that count: a day and more of talking without a pause."""


class Latencies:
    """Seconds from the end of the user's speech to the first sample of the answer at the speaker,
    and the milliseconds of each stage. All None and empty until there was an answer.

    p50 is the median; p95 is the shortest latency seen that at least 95 of 100 did not exceed, so
    that it is no better than the slowest while there are few (no interpolation).
    """

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)
        self._stages: dict[str, deque[float]] = {}
        self.last: float | None = None
        self.p50: float | None = None
        self.p95: float | None = None
        self.last_stages: dict[str, float] = {}

    @property
    def count(self) -> int:
        return len(self._seconds)

    def add(self, seconds: float, stages: Mapping[str, float]) -> None:
        """One answer; `stages` in milliseconds."""
        self._seconds.append(seconds)
        self.last = seconds
        self.p50 = float(np.median(self._seconds))
        self.p95 = float(np.percentile(self._seconds, 95, method="inverted_cdf"))
        self.last_stages = in_order(stages)
        for name, ms in stages.items():
            self._stages.setdefault(name, deque(maxlen=KEPT)).append(ms)

    def usual_stages(self) -> dict[str, float]:
        """The median of each stage, in milliseconds."""
        return in_order({name: float(np.median(ms)) for name, ms in self._stages.items()})


def in_order(stages: Mapping[str, float]) -> dict[str, float]:
    """The stages as they pass, unknown ones last."""
    known = {name: stages[name] for name in STAGES if name in stages}
    return {**known, **stages}
