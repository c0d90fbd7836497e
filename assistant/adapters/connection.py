"""One MCP server: started or reached, asked for its tools, called, and started again when it ends.

A client of the SDK has to be opened and closed by the same task, which is `McpConnection.run`;
calls may come from any other.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assistant.config.schema import AdapterConfig
from assistant.errors import AssistantError
from assistant.locations import log_dir
from assistant.private_files import make_folder, open_append

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult, Tool

INSTALL = "Install what speaks to other programs: pip install 'assistant[adapters]'"
START_SECONDS = 60.0
"""For which a server may take to start: one in Python takes fifteen on a busy machine."""
CLOSE_SECONDS = 3.0
LOOK_SECONDS = 15.0
"""From one look whether it is still there to the next."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a server that ended is started again: doubling, up to the second."""
MOST_PAGES = 20
"""Of tools, as a server lists them."""

State = Literal["starting", "ready", "waiting", "failed", "closed"]

log = logging.getLogger(__name__)


class AdapterError(AssistantError):
    """A server could not be reached, or could not do what it was asked."""


@dataclass(slots=True)
class ServerStatus:
    """How a server is."""

    state: State = "starting"
    problem: AdapterError | None = None
    """Why it is not ready, where something is wrong."""
    tools: list[Tool] = field(default_factory=list)
    prompts: int = 0
    resources: int = 0
    seconds: float = 0.0
    """That it took to start."""


class McpConnection:
    """`on_change()` is called in the event loop whenever `status` is another."""

    def __init__(
        self, name: str, config: AdapterConfig, changed: Callable[[], None] = lambda: None
    ) -> None:
        self.name = name
        self.status = ServerStatus()
        self._config = config
        self.on_change = changed
        self._client: Client | None = None
        self._look = asyncio.Event()
        """The server may be gone, or has other tools."""
        self._again = False

    async def run(self) -> None:
        """Keep it running until cancelled, or until starting it again cannot help."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._once()
                pause = FIRST_PAUSE
            except AdapterError as error:
                self._set("failed", error)
                return
            except Exception as error:
                log.info("adapter %s: %s", self.name, _told(error))
                self._set("waiting", self._problem(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def call(
        self,
        tool: str,
        arguments: dict[str, Any],
        on_progress: Callable[[float, float | None, str | None], None] | None = None,
    ) -> CallToolResult:
        """Raises `AdapterError` where the server is not there, or ends meanwhile."""
        client = self._client
        if client is None:
            why = self.status.problem
            raise AdapterError(
                why.message if why else f"{self.name} is not ready yet",
                why.remedy if why else "Try again in a moment.",
            )

        async def told(progress: float, total: float | None, message: str | None) -> None:
            if on_progress is not None:
                on_progress(progress, total, message)

        try:
            return await client.call_tool(tool, arguments, progress_callback=told)
        except Exception as error:
            self._look.set()
            raise AdapterError(f"{self.name} could not do it: {_told(error)}", "") from error

    # -- one life of the server ------------------------------------------------------------------

    async def _once(self) -> None:
        """From its start to its end. Raises `AdapterError` where it cannot be started at all."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._set("starting")
        with _log_file(self.name) as errors:
            client = self._make(errors)
            async with asyncio.timeout(START_SECONDS) as starting:
                async with client:
                    await self._take_stock(client)
                    starting.reschedule(None)
                    self._client = client
                    self.status.seconds = loop.time() - began
                    self._set("ready")
                    try:
                        await self._watch(client)
                    finally:
                        self._client = None

    async def _watch(self, client: Client) -> None:
        """Until it does not answer any more. Raises whatever the SDK raises then."""
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._look.wait()
            except TimeoutError:
                pass
            self._look.clear()
            if self._again:
                self._again = False
                await self._take_stock(client)
                self.on_change()
            await _answers(client)

    async def _take_stock(self, client: Client) -> None:
        tools: list[Tool] = []
        cursor = None
        for _ in range(MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None:
                break
        self.status.tools = tools

    async def _message(self, message: object) -> None:
        if type(message).__name__ == "ToolListChangedNotification":
            self._again = True
            self._look.set()

    def _make(self, errors: Any) -> Client:
        try:
            from mcp import Client, StdioServerParameters, stdio_client
        except ImportError as error:
            raise AdapterError(f"the package mcp cannot be loaded: {error}", INSTALL) from error
        if self._config.url is not None:
            return Client(self._config.url, message_handler=self._message)
        command, *arguments = [_expanded(each) for each in self._config.command]
        environment = environment_of(self._config.env)
        found = shutil.which(command, path=environment.get("PATH", os.environ.get("PATH")))
        if found is None:
            raise AdapterError(
                f"the command of {self.name} was not found: {command}",
                f"Install it, or set adapters.{self.name}.command",
            )
        parameters = StdioServerParameters(
            command=found, args=arguments, env=environment, cwd=_folder(self._config.cwd)
        )
        return Client(stdio_client(parameters, errlog=errors), message_handler=self._message)

    def _problem(self, error: Exception) -> AdapterError:
        told = f"{self.name} ended, or could not be reached: {_told(error)}"
        return AdapterError(told, f"It is started again. Its own words: {log_path(self.name)}")

    def _set(self, state: State, problem: AdapterError | None = None) -> None:
        if state != "ready" and state != "starting":
            self.status.tools = []
        self.status.state, self.status.problem = state, problem
        self.on_change()


async def _answers(client: Client) -> None:
    """Raises what the SDK raises where nobody does. "There is no such method" is an answer: that is
    what servers of newer versions of the protocol say to a ping."""
    from mcp import MCPError
    from mcp.types import METHOD_NOT_FOUND

    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await client.session.send_ping()
    except MCPError as error:
        if error.error.code != METHOD_NOT_FOUND:
            raise


def log_path(name: str) -> Path:
    """Where a server's standard error goes."""
    return log_dir() / f"adapter-{name}.log"


class _log_file:
    """What a server writes to standard error must not get onto the screen."""

    def __init__(self, name: str) -> None:
        self._path = log_path(name)

    def __enter__(self) -> Any:
        make_folder(self._path.parent)
        self._file = os.fdopen(open_append(self._path), "a", encoding="utf-8", errors="replace")
        return self._file

    def __exit__(self, *_: object) -> None:
        self._file.close()


def environment_of(wanted: Mapping[str, str]) -> dict[str, str]:
    """Of a server: what the SDK lets it inherit (no secrets), and what the settings say, with `~`
    and `$NAME` filled in, so that a token may stay outside of the file."""
    from mcp.client.stdio import get_default_environment

    return {**get_default_environment(), **{key: _expanded(v) for key, v in wanted.items()}}


def _expanded(text: str) -> str:
    return os.path.expandvars(Path(text).expanduser() if text.startswith("~") else text)


def _folder(cwd: str | None) -> str | None:
    return None if cwd is None else _expanded(cwd)


def _told(error: BaseException) -> str:
    """The first cause in a group of them; never what was sent."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"{type(error).__name__}: {error}"[:300]
