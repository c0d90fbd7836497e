"""Adapters on real servers, for a test."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from assistant.adapters.elicitation import AskUser
from assistant.adapters.manager import Adapters
from assistant.adapters.tools import RunCall, run_alone
from assistant.calls.parser import ToolCall
from assistant.config.schema import AdapterConfig
from assistant.tools.executor import ToolExecutor
from assistant.tools.registry import ToolRegistry, ToolResult
from tests.fakes import until

SERVER = [sys.executable, "-m", "tests.adapters.server"]
RAW_SERVER = [sys.executable, "-m", "tests.adapters.raw_server"]


class Told:
    """What the user was told of servers."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str, remedy: str) -> None:
        self.texts.append(f"{text} | {remedy}")


@asynccontextmanager
async def running(
    registry: ToolRegistry,
    told: Told,
    run: RunCall = run_alone,
    ask: AskUser | None = None,
    **servers: dict[str, Any],
) -> AsyncIterator[Adapters]:
    config = {
        name: AdapterConfig.model_validate({"command": SERVER, "cwd": str(Path.cwd()), **given})
        for name, given in servers.items()
    }
    adapters = Adapters(config, registry, told, run, ask)
    adapters.start()
    try:
        yield adapters
    finally:
        adapters.end()
        await adapters.ended()


async def ready(adapters: Adapters, name: str = "notes") -> None:
    await until(lambda: adapters.connections[name].status.state == "ready")


async def called(registry: ToolRegistry, name: str, **arguments: Any) -> ToolResult:
    return await ToolExecutor(registry).run(ToolCall(f"notes__{name}", arguments))
