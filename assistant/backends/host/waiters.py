"""Futures by number, each done once its answer came: request and response over one connection."""

from __future__ import annotations

import asyncio


class Waiters:
    """All on the event loop's thread."""

    def __init__(self) -> None:
        self._futures: dict[int, asyncio.Future[None]] = {}

    def __len__(self) -> int:
        return len(self._futures)

    def add(self, number: int) -> asyncio.Future[None]:
        """To be awaited; made before the question is sent."""
        waiter = asyncio.get_running_loop().create_future()
        self._futures[number] = waiter
        return waiter

    def answered(self, number: int) -> None:
        """Nobody need have asked."""
        waiter = self._futures.pop(number, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def release(self) -> None:
        """Let all of them go: no answer will come any more."""
        for number in list(self._futures):
            self.answered(number)
