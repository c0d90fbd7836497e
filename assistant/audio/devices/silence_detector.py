"""Silence detector: a microphone that delivers nothing but zeros, open, running, and heard by
nobody.

No real room is that silent. A mixer that mutes it does this, macOS for programs that may not use
the microphone, and some headsets' switch. Programs that stand in for a microphone and take out
noise do so, too, in each pause: whoever was heard once is given more time.
"""

from __future__ import annotations

import platform

import numpy as np
from numpy.typing import NDArray

from assistant.frames import SAMPLE_RATE

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
