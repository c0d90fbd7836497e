"""One MCP server: started or reached, asked for its tools, called, and started again when it ends.

A client of the SDK has to be opened and closed by the same task, which is `McpConnection.run`;
calls may come from any other.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from assistant.adapters.elicitation import AskUser, answered
from assistant.adapters.launching import (
    INSTALL,
    AdapterError,
    LogFile,
    environment_of,
    expanded,
    log_path,
    told,
    without_secrets,
)
from assistant.adapters.listing import Listing, list_all
from assistant.config.schema import AdapterConfig

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import (
        CallToolResult,
        ElicitRequestParams,
        ElicitResult,
        GetPromptResult,
        ReadResourceResult,
    )

START_SECONDS = 60.0
"""For which a server may take to start: one in Python takes fifteen on a busy machine."""
CLOSE_SECONDS = 3.0
LOOK_SECONDS = 15.0
"""From one look whether it is still there to the next."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a server that ended is started again: doubling, up to the second."""

State = Literal["starting", "ready", "waiting", "failed", "closed"]

OnProgress = Callable[[float, float | None, str | None], None]
"""Hears how far a call is, of how much in all (None: unknown), and what is done just now."""
_T = TypeVar("_T")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class ServerStatus:
    """How a server is."""

    state: State = "starting"
    problem: AdapterError | None = None
    """Why it is not ready, where something is wrong."""
    listing: Listing = field(default_factory=Listing)
    """What it offers while it is ready."""
    seconds: float = 0.0
    """That it took to start."""


