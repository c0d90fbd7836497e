"""Dropout detector: a microphone that is open and loses much of its sound, so that words go missing
and nobody knows why.

Single lost frames are counted and concealed elsewhere; here is found out when so much is missing
that a person should be told.
"""

from __future__ import annotations

from assistant.frames import SAMPLE_RATE

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
