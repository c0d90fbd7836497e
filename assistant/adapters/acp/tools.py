"""The tools by which a coding agent is asked: to ask it, to hear of its work, to stop it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from assistant.tools.registry import Tool, ToolReply, tool


def make_tools(
    name: str,
    called: str,
    *,
    ask: Callable[[str], ToolReply],
    state: Callable[[], str],
    stop: Callable[[], Awaitable[str]],
) -> list[Tool]:
    """`ask_NAME`, `what_NAME_does` and `stop_NAME`. `called`: what a person calls the agent."""
    word = re.sub(r"\W+", "_", name.casefold())

    async def give(request: str) -> ToolReply:
        return ask(request)

    give.__doc__ = (
        f"Give {called}, a coding agent, a task in the user's project. It works on it"
        " beside the conversation, and the user is told when it is done.\n\n"
        "Args:\n    request: The task, in the user's words."
    )

    async def what() -> ToolReply:
        return ToolReply(state())

    what.__doc__ = f"Tell what {called} is doing."

    async def end() -> ToolReply:
        return ToolReply(await stop())

    end.__doc__ = f"Stop what {called} is doing."
    # A model's own idea is asked about: an agent changes files.
    return [
        tool(name=f"ask_{word}", destroys=True)(give),
        tool(name=f"what_{word}_does", offered=False)(what),
        tool(name=f"stop_{word}", offered=False)(end),
    ]
