"""Functions of the client's, as tools of the session: a call ends the response, and what came of it
begins the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from assistant.serving.realtime.protocol import EventError, Json, new_id
from assistant.serving.realtime.responses import Responses
from assistant.serving.realtime.settings import FunctionTool
from assistant.tools.registry import Tool, ToolRegistry

CALL_SECONDS = 120.0
"""That the client may take for a call."""


class ClientCalls:
    def __init__(self, responses: Responses, registry: ToolRegistry) -> None:
        self._responses = responses
        self._registry = registry
        self._offered: tuple[FunctionTool, ...] = ()
        self._open: dict[str, asyncio.Future[str]] = {}
        self._outputs: dict[str, str] = {}
        """What came of a call, until the client wants it answered."""
        self._turns: set[int] = set()
        """Of the assistant's, that go on once the calls are answered."""

    @property
    def waiting(self) -> bool:
        """An answer waits for the client."""
        return bool(self._open)

    def offer(self, tools: tuple[FunctionTool, ...]) -> None:
        """These and no others from now on. Raises `EventError` where a name is taken."""
        own = {tool.name for tool in self._offered}
        for tool in tools:
            if tool.name in self._registry and tool.name not in own:
                raise EventError(
                    f"“{tool.name}” is a tool of the assistant's own; give yours another name",
                    param="tools",
                )
        for name in own:
            self._registry.remove(name)
        for tool in tools:
            self._registry.add(self._made(tool))
        self._offered = tools

    def has_output(self, call_id: str, output: str) -> None:
        """What came of a call. Raises `EventError` where nobody waits for it."""
        if call_id not in self._open:
            raise EventError("no call waits for this", param="item.call_id", code="call_not_found")
        self._outputs[call_id] = output

    @property
    def has_outputs(self) -> bool:
        """There is something to go on with, once the client wants an answer."""
        return bool(self._outputs)

    def answer(self) -> None:
        """It wants one."""
        self._responses.begin(turns=self._turns)
        self._turns = set()
        for call_id, output in self._outputs.items():
            if (waiting := self._open.pop(call_id, None)) is not None and not waiting.done():
                waiting.set_result(output)
        self._outputs.clear()

    def close(self) -> None:
        """Nobody waits any longer."""
        for waiting in self._open.values():
            waiting.cancel()
        self._open.clear()
        self._outputs.clear()

    def _made(self, tool: FunctionTool) -> Tool:
        return Tool(
            name=tool.name,
            description=tool.description,
            parameters=tool.parameters,
            function=partial(self._call, tool.name),
            check=_as_they_are,
            timeout=CALL_SECONDS,
        )

    async def _call(self, name: str, arguments: Json) -> str:
        call_id = new_id("call")
        waiting: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._open[call_id] = waiting
        self._turns = set(self._responses.begin().turns)
        self._responses.call(call_id, name, arguments)
        self._responses.finish("completed")
        try:
            return await waiting
        finally:
            self._open.pop(call_id, None)


def _as_they_are(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The client's schema is the client's business: it checks what it is called with."""
    return {"arguments": dict(arguments)}
