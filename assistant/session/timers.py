"""Timers of a session: waits for what is due, rings, and says so in the persona's voice.

What is due is forgotten only when it has been said: what a crash or a quit has cut off is told at
the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import datetime

from assistant.loops import post
from assistant.session.event_bus import EventBus
from assistant.session.events import Notice, TimerRang, TimersChanged
from assistant.session.signals import BackendGone, BackendReady
from assistant.skills.moments import spoken_moment
from assistant.skills.schedule import Schedule, Timer

LATE = 60.0
"""Seconds after which it is told when it was due."""
_LONGEST_SLEEP = 30.0
"""Seconds: the clock may be set, the machine may have slept."""
_PATIENCE = 20.0
"""Seconds that somebody who speaks is let speak; then it is said all the same."""
_VOICE_WAIT = 60.0
"""Seconds that a backend has to come up at the start."""
_CHIMES = {"reminder": 1, "timer": 2, "alarm": 3}
_STEP = 0.1


class TimerWatch:
    """Rings and tells; `run` beside the conversation."""

    def __init__(
        self,
        bus: EventBus,
        schedule: Schedule,
        *,
        ring: Callable[[], None],
        say: Callable[[str], None],
        busy: Callable[[], bool],
        sounding: Callable[[], bool],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`ring()` plays a short chime, `sounding()` says whether it is still heard; `busy()`:
        somebody speaks. `now()`: seconds since 1970."""
        self._bus = bus
        self._schedule = schedule
        self._ring = ring
        self._say = say
        self._busy = busy
        self._sounding = sounding
        self._now = now
        self._news = asyncio.Event()
        self._voice = asyncio.Event()
        bus.on(BackendReady, lambda event: self._voice.set())
        bus.on(BackendGone, lambda event: self._voice.set())

    async def run(self) -> None:
        """Never returns."""
        loop = asyncio.get_running_loop()
        self._schedule.changed = lambda: post(loop, self._changed)
        try:
            await asyncio.to_thread(self._schedule.load)
        except ValueError as error:
            self._bus.publish(
                Notice(
                    text="the timers and alarms of the last time could not be read",
                    remedy=f"set them again; their file is {error}",
                    severity="warning",
                )
            )
        if self._schedule.timers():
            self._changed()
            await self._wait(lambda: not self._voice.is_set(), _VOICE_WAIT)
        while True:
            self._news.clear()
            await self._tell_due()
            timers = self._schedule.timers()
            left = max(0.0, timers[0].due - self._now()) if timers else _LONGEST_SLEEP
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(left, _LONGEST_SLEEP))

    def _changed(self) -> None:
        self._bus.publish(TimersChanged(timers=tuple(self._schedule.timers())))
        self._news.set()

    async def _tell_due(self) -> None:
        for timer in self._schedule.timers():
            if timer.due > self._now():
                return
            await self._wait(self._busy, _PATIENCE)
            if timer in self._schedule.timers():  # it may have been cancelled meanwhile
                await self._tell(timer)

    async def _tell(self, timer: Timer) -> None:
        text = timer.announced(self._missed(timer))
        self._bus.publish(TimerRang(timer=timer, text=text))
        for _ in range(_CHIMES[timer.kind]):
            self._ring()
            await self._wait(self._sounding, 1.5)
        self._say(text)
        await asyncio.to_thread(self._schedule.remove, [timer])

    def _missed(self, timer: Timer) -> str:
        """When it was due, where that is past telling."""
        present = datetime.fromtimestamp(self._now()).astimezone()
        then = datetime.fromtimestamp(timer.due).astimezone()
        if (present - then).total_seconds() < LATE:
            return ""
        days = (present.date() - then.date()).days
        at = spoken_moment(then, then)
        return at if not days else f"yesterday {at}" if days == 1 else spoken_moment(then, present)

    async def _wait(self, while_: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while while_() and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(_STEP)
