"""When what moves is drawn: in turns, never two things at once.

Whatever changes within a sixtieth of a second is drawn together, and with it all that lies between:
waveforms on the right and a face on the left would have the page between them drawn, too.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Beat:
    """Moments at equal distances, the same for everybody who has the same distance."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`seconds` lie between two of them, on a `clock` that gives seconds."""
        self.seconds = seconds
        self._clock = clock

    def until(self, part: float = 0.0) -> float:
        """Seconds until the next moment that lies `part` (0…1) of the way to the one after it."""
        return (part * self.seconds - self._clock()) % self.seconds

    def every(self, rate: float) -> float:
        """Seconds of a whole number of beats: at most `rate` times a second, or once a beat."""
        return max(1, math.ceil(1.0 / (rate * self.seconds) - 1e-6)) * self.seconds
