"""Python's garbage collector, kept from cutting the sound.

A full collection stops every thread of the process for as long as it looks through all objects: a
tenth of a second in a program of this size, longer than what waits at the speaker. So while sound
flows, collections beyond the youngest objects are made in silences, each looks through what is new
since the last one only, and all of it is looked through once in a long while.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable

QUIET_SECONDS = 0.5
"""So long nobody has spoken, when it is done."""
EVERY_SECONDS = 4.0
LONGEST_SECONDS = 300.0
"""Without any silence it is done all the same."""
WHOLE_SECONDS = 900.0
"""So often all objects are looked through."""
WHOLE_QUIET_SECONDS = 5.0

_NEVER = 1_000_000_000
_LOOK_SECONDS = 0.25


class Collector:
    """Collects while `is_quiet`. One at a time in a process: the collector is the process's."""

    def __init__(self, is_quiet: Callable[[], bool]) -> None:
        self._is_quiet = is_quiet

    async def run(self) -> None:
        """Until cancelled; then all is as it was."""
        thresholds = gc.get_threshold()
        gc.set_threshold(thresholds[0], thresholds[1], _NEVER)
        gc.freeze()
        try:
            await self._collect_in_silences()
        finally:
            gc.unfreeze()
            gc.set_threshold(*thresholds)

    async def _collect_in_silences(self) -> None:
        collected = whole = loud = time.monotonic()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = time.monotonic()
            if not self._is_quiet():
                loud = now
            quiet, since = now - loud, now - collected
            if since < EVERY_SECONDS or (quiet < QUIET_SECONDS and since < LONGEST_SECONDS):
                continue
            if now - whole >= WHOLE_SECONDS and quiet >= WHOLE_QUIET_SECONDS:
                gc.unfreeze()
                whole = now
            gc.collect()
            gc.freeze()
            collected = time.monotonic()
