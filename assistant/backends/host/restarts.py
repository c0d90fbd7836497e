"""When a child that ended is started again, after how long, and when it is let be.

A child that breaks every few minutes is worth starting as often as it takes: each was of use in
between. One that was of use and now breaks again and again is tried ever more rarely, for whatever
it wants (memory, a driver, a disk) may be there again. One that has never been of any use is let
be. These are told apart by what the child did, not by how long it ran, so that it is the same on
the virtual clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from assistant.backends.host.child import exit_in_words
from assistant.frames import Failed, Substituted

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 15.0
"""Seconds before a restart: doubled at each useless start, back to the first after a useful one."""
USEFUL_FRAMES = 25
"""A child that has taken this much of the microphone's sound (2 s) does its work."""
USEFUL_SECONDS = 60.0
"""So does one that stayed for this long, where there is no microphone."""
TRIES = 8
"""Useless starts in a row after which it is given up: half a minute of pauses in all. One that was
of use before has from now on these longer pauses between two starts:"""
RARE_PAUSE = 60.0
LONGEST_RARE_PAUSE = 600.0
FIRST_TRIES = 3
"""The same where it has never come up at all: a library that breaks while it loads will do so
again, and may take a minute for it."""


class RestartPolicy:
    """One backend's starts. Call `began`, `came_up` and `took_frame` as they happen, then `ended`,
    which returns the seconds to wait before the next start, or None to give up."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = 0.0
        self._frames = 0
        self.is_up = False
        """The child that runs, or ran last, was ready once."""
        self.ever_up = False
        """Some child was."""
        self.ever_useful = False
        """Some child did its work."""
        self.useless = 0
        """Starts in a row that came to nothing."""

    @property
    def is_exhausted(self) -> bool:
        """It has had the starts that a fault of a moment is granted."""
        return self.useless >= (TRIES if self.ever_up else FIRST_TRIES)

    def began(self) -> None:
        self._began = self._clock()
        self._frames = 0
        self.is_up = False

    def came_up(self) -> None:
        self.is_up = self.ever_up = True

    def took_frame(self) -> None:
        self._frames += 1

    def did_work(self) -> None:
        """It has heard or said something for a person."""
        self.ever_useful = True

    def ended(self) -> float | None:
        long_enough = self._clock() - self._began > USEFUL_SECONDS
        if self.is_up and (self._frames >= USEFUL_FRAMES or long_enough):
            self.ever_useful = True
            self.useless = 0
            return FIRST_PAUSE
        self.useless += 1
        if self.is_exhausted:
            if not self.ever_useful:
                return None
            return min(LONGEST_RARE_PAUSE, RARE_PAUSE * 2.0 ** (self.useless - TRIES))
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (self.useless - 1))


# What a person is told of a backend that ended: that it starts again, another takes its place,
# or it is given up.


def starts_again(how: str, restarts: int, pause: float, policy: RestartPolicy) -> Failed:
    """`how` it ended; `restarts` so far, this one included; `pause` in seconds."""
    if not policy.is_exhausted:
        return Failed(message=how, remedy=f"starting it again, restart {restarts}")
    return Failed(
        message=f"{how} – {policy.useless} times in a row",
        remedy=f"it is tried again in {pause / 60:.0f} min; at once with r, or when you write",
    )


def given_up(how: str, refusal: Failed | None, policy: RestartPolicy) -> Failed:
    """`refusal`: what the child said itself, if anything."""
    remedy = refusal.remedy if refusal else ""
    return Failed(
        message=f"{how} – {policy.useless} times in a row before it was of any use",
        remedy=remedy or "assistant doctor tells what is wrong; then r starts it again",
        fatal=True,
    )


def substituted(
    failed: str, name: str, refusal: Failed | None, code: int, policy: RestartPolicy
) -> Substituted:
    """`failed` ended with `code`; the backend of this `name` takes its place."""
    when = "again and again" if policy.ever_up else "while loading"
    reason = refusal.message if refusal else f"it stopped {when}, {exit_in_words(code)}"
    remedy = refusal.remedy if refusal else "the log has the whole story: assistant doctor"
    return Substituted(failed, name, reason, remedy)
