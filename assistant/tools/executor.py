"""Runs tool calls. Whatever goes wrong becomes a result, because the model must be told of it."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from assistant.calls.parser import ToolCall
from assistant.tools.registry import Tool, ToolError, ToolRegistry, ToolReply, ToolResult
from assistant.tools.schema import ArgumentError

MAX_CONTENT = 4_000
"""Characters of a result: more would push the conversation out of a small model's context."""
CONFIRM_TIMEOUT = 60.0
"""Seconds a question to the user stays open; no answer is a no."""
_GRACE = 0.25
"""Seconds a cancelled tool gets to clean up before it is left alone."""

Confirm = Callable[[ToolCall], Awaitable[bool]]
"""Asks the user whether this call may run."""

_log = logging.getLogger(__name__)


class ToolExecutor:
    """Runs calls against a registry, within their permission and time limit."""

    def __init__(self, registry: ToolRegistry, confirm: Confirm | None = None) -> None:
        """Without `confirm` nobody can be asked, so a tool that wants asking is refused."""
        self._registry = registry
        self._confirm = confirm
        self._running: set[asyncio.Task[Any]] = set()

    async def run(self, call: ToolCall) -> ToolResult:
        """What came of the call. Raises nothing but the cancellation of the caller's own task."""
        started = time.perf_counter()
        try:
            reply = await self._run(call)
            ok = True
        except ToolError as error:
            ok, reply = False, ToolReply(error.content, error.spoken)
        except Exception as error:
            _log.exception("tool %s failed", call.name)
            ok, reply = False, ToolReply(f"{call.name} failed: {type(error).__name__}: {error}")
        return ToolResult(
            call=call,
            ok=ok,
            content=bounded(reply.content),
            spoken=reply.spoken,
            brief=reply.brief,
            prompt=reply.prompt,
            seconds=time.perf_counter() - started,
        )

    async def _run(self, call: ToolCall) -> ToolReply:
        try:
            tool = self._registry.get(call.name)
            permission = self._registry.permission(call.name, call.origin)
        except KeyError as error:
            raise ToolError(str(error.args[0])) from None
        if permission == "never":
            raise ToolError(f"{call.name} is not allowed by the user's settings")
        try:
            arguments = tool.check(call.arguments)
        except ArgumentError as error:
            raise ToolError(f"{call.name}: {error}") from None
        if permission == "ask":
            await self._ask(call)
        return _reply(await self._finish(tool, _start(tool, arguments)))

    async def _ask(self, call: ToolCall) -> None:
        if self._confirm is None:
            raise ToolError(f"{call.name} needs the user's consent, and nobody can be asked")
        try:
            allowed = await asyncio.wait_for(self._confirm(call), CONFIRM_TIMEOUT)
        except TimeoutError:
            raise ToolError(f"{call.name} was not run: the user did not answer") from None
        if not allowed:
            raise ToolError(f"{call.name} was not run: the user said no")

    async def _finish(self, tool: Tool, work: Awaitable[Any]) -> Any:
        """Wait, but never longer than the limit, whether or not the tool heeds cancellation."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            done, _ = await asyncio.wait({task}, timeout=tool.timeout)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            task.cancel()
            await asyncio.wait({task}, timeout=_GRACE)
            task.add_done_callback(_swallow)
            raise ToolError(f"{tool.name} took longer than {tool.timeout:g} s and was given up")
        if task.cancelled():
            raise ToolError(f"{tool.name} was cancelled")
        return task.result()


def _start(tool: Tool, arguments: dict[str, Any]) -> Awaitable[Any]:
    if inspect.iscoroutinefunction(tool.function):
        return _coroutine(tool, arguments)
    return _in_thread(tool, arguments)


async def _coroutine(tool: Tool, arguments: dict[str, Any]) -> Any:
    return await tool.function(**arguments)


def _in_thread(tool: Tool, arguments: dict[str, Any]) -> asyncio.Future[Any]:
    """Run a plain function in a thread of its own.

    A daemon, and not `asyncio.to_thread`: that pool is joined when the loop closes, so one tool
    that hangs would keep the program from quitting.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def settle(value: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    def work() -> None:
        value: Any = None
        failure: BaseException | None = None
        try:
            value = context.run(tool.function, **arguments)
        except BaseException as error:
            # A future cannot carry StopIteration, and SystemExit must not end the loop.
            plain = isinstance(error, Exception) and not isinstance(error, StopIteration)
            failure = error if plain else RuntimeError(repr(error))
        try:
            loop.call_soon_threadsafe(settle, value, failure)
        except RuntimeError:
            _log.info("tool %s came back after the session had ended", tool.name)

    threading.Thread(target=work, name=f"tool-{tool.name}", daemon=True).start()
    return future


def _swallow(task: asyncio.Task[Any]) -> None:
    """Look at a given-up task's exception, so that asyncio does not complain about it."""
    if not task.cancelled():
        task.exception()


def _reply(value: Any) -> ToolReply:
    if isinstance(value, ToolReply):
        return value
    if value is None:
        return ToolReply("done")
    if isinstance(value, str):
        return ToolReply(value)
    return ToolReply(json.dumps(value, ensure_ascii=False, default=str))


def bounded(text: str) -> str:
    """At most `MAX_CONTENT` characters of it, and how many there were."""
    if len(text) <= MAX_CONTENT:
        return text
    return f"{text[:MAX_CONTENT]}… (cut; {len(text)} characters in all)"
