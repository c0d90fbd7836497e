"""Dropped frames and lag (overload): what a machine could not keep up with, for as long as it is
news.

Frames are skipped where the sound comes faster than it is worked on. That is no loss for good, and
nothing that a person should read for the rest of the day: it is shown while it happens and a minute
longer; the log keeps the count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

SHOWN_SECONDS = 60.0
"""After the last frame that was skipped, or the last word of a lag."""
LAG_SHOWN_SECONDS = 0.2
"""A backend that is less far behind than this is not behind to a person."""


class Overload:
    """Frames skipped since all was well, and how far the backend is behind."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._totals: dict[str, int] = {}
        self._news: dict[str, int] = {}
        self._skipped_at = 0.0
        self._lag = 0.0
        self._lag_at = 0.0

    def skipped(self, totals: Mapping[str, int]) -> None:
        """Frames so far, by place; a total that shrinks begins anew (a backend that restarted)."""
        for place, total in totals.items():
            before = self._totals.get(place, 0)
            new = total - before if total >= before else total
            self._totals[place] = total
            if new > 0:
                if not self.recent:
                    self._news = {}
                self._news[place] = self._news.get(place, 0) + new
                self._skipped_at = self._clock()

    def behind(self, seconds: float) -> None:
        """How far the backend is behind just now."""
        self._lag, self._lag_at = seconds, self._clock()

    @property
    def recent(self) -> dict[str, int]:
        """Frames of the present overload, by place; empty a minute after the last one."""
        return dict(self._news) if self._is_news(self._skipped_at) else {}

    @property
    def lag(self) -> float:
        """Seconds; 0 where it is too little to be told, or was told too long ago."""
        return self._lag if self._lag >= LAG_SHOWN_SECONDS and self._is_news(self._lag_at) else 0.0

    def _is_news(self, at: float) -> bool:
        return self._clock() - at < SHOWN_SECONDS
