"""A coding agent and its session: one request after another, watched until it is done.

Its process is started with the first request and stays (`child`); of what it may reach through us
see `client`. The session is kept from one request to the next. An agent that ended is started again
by the next request, and its session is taken up where it can load one (`session/load`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from assistant import __version__
from assistant.adapters.acp.child import AgentChild, check_startable, folder_of, hidden, secrets_of
from assistant.adapters.acp.client import AgentObserver, capabilities
from assistant.adapters.acp.files import Workspace
from assistant.adapters.acp.problems import end_of, own_words, problem_of, request_error, silence_of
from assistant.adapters.connection import START_SECONDS
from assistant.adapters.launching import AdapterError
from assistant.config.schema import AdapterConfig
from assistant.terminal.sanitize import clean_text

CANCEL_SECONDS = 5.0
"""In which an agent ends what was cancelled; then it is ended itself."""
SILENCE_SECONDS = 600.0
"""Without a sign of life, after which an agent is given up, where the settings name no time."""
_LOOK = 0.25
"""Seconds from one look at the process to the next."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class AcpAgent:
    """One request at a time. All of it in one event loop."""

    def __init__(self, name: str, config: AdapterConfig, observer: AgentObserver) -> None:
        self.name = name
        self.about = ""
        """What it calls itself, and its version."""
        self.loads_sessions = False
        self._config = config
        self.observer = observer
        self._secrets = secrets_of(config.env)
        self._child: AgentChild | None = None
        self._session = ""
        """Id; kept when the process ends, to be loaded again."""
        self._open = False
        """`_session` is one of this process."""
        self._asks: set[asyncio.Future[Any]] = set()
        self._waits = 0
        """For the user or for a command: meanwhile its silence means nothing."""
        self._sign = 0.0
        self._cancelled: float | None = None
        """When the request that is worked on was cancelled."""
        self._working = False

    @property
    def folder(self) -> Path:
        return folder_of(self._config)

    def check(self) -> None:
        """Raises `AdapterError` where it cannot be started as things are; starts nothing."""
        check_startable(self.name, self._config)

    async def start(self) -> None:
        """Have it ready, with a session. Raises `AdapterError`."""
        if self._open and self._is_there():
            return
        await self.close()
        self.check()
        try:
            async with asyncio.timeout(START_SECONDS):
                self._child = AgentChild(self.name, self._config, self.clean)
                await self._child.begin(self)
                await self._greet()
                await self._begin_session()
        except asyncio.CancelledError:
            await self.close()
            raise
        except Exception as error:
            told = await self._problem(error, "when it was started")
            await self.close()
            raise told from error

    async def prompt(self, request: str) -> str:
        """Let it work on this; why it stopped, in the protocol's words ("end_turn", "cancelled").
        Raises `AdapterError`."""
        self._cancelled, self._working = None, True
        try:
            if not await self._started():
                return "cancelled"
            return await self._prompt(request)
        finally:
            self._working = False
            self._withdraw()

    async def _started(self) -> bool:
        """False where the request was cancelled meanwhile."""
        try:
            await self.start()
        except AdapterError:
            if self._cancelled is None:
                raise
        return self._cancelled is None

    async def cancel(self) -> None:
        """What it works on is not wanted any more; `prompt` returns soon."""
        if not self._working or self._cancelled is not None:
            return
        self._cancelled = asyncio.get_running_loop().time()
        self._withdraw()
        if self._open:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(1.0):
                    await self._connection.cancel(session_id=self._session)

    async def close(self) -> None:
        """End it, with all that it has started. Never raises."""
        self._open = False
        self._withdraw()
        child = self._child
        if child is None or not child.has_begun:
            return
        self._child = None
        await child.end()

    def clean(self, text: str) -> str:
        """What came from it, without what acts on a terminal, and without its secrets."""
        return hidden(clean_text(text), self._secrets)

    # -- its session -----------------------------------------------------------------------------

    def _is_there(self) -> bool:
        return self._child is not None and self._child.is_there

    @property
    def _connection(self) -> Any:
        """Raises `ConnectionError` where it was closed meanwhile."""
        if self._child is None:
            raise ConnectionError("the process was ended")
        return self._child.connection

    async def _greet(self) -> None:
        from acp.schema import Implementation

        told = await self._until_gone(
            self._connection.initialize(
                protocol_version=1,
                client_capabilities=capabilities(),
                client_info=Implementation(name="assistant", version=__version__),
            )
        )
        if told.protocol_version != 1:
            raise AdapterError(
                f"{self.name} speaks version {told.protocol_version} of the protocol, not 1",
                "Install another version of it.",
            )
        info = told.agent_info
        self.about = self.clean(f"{info.name} {info.version}")[:80] if info else ""
        self.loads_sessions = bool(told.agent_capabilities.load_session)

    async def _begin_session(self) -> None:
        """The one from before, where it can be loaded; else a new one."""
        cwd = str(Workspace(self.folder).folder)
        if self._session and self.loads_sessions:
            try:
                await self._until_gone(
                    self._connection.load_session(cwd=cwd, session_id=self._session, mcp_servers=[])
                )
                self._open = True
                return
            except Exception as error:
                log.info("%s: its session could not be loaded: %s", self.name, type(error).__name__)
        self._session = ""
        made = await self._until_gone(self._connection.new_session(cwd=cwd, mcp_servers=[]))
        self._session, self._open = made.session_id, True

    async def _until_gone(self, wanted: Awaitable[T]) -> T:
        """What comes of this. Raises `ConnectionError` where the process ends before: a process
        that it left behind may hold its output open."""
        task = asyncio.ensure_future(wanted)
        try:
            while not (await asyncio.wait({task}, timeout=_LOOK))[0]:
                if self._cancelled is not None:
                    break
                if not self._is_there():
                    await asyncio.wait({task}, timeout=_LOOK)
                    break
            if not task.done():
                raise ConnectionError("the process ended, or nobody waits for it")
            return task.result()
        finally:
            task.cancel()

    # -- a request -------------------------------------------------------------------------------

    async def _prompt(self, request: str) -> str:
        import acp

        self._alive()
        answer = asyncio.ensure_future(
            self._connection.prompt(session_id=self._session, prompt=[acp.text_block(request)])
        )
        try:
            return await self._watch(answer)
        finally:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)

    async def _watch(self, answer: asyncio.Future[Any]) -> str:
        """Until it is done, was cancelled, died, or has been silent for too long."""
        loop = asyncio.get_running_loop()
        try:
            while not (await asyncio.wait({answer}, timeout=_LOOK))[0]:
                if not self._is_there():
                    await asyncio.wait({answer}, timeout=_LOOK)
                    break
                if self._cancelled is not None:
                    if loop.time() - self._cancelled > CANCEL_SECONDS:
                        await self.close()
                        return "cancelled"
                elif not self._waits and loop.time() - self._sign > self._patience:
                    await self.cancel()
                    await self.close()
                    raise silence_of(self.name, self._patience)
            if not answer.done():
                raise ConnectionError("the process ended")
            stopped = str(answer.result().stop_reason)
            return "cancelled" if self._cancelled is not None else stopped
        except (asyncio.CancelledError, AdapterError):
            raise
        except Exception as error:
            if self._cancelled is not None:
                await self.close()
                return "cancelled"
            told = await self._problem(error, "in the middle of it")
            if not isinstance(error, request_error()):
                await self.close()
            raise told from error

    @property
    def _patience(self) -> float:
        given = "timeout_s" in self._config.model_fields_set
        return self._config.timeout_s if given else SILENCE_SECONDS

    def _alive(self) -> None:
        self._sign = asyncio.get_running_loop().time()

    def updated(self, session: str, update: Any) -> None:
        """It told what it does; what it repeats of an earlier session is no news."""
        self._alive()
        if self._working and self._open and session == self._session:
            self.observer.update(update)

    async def asked(self, answer: Awaitable[T]) -> T | None:
        """What the user answers; None where the question became void meanwhile."""
        if not (self._working and self._open) or self._cancelled is not None:
            asyncio.ensure_future(answer).cancel()
            return None
        task = asyncio.ensure_future(answer)
        self._asks.add(task)
        try:
            with self.waiting():
                await asyncio.wait({task})
            return None if task.cancelled() else task.result()
        finally:
            self._asks.discard(task)
            task.cancel()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """It waits for us."""
        self._waits += 1
        try:
            yield
        finally:
            self._waits -= 1
            self._alive()

    def _withdraw(self) -> None:
        for each in list(self._asks):
            each.cancel()

    async def _problem(self, error: Exception, when: str) -> AdapterError:
        """What went wrong, in words; never what was sent."""
        if isinstance(error, AdapterError):
            return error
        if isinstance(error, TimeoutError):
            words = own_words(self.name)
            return AdapterError(f"{self.name} was not ready after {START_SECONDS:g} s", words)
        if isinstance(error, ConnectionError):
            code = None if self._child is None else await self._child.exit_code()
            return end_of(self.name, when, code)
        return problem_of(self.name, error, self._config.command[0], self.clean)
