"""Whatever a tool does, the conversation goes on, and the model hears what went wrong."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import pytest

from assistant.calls.parser import ToolCall
from assistant.tools.executor import MAX_CONTENT, Confirm, ToolExecutor
from assistant.tools.registry import (
    Permission,
    ToolError,
    ToolRegistry,
    ToolReply,
    ToolResult,
    tool,
)

release = threading.Event()


@tool()
async def greet(name: str) -> str:
    """Greet."""
    return f"hello {name}"


@tool()
def thread_name() -> dict[str, str]:
    """Tell the thread."""
    return {"thread": threading.current_thread().name}


@tool()
async def speak_up() -> ToolReply:
    """Speak."""
    return ToolReply("facts", spoken="words")


@tool()
async def breaks() -> str:
    """Break."""
    raise RuntimeError("the pipe burst")


@tool()
async def declines() -> str:
    """Decline."""
    raise ToolError("no such thing", spoken="Sorry.")


@tool()
def stops_iteration() -> str:
    """Break in the way that a future cannot carry."""
    raise StopIteration("over")


@tool(timeout=0.05)
async def sleeps() -> str:
    """Sleep."""
    await asyncio.sleep(60)
    return "slept"


@tool(timeout=0.05)
def hangs() -> str:
    """Hang."""
    release.wait(20)
    return "hung"


@tool(timeout=0.05)
async def stubborn() -> str:
    """Refuse to be cancelled."""
    for _ in range(40):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.05)
    return "still here"


@tool()
async def chatty() -> str:
    """Say much."""
    return "x" * (MAX_CONTENT * 3)


@tool()
async def silent() -> None:
    """Say nothing."""


TOOLS = [greet, thread_name, speak_up, breaks, declines, stops_iteration, sleeps, hangs, stubborn]
TOOLS += [chatty, silent]


def executor(
    confirm: Confirm | None = None, permissions: dict[str, Permission] | None = None
) -> ToolExecutor:
    return ToolExecutor(ToolRegistry(TOOLS, permissions), confirm)


async def run(tool_name: str, /, **arguments: Any) -> ToolResult:
    return await executor().run(ToolCall(tool_name, arguments))


async def test_results_of_every_kind() -> None:
    result = await run("greet", name="Ada")
    assert (result.ok, result.content, result.spoken) == (True, "hello Ada", None)
    assert result.seconds > 0
    result = await run("speak_up")
    assert (result.content, result.spoken) == ("facts", "words")
    assert (await run("silent")).content == "done"
    assert (await run("thread_name")).content == '{"thread": "tool-thread_name"}'


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("great", {}, "there is no tool 'great'; did you mean 'greet'"),
        ("greet", {"nam": "x"}, "did you mean 'name'"),
        ("breaks", {}, "breaks failed: RuntimeError: the pipe burst"),
        ("stops_iteration", {}, "stops_iteration failed"),
        ("declines", {}, "no such thing"),
        ("sleeps", {}, "longer than 0.05 s"),
        ("hangs", {}, "longer than 0.05 s"),
        ("stubborn", {}, "longer than 0.05 s"),
    ],
)
async def test_whatever_goes_wrong_is_a_result(
    name: str, arguments: dict[str, Any], words: str
) -> None:
    release.clear()
    result = await run(name, **arguments)
    release.set()
    assert not result.ok
    assert words in result.content


async def test_an_expected_refusal_may_say_how_to_put_it() -> None:
    assert (await run("declines")).spoken == "Sorry."


async def test_a_result_is_bounded() -> None:
    result = await run("chatty")
    assert len(result.content) < MAX_CONTENT + 60
    assert f"{MAX_CONTENT * 3} characters" in result.content


async def test_cancelling_the_caller_cancels_the_tool() -> None:
    ended = asyncio.Event()

    @tool()
    async def watched() -> str:
        """Watch."""
        try:
            await asyncio.sleep(20)
        finally:
            ended.set()
        return ""

    task = asyncio.create_task(ToolExecutor(ToolRegistry([watched])).run(ToolCall("watched")))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), 2)


async def test_the_user_is_asked_where_the_permission_says_so() -> None:
    asked: list[ToolCall] = []
    answers = [True, False]

    async def confirm(call: ToolCall) -> bool:
        asked.append(call)
        return answers.pop(0)

    tools = executor(confirm, {"greet": "ask"})
    call = ToolCall("greet", {"name": "Ada"})
    assert (await tools.run(call)).ok
    refused = await tools.run(call)
    assert asked == [call, call]
    assert not refused.ok
    assert "said no" in refused.content
    await tools.run(ToolCall("greet", {"wrong": 1}))
    assert len(asked) == 2, "nobody is asked about a call that cannot run"


async def test_nobody_to_ask_and_a_question_that_fails_are_both_a_no() -> None:
    async def broken(call: ToolCall) -> bool:
        raise OSError("terminal gone")

    call = ToolCall("greet", {"name": "Ada"})
    for confirm in (None, broken):
        assert not (await executor(confirm, {"greet": "ask"}).run(call)).ok


async def test_never_means_never() -> None:
    result = await executor(None, {"greet": "never"}).run(ToolCall("greet", {"name": "Ada"}))
    assert not result.ok
    assert "not allowed" in result.content
