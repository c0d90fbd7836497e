"""Sees to it that a child that is of no use any more ends, whatever state it is in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from assistant.backends.host.child import kill_child, trim_log
from assistant.backends.host.link import ChildLink

LOG_CHECK = 60.0
"""Seconds between two looks at how long the child's log has become."""
GRACE = 2.0
"""Seconds for a child that has hung up to end by itself."""


class Watchdog:
    """Watches one child until `cancel`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        link: ChildLink,
        owes: Callable[[], bool],
        *,
        patience: float,
        log_path: Path | None,
    ) -> None:
        """`owes()`: an answer of the child is outstanding; `patience`: seconds it may take."""
        self.reason = ""
        """Why it was killed, as the end of "the … backend": "did not answer for 15 s"."""
        self._process = process
        self._link = link
        self._owes = owes
        self._patience = patience
        self._log_path = log_path
        works = (self._until_it_hangs(), self._until_it_hung_up(), self._keep_log_short())
        self._tasks = [asyncio.create_task(work, name="backend-watch") for work in works]

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _until_it_hangs(self) -> None:
        """Counts its own ticks, not the clock's: where this program was held up itself (stopped by
        Ctrl-Z, a machine asleep), the child was given no chance to be heard."""
        silent, news, tick = 0.0, self._link.news, min(1.0, self._patience / 4)
        while silent < self._patience:
            await asyncio.sleep(tick)
            silent = silent + tick if self._owes() and news == self._link.news else 0.0
            news = self._link.news
        self._kill(f"did not answer for {silent:.0f} s")

    async def _until_it_hung_up(self) -> None:
        await self._link.hung_up.wait()
        await asyncio.sleep(GRACE)
        self._kill("broke off the connection")

    def _kill(self, reason: str) -> None:
        self.reason = reason
        kill_child(self._process)

    async def _keep_log_short(self) -> None:
        while self._log_path is not None:
            await asyncio.to_thread(trim_log, self._log_path)
            await asyncio.sleep(LOG_CHECK)
