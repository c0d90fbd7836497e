"""What is said of itself, by work beside the conversation: it waits for a pause."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from assistant.calls.parser import ToolCall
from assistant.session.calls.spoken_consent import Answer, Consent, SpokenConsent
from assistant.session.event_bus import EventBus, cleaned
from assistant.session.events import ToolCalled, ToolFinished
from assistant.tools.executor import CONFIRM_TIMEOUT
from assistant.tools.registry import ToolResult

TIMES_ASKED = 3
"""A question that other words came between is put so often; then it is a no."""
_LOOK = 0.1
"""Seconds from one look to the next."""


class WorkReports:
    """Implements `adapters.acp.job.Reports`."""

    def __init__(
        self,
        bus: EventBus,
        consent: SpokenConsent,
        say: Callable[[str], None],
        *,
        busy: Callable[[], bool],
        on_screen: Callable[[], Consent | None],
        run_beside: Callable[[Awaitable[None]], None],
    ) -> None:
        """`busy()`: somebody speaks or is about to. `on_screen()`: what asks there, where there is
        a screen."""
        self._bus = bus
        self._consent = consent
        self._say = say
        self._busy = busy
        self._on_screen = on_screen
        self._run_beside = run_beside

    def called(self, call: ToolCall) -> None:
        self._bus.publish(ToolCalled(call=call))

    def finished(self, result: ToolResult) -> None:
        self._bus.publish(ToolFinished(result=result))

    def tell(self, text: str) -> None:
        """Say this at the next pause."""
        self._run_beside(self._tell(text))

    async def may(self, call: ToolCall, question: str) -> Answer:
        """The user's answer; none, however often it is asked, is a no."""
        call = cleaned(call)
        for _ in range(TIMES_ASKED):
            await self._pause()
            try:
                async with asyncio.timeout(CONFIRM_TIMEOUT):
                    answer = await self._consent.ask_beside(call, self._on_screen(), question)
            except TimeoutError:
                continue
            if answer is not None:
                return answer
        return "no"

    async def _tell(self, text: str) -> None:
        await self._pause()
        self._say(text)

    async def _pause(self) -> None:
        while self._busy() or self._consent.is_open:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK)