class McpConnection:
    """`on_change()` is called in the event loop whenever `status` is another."""

    def __init__(
        self,
        name: str,
        config: AdapterConfig,
        changed: Callable[[], None] = lambda: None,
        ask: AskUser | None = None,
        refused: Callable[[str], None] = lambda why: None,
    ) -> None:
        """`ask` puts a question of the server's to the user; None: it may ask nothing.
        `refused(why)` hears of a question that was not put."""
        self.name = name
        self._refused = refused
        self._ask = ask
        self._called = next(iter(config.spoken), name)
        self.status = ServerStatus()
        self._config = config
        self.on_change = changed
        self._client: Client | None = None
        self._look = asyncio.Event()
        """The server may be gone, or has other tools."""
        self._again = False
        self._ready_at: float | None = None
        """On the loop's clock."""

    async def run(self) -> None:
        """Keep it running until cancelled, or until starting it again cannot help."""
        loop, pause = asyncio.get_running_loop(), FIRST_PAUSE
        while True:
            self._ready_at = None
            try:
                await self._once()
            except AdapterError as error:
                self._set("failed", error)
                return
            except Exception as error:
                log.info("adapter %s: %s", self.name, self._told(error))
                self._set("waiting", self._problem(error))
            if self._ready_at is not None and loop.time() - self._ready_at > LONGEST_PAUSE:
                pause = FIRST_PAUSE  # it was well for a while
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    @property
    def client(self) -> Client | None:
        """The SDK's own client, while the server is there."""
        return self._client

    async def call(
        self, tool: str, arguments: dict[str, Any], on_progress: OnProgress | None = None
    ) -> CallToolResult:
        """Raises `AdapterError` where the server is not there, or ends meanwhile. Where the caller
        is cancelled, the server is told so."""

        async def told(progress: float, total: float | None, message: str | None) -> None:
            if on_progress is not None:
                on_progress(progress, total, message)

        return await self._asked(
            lambda client: client.call_tool(tool, arguments, progress_callback=told)
        )

    async def prompt(self, name: str, arguments: dict[str, str]) -> GetPromptResult:
        """A prompt with these arguments filled in. Raises `AdapterError`."""
        return await self._asked(lambda client: client.get_prompt(name, arguments))

    async def read(self, uri: str) -> ReadResourceResult:
        """What a resource holds now. Raises `AdapterError`."""
        return await self._asked(lambda client: client.read_resource(uri, cache_mode="refresh"))

    async def _asked(self, ask: Callable[[Client], Awaitable[_T]]) -> _T:
        client = self._client
        if client is None:
            why = self.status.problem
            raise AdapterError(
                why.message if why else f"{self.name} is not ready yet",
                why.remedy if why else "Try again in a moment.",
            )
        try:
            return await ask(client)
        except Exception as error:
            self._look.set()
            raise AdapterError(f"{self.name} could not do it: {self._told(error)}", "") from error

    # -- one life of the server ------------------------------------------------------------------

    async def _once(self) -> None:
        """From its start to its end. Raises `AdapterError` where it cannot be started at all."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._set("starting")
        with LogFile(self.name) as errors:
            client = self._make(errors)
            async with asyncio.timeout(START_SECONDS) as starting:
                async with client:
                    await self._take_stock(client)
                    starting.reschedule(None)
                    self._client = client
                    self._ready_at = loop.time()
                    self.status.seconds = self._ready_at - began
                    self._set("ready")
                    following = asyncio.create_task(self._follow(client))
                    try:
                        await self._watch(client)
                    finally:
                        self._client = None
                        following.cancel()
                        await asyncio.wait({following}, timeout=CLOSE_SECONDS)

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

    async def _follow(self, client: Client) -> None:
        """Hear of changes of what it offers, where the protocol wants that to be asked for (from
        2026-07-28 on; before, `_message` gets them unasked)."""
        from mcp import MCPError
        from mcp.client.subscriptions import ListenNotSupportedError
        from mcp.types import METHOD_NOT_FOUND

        while True:
            try:
                async with client.listen(
                    tools_list_changed=True, prompts_list_changed=True, resources_list_changed=True
                ) as changes:
                    async for _ in changes:
                        self._offers_changed()
            except ListenNotSupportedError:
                return
            except Exception as error:
                log.debug("adapter %s tells of no changes: %s", self.name, self._told(error))
                if isinstance(error, MCPError) and error.error.code == METHOD_NOT_FOUND:
                    return
            await asyncio.sleep(LOOK_SECONDS)
            self._offers_changed()  # whatever was missed meanwhile

    async def _take_stock(self, client: Client) -> None:
        self.status.listing = await list_all(client, self._not_listed)

    def _not_listed(self, error: Exception) -> None:
        log.info("adapter %s: %s", self.name, self._told(error))

    async def _message(self, message: object) -> None:
        if type(message).__name__ in _CHANGES:
            self._offers_changed()

    def _offers_changed(self) -> None:
        self._again = True
        self._look.set()

    async def _elicit(self, context: object, params: ElicitRequestParams) -> ElicitResult:
        assert self._ask is not None
        return await answered(self._called, params, self._ask, self._refused)

    def _make(self, errors: Any) -> Client:
        try:
            from mcp import Client, StdioServerParameters, stdio_client
        except ImportError as error:
            raise AdapterError(f"the package mcp cannot be loaded: {error}", INSTALL) from error
        # Sampling is refused by the SDK where nobody is named who does it: a server may not have
        # the user's language model say things.
        elicit = self._elicit if self._ask is not None else None
        if self._config.url is not None:
            return Client(
                self._config.url, message_handler=self._message, elicitation_callback=elicit
            )
        command, *arguments = [expanded(each) for each in self._config.command]
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
        return Client(
            stdio_client(parameters, errlog=errors),
            message_handler=self._message,
            elicitation_callback=elicit,
        )

    def _problem(self, error: Exception) -> AdapterError:
        told = f"{self.name} ended, or could not be reached: {self._told(error)}"
        return AdapterError(told, f"It is started again. Its own words: {log_path(self.name)}")

    def _told(self, error: BaseException) -> str:
        """What went wrong, without the secrets of its environment."""
        return without_secrets(told(error), self._config.env)

    def _set(self, state: State, problem: AdapterError | None = None) -> None:
        if state != "ready" and state != "starting":
            self.status.listing = Listing()
        self.status.state, self.status.problem = state, problem
        self.on_change()


_CHANGES = (
    "ToolListChangedNotification",
    "PromptListChangedNotification",
    "ResourceListChangedNotification",
)


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


def _folder(cwd: str | None) -> str | None:
    return None if cwd is None else expanded(cwd)
