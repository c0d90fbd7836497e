"""Askers: the front ends that can ask the user whether a tool may run, all of them at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from assistant.calls.parser import ToolCall

Confirm = Callable[[ToolCall], Awaitable[bool]]
"""Asks the user whether a tool may run."""

log = logging.getLogger(__name__)


class Askers:
    """Everyone is asked, who comes in the middle, too; the first answer counts, and the others'
    question is cancelled. Where nobody is left, or ever was, the answer is no."""

    def __init__(self) -> None:
        self._askers: list[Confirm] = []
        self._open: list[_Question] = []

    def __bool__(self) -> bool:
        """Whether there is anybody who can ask."""
        return bool(self._askers)

    def add(self, asker: Confirm) -> Callable[[], None]:
        """From now on; returns how to end it. In the event loop."""
        self._askers.append(asker)
        for question in self._open:
            question.put(asker)

        def remove() -> None:
            if asker in self._askers:
                self._askers.remove(asker)
                for question in list(self._open):
                    question.withdraw(asker)

        return remove

    async def ask(self, call: ToolCall) -> bool:
        question = _Question(call)
        self._open.append(question)
        try:
            for asker in self._askers:
                question.put(asker)
            return await question.answered()
        finally:
            self._open.remove(question)
            question.close()


class _Question:
    """One call, and who was asked about it."""

    def __init__(self, call: ToolCall) -> None:
        self._call = call
        self._asking: dict[asyncio.Future[bool], Confirm] = {}
        self._changed = asyncio.Event()

    def put(self, asker: Confirm) -> None:
        asking = asyncio.ensure_future(asker(self._call))
        self._asking[asking] = asker
        asking.add_done_callback(lambda done: self._changed.set())

    def withdraw(self, asker: Confirm) -> None:
        for asking in [each for each, who in self._asking.items() if who == asker]:
            asking.cancel()

    async def answered(self) -> bool:
        while self._asking:
            self._changed.clear()
            for asking in [each for each in self._asking if each.done()]:
                asker = self._asking.pop(asking)
                if asking.cancelled():
                    continue
                if (fault := asking.exception()) is None:
                    return asking.result()
                log.error("%r could not ask", asker, exc_info=fault)
            if self._asking:
                await self._changed.wait()
        return False

    def close(self) -> None:
        for asking in self._asking:
            asking.cancel()
