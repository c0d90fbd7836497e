"""Timeouts of a language model: how long an answer is waited for (as long as there are signs of
life, within a bound), and how long a server that says `Retry-After` is left alone."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable

MOST = 10
"""Times the patience for silence that an answer may take to its first word."""
LONGEST_RETRY = 20.0
"""Seconds; a server that wants a longer rest than this is not waited for."""
TOLD_EVERY = 1.0
"""Seconds between two signs that are passed on."""


class Patience:
    """Seconds of `clock`. Silence is borne for `quiet` seconds; every sign of life begins them
    anew, up to `MOST` times as many in all."""

    def __init__(self, quiet: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.quiet = quiet
        self._clock = clock
        self._began = self._sign = clock()
        self._told = self._began
        self.signs = 0

    def sign(self) -> None:
        """It is still at work."""
        self.signs += 1
        self._sign = self._clock()

    def word(self, idle: float) -> None:
        """It speaks; from now on `idle` seconds are the patience for silence."""
        self.quiet = idle
        self._began = self._sign = self._clock()

    @property
    def left(self) -> float:
        """Seconds until it is given up, unless there is a sign."""
        now = self._clock()
        return max(0.0, min(self._sign + self.quiet, self._began + MOST * self.quiet) - now)

    @property
    def waited(self) -> float:
        """Seconds since it was asked, or spoke."""
        return self._clock() - self._began

    def due(self) -> bool:
        """Whether the last sign that was passed on is long enough ago; this one is then."""
        if self._clock() - self._told < TOLD_EVERY:
            return False
        self._told = self._clock()
        return True


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds that a server asks to be left alone for (RFC 9110, 10.2.3: seconds or a date); None
    where it does not say so in a way that can be read. `now` in seconds since the epoch."""
    if header is None:
        return None
    text = header.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - now
        except (ValueError, TypeError, OverflowError, OSError):
            return None
    return max(0.0, seconds) if seconds == seconds and seconds != float("inf") else None
