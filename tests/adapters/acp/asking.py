"""A real agent of the protocol's own library, asked as in a conversation."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from assistant.adapters.acp.job import Answer
from assistant.adapters.acp.jobs import AgentJobs
from assistant.calls.parser import ToolCall
from assistant.config.schema import AdapterConfig
from assistant.tools.executor import ToolExecutor
from assistant.tools.registry import Permission, ToolRegistry, ToolResult
from tests.fakes import until

AGENT = [sys.executable, "-m", "tests.adapters.acp.agent"]


class Heard:
    """What is told of an agent's work; `answers` are those of the user, the last one for good."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers) or ["no"]
        self.begun: list[ToolCall] = []
        self.chips: list[ToolResult] = []
        self.told: list[str] = []
        self.asked: list[str] = []
        self.holds = False
        """The user does not answer."""

    def called(self, call: ToolCall) -> None:
        self.begun.append(call)

    def finished(self, result: ToolResult) -> None:
        self.chips.append(result)

    def tell(self, text: str) -> None:
        self.told.append(text)

    async def may(self, call: ToolCall, question: str) -> Answer:
        self.asked.append(question)
        if self.holds:
            await asyncio.sleep(3600)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def answer(self) -> str:
        """All that the agent wrote in the last request."""
        return next(c.content for c in reversed(self.chips) if c.call.name == "goose__answer")


@asynccontextmanager
async def goose(
    folder: Path,
    heard: Heard,
    *flags: str,
    permissions: dict[str, Permission] | None = None,
    **given: Any,
) -> AsyncIterator[AgentJobs]:
    settings = {
        "kind": "acp",
        "command": [*AGENT, *flags],
        "cwd": str(Path.cwd()),
        "folder": str(folder),
        "spoken": ["goose"],
        **given,
    }
    registry = ToolRegistry([], permissions)
    jobs = AgentJobs("goose", AdapterConfig.model_validate(settings), registry, heard)
    try:
        yield jobs
    finally:
        await jobs.close()


async def ask(jobs: AgentJobs, request: str) -> str:
    """What is answered at once."""
    registry = ToolRegistry(jobs.tools)
    result = await ToolExecutor(registry).run(
        ToolCall("ask_goose", {"request": request}, origin="speech")
    )
    return result.brief or result.spoken or result.content


async def asked(jobs: AgentJobs, heard: Heard, request: str) -> str:
    """What is told of this request in the end."""
    before = len(heard.told)
    await ask(jobs, request)
    await until(lambda: len(heard.told) > before)
    return heard.told[-1]


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def chips(heard: Heard) -> list[tuple[str, bool, str]]:
    return [(each.call.name, each.ok, each.content) for each in heard.chips]


async def state(jobs: AgentJobs) -> str:
    return (await ToolExecutor(ToolRegistry(jobs.tools)).run(ToolCall("what_goose_does"))).content


async def stop(jobs: AgentJobs) -> str:
    return (await ToolExecutor(ToolRegistry(jobs.tools)).run(ToolCall("stop_goose"))).content
