"""A brain and a tool that take their time, counted on the virtual clock.

The brain is the session's own with three subjects of its own: a long story, so that there is time
to interrupt; the weather, for which it needs a tool; and, for both, as much thinking as wanted.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from assistant.brain.base import Brain, Piece, Question
from assistant.tools.registry import Tool, tool

TOOL = "look_up_weather"
STORY = (
    "Once there was a lighthouse keeper who counted every ship that passed. "
    "On quiet nights he counted the stars instead, and wrote both numbers into one book. "
    "One winter the ships stayed away, and the book filled up with stars. "
    "In spring a captain asked him how many ships had gone by. "
    "More than you would believe, said the keeper, and all of them arrived."
)


class VirtualTime:
    """Sleeping on the clock of the simulation."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self.somebody_sleeps = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        due: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._clock() + seconds, next(self._order), due))
        self.somebody_sleeps.set()
        await due

    def advance(self) -> None:
        """Wake whoever has slept long enough."""
        while self._sleepers and (
            self._sleepers[0][0] <= self._clock() or self._sleepers[0][2].cancelled()
        ):
            _, _, due = heapq.heappop(self._sleepers)
            if not due.done():
                due.set_result(None)
        if not self._sleepers:
            self.somebody_sleeps.clear()


@dataclass(slots=True)
class Slowness:
    """Seconds on the virtual clock; a scenario may change them as it goes."""

    thinking: float = 0.0
    """Before the first word of any answer."""
    tool: float = 0.0
    """That the weather takes."""


class SimulatedBrain:
    """`Brain` in front of another."""

    def __init__(self, brain: Brain, time: VirtualTime, slowness: Slowness) -> None:
        self.label = brain.label
        self._brain = brain
        self._time = time
        self._slowness = slowness

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        await self._time.sleep(self._slowness.thinking)
        words = question.text.lower()
        if "story" in words:
            yield STORY
        elif "weather" in words:
            yield f'TOOL_CALL: {{"name": "{TOOL}", "arguments": {{}}}}'
        elif not words and question.history and question.history[-1].role == "tool":
            yield question.history[-1].text
        else:
            async for piece in self._brain.answer(question):
                yield piece

    async def close(self) -> None:
        await self._brain.close()


def weather_tool(time: VirtualTime, slowness: Slowness) -> Tool:
    """The tool that the brain calls for the weather."""

    @tool()
    async def look_up_weather() -> str:
        """Look up the weather."""
        await time.sleep(slowness.tool)
        return "It is mild and cloudy, with a light wind from the west."

    return look_up_weather
