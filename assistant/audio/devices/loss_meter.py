"""Loss meter: sound that is lost and reported by nobody; what came is counted against the clock."""

from __future__ import annotations

import platform

import numpy as np
from numpy.typing import NDArray

from assistant.frames import SAMPLE_RATE


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


# Dropout detector: a microphone that is open and loses much of its sound, so that words go
# missing and nobody knows why.

WINDOW_SECONDS = 5.0
"""Of sound, come or lost, after which is judged."""
MUCH = 0.2
"""Part of two windows running that is told of when it is lost: every other word suffers."""
LITTLE = 0.05
"""Part under which it is well again."""

GAPPY = (
    "The microphone loses much of its sound; words will be missed.",
    "Close what keeps the computer busy, or choose another microphone.",
)
WHOLE = ("The microphone's sound is whole again.", "")


class DropoutDetector:
    """Counts samples, on the clock of the sound itself."""

    def __init__(self) -> None:
        self.gappy = False
        """So much was lost of late that a person should know."""
        self.restart()

    def restart(self) -> None:
        """Another microphone; whether the last one had gaps is still to be made good."""
        self._come = self._lost = 0
        self._was_bad = False

    def take(self, come: int, lost: int) -> bool:
        """Note samples at 24 kHz; returns whether `gappy` has changed."""
        self._come += come
        self._lost += lost
        whole = self._come + self._lost
        if whole < WINDOW_SECONDS * SAMPLE_RATE:
            return False
        share = self._lost / whole
        self._come = self._lost = 0
        before = self.gappy
        bad = share >= MUCH
        self.gappy = share >= LITTLE if self.gappy else bad and self._was_bad
        self._was_bad = bad
        return self.gappy != before


# Silence detector: a microphone that delivers nothing but zeros, open, running, and heard by
# nobody.

MUTED_SECONDS = 0.5
"""Of zeros, where the sound server says that it is muted."""
NEVER_HEARD_SECONDS = 20.0
HEARD_SECONDS = 60.0
"""…where there was sound before."""

SILENT = (
    "The microphone delivers only silence: it is muted in the system's mixer, or not allowed.",
    {
        "Darwin": "Allow it in System Settings › Privacy & Security › Microphone, and turn it up "
        "in System Settings › Sound › Input.",
        "Linux": "Turn it up in the system's sound settings; look for a switch on the headset.",
        "Windows": "Allow it in Settings › Privacy › Microphone, and turn it up in Settings › "
        "System › Sound.",
    }.get(platform.system(), "Turn it up in the system's sound settings."),
)
MUTED = (
    "The microphone is muted in the system's mixer.",
    "Unmute it there, or with: pactl set-source-mute @DEFAULT_SOURCE@ 0",
)
AUDIBLE = ("The microphone is heard again.", "")


class SilenceDetector:
    """Counts zeros, on the clock of the sound itself."""

    def __init__(self) -> None:
        self.silent = False
        """Nothing has come for so long that a person should know."""
        self._zeros = 0
        self._heard = False

    def restart(self) -> None:
        """Another microphone; whether the last one was silent is still to be made good."""
        self._zeros = 0
        self._heard = False

    def take(self, samples: NDArray[np.float32], *, muted: bool) -> bool:
        """Note float32 [n], 24 kHz; returns whether `silent` has changed."""
        if samples.size == 0:
            return False
        if samples.any():
            self._zeros = 0
            self._heard = True
            changed, self.silent = self.silent, False
            return changed
        self._zeros += samples.size
        limit = HEARD_SECONDS if self._heard else NEVER_HEARD_SECONDS
        if muted:
            limit = MUTED_SECONDS
        if self.silent or self._zeros < limit * SAMPLE_RATE:
            return False
        self.silent = True
        return True
