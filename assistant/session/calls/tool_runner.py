"""Tool calls of one conversation, and what front ends are told of them."""

from __future__ import annotations

import logging
from typing import Any

from assistant.calls.parser import Malformed, ToolCall
from assistant.session.event_bus import EventBus
from assistant.session.events import Notice, ToolCalled, ToolFinished
from assistant.tools.executor import Confirm, ToolExecutor
from assistant.tools.registry import ToolRegistry, ToolResult

log = logging.getLogger(__name__)


class ToolRunner:
    """The registry of a session with its executor."""

    def __init__(self, bus: EventBus, registry: ToolRegistry, confirm: Confirm) -> None:
        """`confirm(call)` asks the user whether it may run."""
        self._bus = bus
        self._registry = registry
        self._executor = ToolExecutor(registry, confirm)

    def names(self) -> list[str]:
        return [tool.name for tool in self._registry]

    def schemas(self) -> list[dict[str, Any]]:
        """As a language model is told of them."""
        return self._registry.schemas()

    async def run(self, call: ToolCall) -> ToolResult:
        """What came of the call. Raises nothing but the cancellation of the caller's own task."""
        self._bus.publish(ToolCalled(call=call))
        result = await self._executor.run(call)
        self._bus.publish(ToolFinished(result=result))
        return result


def malformed(bus: EventBus, item: Malformed) -> None:
    """A tool call that could not be read: told to the user, its text to the log."""
    log.warning("malformed tool call (%s): %.200s", item.reason, item.raw)
    bus.publish(Notice(text=f"a tool call could not be read: {item.reason}"))
