"""What a tool of another program costs: its start, our part of each call, its words in a prompt.

Each call is made twice, by us and by the bare client of the protocol's SDK, on the same running
server, in turns whose order changes, so that whatever else goes on there slows both.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from typing import Any

from assistant.adapters.connection import McpConnection
from assistant.adapters.launching import AdapterError
from assistant.adapters.tools import UnusableTool, make_tool, schema_tokens
from assistant.bench.report import Measurement
from assistant.calls.parser import ToolCall
from assistant.config.schema import AdapterConfig
from assistant.loops import BackgroundTasks
from assistant.session.calls.slow_calls import SlowCalls
from assistant.session.event_bus import EventBus
from assistant.tools.executor import ToolExecutor
from assistant.tools.registry import ToolRegistry

STARTS = 3
AIM = 3.0
"""Milliseconds that ours may take beyond the bare call."""
_READY_WITHIN = 70.0
_ESTIMATE = "estimate: four characters each"


def measure(
    adapters: Mapping[str, AdapterConfig],
    *,
    tool: str | None = None,
    arguments: dict[str, Any] | None = None,
    calls: int = 200,
) -> list[Measurement]:
    """Rows for each adapter. Without any, a small server of our own is measured. `tool`: the one
    that is called, with `arguments`; None: the first that only reads and needs none. Raises
    `AdapterError`."""
    chosen = dict(adapters) or {"echo": own_server()}
    return asyncio.run(_measure(chosen, tool, arguments or {}, calls))


def own_server() -> AdapterConfig:
    """A server with one tool, which says what it is told."""
    return AdapterConfig(command=[sys.executable, "-m", "assistant.bench.echo_server"])


async def _measure(
    adapters: dict[str, AdapterConfig], tool: str | None, arguments: dict[str, Any], calls: int
) -> list[Measurement]:
    rows: list[Measurement] = []
    for name, config in adapters.items():
        starts = []
        for at in range(STARTS):
            connection = McpConnection(name, config)
            run = asyncio.create_task(connection.run())
            try:
                await _ready(connection, run)
                starts.append(connection.status.seconds)
                if at == STARTS - 1:
                    called = _callable_tool(connection, tool)
                    measured = await _calls(connection, config, called, arguments, calls)
                    schemas = _schemas(connection, config)
            finally:
                run.cancel()
                await asyncio.wait({run}, timeout=5.0)
        rows += [Measurement(f"{name}: start", "s", tuple(starts)), *measured, *schemas]
    return rows


async def _ready(connection: McpConnection, run: asyncio.Task[None]) -> None:
    changed = asyncio.Event()
    connection.on_change = changed.set
    async with asyncio.timeout(_READY_WITHIN):
        while connection.status.state == "starting" and not run.done():
            await changed.wait()
            changed.clear()
    if connection.status.problem is not None:
        raise connection.status.problem


def _callable_tool(connection: McpConnection, wanted: str | None) -> str:
    for each in connection.status.listing.tools:
        reads = each.annotations is not None and each.annotations.read_only_hint
        if each.name == wanted or (wanted is None and reads and not _needs(each.input_schema)):
            return str(each.name)
    names = ", ".join(each.name for each in connection.status.listing.tools)
    if wanted is not None:
        raise AdapterError(f"{connection.name} has no tool {wanted}", f"It has {names}")
    raise AdapterError(
        f"{connection.name} has no tool that only reads and needs no arguments",
        f"""Name one: --tool NAME --arguments '{{"path": "/tmp"}}'; it has {names}""",
    )


def _needs(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get("required"))


async def _calls(
    connection: McpConnection,
    config: AdapterConfig,
    tool: str,
    arguments: dict[str, Any],
    calls: int,
) -> list[Measurement]:
    """Raises `AdapterError` where the tool fails."""
    remote = next(each for each in connection.status.listing.tools if each.name == tool)
    made = make_tool(connection, remote, config.timeout_s, _as_in_a_session().run)
    executor = ToolExecutor(ToolRegistry([made], {made.name: "always"}))
    client = connection.client
    assert client is not None

    async def ours() -> float:
        began = time.perf_counter()
        result = await executor.run(ToolCall(made.name, arguments))
        took = time.perf_counter() - began
        if not result.ok:
            raise AdapterError(f"{tool}: {result.content}", "Name a tool and arguments that work.")
        return 1000 * took

    async def bare() -> float:
        began = time.perf_counter()
        await client.call_tool(tool, arguments)
        return 1000 * (time.perf_counter() - began)

    mine, theirs = [], []
    for at in range(calls + 1):
        if at % 2:
            one, other = await ours(), await bare()
        else:
            other, one = await bare(), await ours()
        if at:  # the first of each warms up
            mine.append(one)
            theirs.append(other)
    over = tuple(one - other for one, other in zip(mine, theirs, strict=True))
    called = f"{connection.name}: {tool}"
    return [
        Measurement(f"{called}, ours", "ms", tuple(mine)),
        Measurement(f"{called}, bare SDK", "ms", tuple(theirs)),
        Measurement("  ours − bare, call by call", "ms", over, f"aim: ≤ {AIM:g} ms"),
    ]


def _as_in_a_session() -> SlowCalls:
    """What watches calls in a conversation; nothing is said here."""

    class Silent:
        def fill_silence(self) -> None:
            pass

        def say(self, text: str) -> None:
            pass

    return SlowCalls(
        EventBus(time.monotonic),
        BackgroundTasks(),
        Silent(),
        lambda tool: "",
        busy=lambda: False,
        asking=lambda: False,
        tell=lambda result: False,
    )


def _schemas(connection: McpConnection, config: AdapterConfig) -> list[Measurement]:
    """Tokens that a language model is told of the server's tools."""
    every, allowed, count = 0, 0, 0
    for remote in connection.status.listing.tools:
        try:
            length = schema_tokens(make_tool(connection, remote, config.timeout_s))
        except UnusableTool:
            continue
        every += length
        if config.tools is None or remote.name in config.tools:
            allowed += length
            count += 1
    kind = f"{len(connection.status.listing.tools)} tools"
    rows = [Measurement(f"{connection.name}: schemas of {kind}", "tokens", (every,), _ESTIMATE)]
    if config.tools is not None:
        told = f"{connection.name}: schemas of the {count} on its list"
        rows.append(Measurement(told, "tokens", (allowed,), _ESTIMATE))
    return rows
