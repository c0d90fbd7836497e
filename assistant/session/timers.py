"""Timers of a session: waits for what is due, rings, and says so in the persona's voice.

What is due is forgotten only when it has been said: what a crash or a quit has cut off is told at
the next start. A timer or an alarm then rings on, at growing intervals in which an answer can be
heard, until somebody answers or it has rung for long.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime

from assistant.loops import post, wait_while
from assistant.session.event_bus import EventBus
from assistant.session.events import Notice, TimerRang, TimersChanged, ToolCalled
from assistant.session.signals import BackendGone, BackendReady, SaidInPassing, StoppedByWords
from assistant.skills.moments import spoken_moment
from assistant.skills.schedule import Kind, Schedule, Timer
from assistant.terminal.sanitize import clean_line

LATE = 60.0
"""Seconds after which it is told when it was due."""
_LONGEST_SLEEP = 5.0
"""Seconds: the clock may be set, the machine may have slept, another program may set a timer."""
_PATIENCE = 20.0
"""Seconds that somebody who speaks is let speak; then it is said all the same."""
_VOICE_WAIT = 60.0
"""Seconds that a backend has to come up at the start."""
_CHIMES = {"reminder": 1, "timer": 2, "alarm": 3}
_STEP = 0.1
RINGS_FOR: dict[Kind, float] = {"timer": 120.0, "alarm": 600.0}
"""Seconds; a reminder is told once."""
_FIRST_GAP, _GROWTH, _LONGEST_GAP = 4.0, 1.4, 30.0
"""Seconds from one ring to the next."""

Notify = Callable[[str, str], None]
"""Shows a title and a text outside of the program; returns at once."""


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
        notify: Notify = lambda title, text: None,
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
        self._notify = notify
        self._until: dict[Timer, float] = {}
        """When what rings gives up, in seconds since 1970."""
        self._gap = _FIRST_GAP
        self._next_ring = 0.0
        self._news = asyncio.Event()
        self._voice = asyncio.Event()
        bus.on(BackendReady, lambda event: self._voice.set())
        bus.on(BackendGone, lambda event: self._voice.set())
        bus.on(SaidInPassing, lambda event: self.quiet())
        bus.on(StoppedByWords, lambda event: self.quiet())
        bus.on(ToolCalled, self._called)

    def quiet(self) -> None:
        """Somebody has answered what rings."""
        self._schedule.quiet()

    async def run(self) -> None:
        """Never returns, but where nothing rings here."""
        if not self._schedule.rings:
            return
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
            await asyncio.to_thread(self._schedule.take_up)
            await self._tell_due()
            await self._ring_on()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), self._pause())

    def _pause(self) -> float:
        """Seconds until there is something to do."""
        due = [each.due for each in self._schedule.timers()[:1]]
        rings = [self._next_ring] if self._schedule.ringing else []
        return min([_LONGEST_SLEEP, *(max(0.0, at - self._now()) for at in due + rings)])

    def _called(self, event: ToolCalled) -> None:
        if event.call.name in ("stop", "mute"):
            self.quiet()

    def _changed(self) -> None:
        self._show()
        self._news.set()

    def _show(self) -> None:
        timers, ringing = tuple(self._schedule.timers()), tuple(self._schedule.ringing)
        self._bus.publish(TimersChanged(timers=timers, ringing=ringing))

    async def _tell_due(self) -> None:
        for timer in self._schedule.timers():
            if timer.due > self._now():
                return
            await self._wait(self._busy, _PATIENCE)
            if timer in self._schedule.timers():  # it may have been cancelled meanwhile
                await self._tell(timer)

    async def _tell(self, timer: Timer) -> None:
        missed = self._missed(timer)
        text = timer.announced(missed)
        self._bus.publish(TimerRang(timer=timer, text=text))
        self._notify(timer.called.capitalize(), text)
        if timer.kind in RINGS_FOR and not missed:
            self._until[timer] = self._now() + RINGS_FOR[timer.kind]
            self._schedule.ringing.append(timer)
            self._gap = _FIRST_GAP
            self._show()
        await self._chime(timer)
        if self._answered(timer):
            text = ""  # before it was said
        if text:
            self._say(text)
        present = datetime.fromtimestamp(self._now()).astimezone()
        await asyncio.to_thread(self._schedule.told, timer, present)
        self._next_ring = self._now() + self._gap

    def _answered(self, timer: Timer) -> bool:
        return timer in self._until and timer not in self._schedule.ringing

    async def _chime(self, timer: Timer) -> None:
        for _ in range(_CHIMES[timer.kind]):
            if not self._answered(timer):
                self._ring()
                await self._wait(self._sounding, 1.5)

    async def _ring_on(self) -> None:
        """Once more, where it is time for it; what has rung for long is told a last time."""
        ringing = self._schedule.ringing
        self._until = {each: end for each, end in self._until.items() if each in ringing}
        if not ringing or self._now() < self._next_ring:
            return
        await self._wait(self._busy, _PATIENCE)
        for timer in list(self._schedule.ringing):
            await self._chime(timer)
            if self._now() >= self._until.get(timer, 0.0) and timer in self._schedule.ringing:
                self._schedule.ringing.remove(timer)
                self._schedule.rang = [timer]
                self._show()
                text = f"{timer.announced()} Nobody has answered, so I stop ringing."
                self._bus.publish(TimerRang(timer=timer, text=text))
                self._say(text)
        self._gap = min(self._gap * _GROWTH, _LONGEST_GAP)
        self._next_ring = self._now() + self._gap

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
        await wait_while(while_, seconds, _STEP)


# Notifications: what rings is shown on the desktop, too, where there is one.

_APPLE = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)",
          "end run")  # fmt: skip
_SHOWS = 10.0
"""Seconds that the desktop may take."""


def desktop_notifier() -> Notify:
    """Shows a notification, where this desktop has a way to; never waits, and never fails."""
    if sys.platform == "darwin" and (script := shutil.which("osascript")):
        lines = [part for line in _APPLE for part in ("-e", line)]
        return lambda title, text: _start([script, *lines, clean_line(title), clean_line(text)])
    shown = any(os.environ.get(name) for name in ("DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY",
                                                  "DISPLAY"))  # fmt: skip
    if shown and (send := shutil.which("notify-send")):
        options = ["--app-name=assistant", "--"]
        return lambda title, text: _start(
            [send, *options, clean_line(title), html.escape(clean_line(text), quote=False)]
        )
    return lambda title, text: None


def _start(command: list[str]) -> None:
    def run() -> None:
        with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=_SHOWS, check=False)  # fmt: skip

    threading.Thread(target=run, name="notification", daemon=True).start()
