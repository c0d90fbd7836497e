"""One coding agent that speaks the Agent Client Protocol (ACP): its process, its session, its
requests to us.

It is started with the first request and stays; of what it may reach through us see
`acp_workspace`. The session is kept from one request to the next. An agent that ended is started
again by the next request, and its session is taken up where it can load one (`session/load`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from assistant import __version__
from assistant.adapters.acp_workspace import (
    AgentObserver,
    FolderClient,
    Terminals,
    TextPieces,
    Workspace,
    end_group,
    signal_group,
)
from assistant.adapters.connection import INSTALL, START_SECONDS, AdapterError, log_path
from assistant.backends.host.child import trim_log
from assistant.config.schema import AdapterConfig
from assistant.private_files import make_folder, open_append
from assistant.terminal.sanitize import clean_text

CANCEL_SECONDS = 5.0
"""In which an agent ends what was cancelled; then it is ended itself."""
SILENCE_SECONDS = 600.0
"""Without a sign of life, after which an agent is given up, where the settings name no time."""
CLOSE_SECONDS = 0.3
"""That it gets to end when its input is closed."""
LONGEST_LOG = 4_000_000
"""Characters of one life's standard error that are kept."""
_LOOK = 0.25
"""Seconds from one look at the process to the next."""
_LINE = 1 << 20
"""Bytes that are read at a time; a message may be longer."""
_SIGN_IN = -32000
"""The protocol's error code for "authentication required"."""
_INHERITED = (
    *("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE"),
    *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"),
    *("DBUS_SESSION_BUS_ADDRESS", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
"""What an agent gets of our environment: where things are, and where its keys are kept. No keys."""
_SECRET_NAMES = ("TOKEN", "KEY", "SECRET", "PASSWORD", "AUTH", "CREDENTIAL")

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
        self._observer = observer
        self._secrets = secrets_of(config.env)
        self._process: asyncio.subprocess.Process | None = None
        self._connection: Any = None
        self._terminals: Terminals | None = None
        self._words: asyncio.Task[None] | None = None
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
        return Path(_expanded(self._config.folder or ""))

    def check(self) -> None:
        """Raises `AdapterError` where it cannot be started as things are; starts nothing."""
        if find_spec("acp") is None:
            raise AdapterError("the package agent-client-protocol is not installed", INSTALL)
        self._program()
        if not self.folder.is_dir():
            raise AdapterError(
                f"the folder of {self.name} is not there: {self.folder}",
                f"Make it, or set adapters.{self.name}.folder",
            )

    async def start(self) -> None:
        """Have it ready, with a session. Raises `AdapterError`."""
        if self._open and self._is_there():
            return
        await self.close()
        self.check()
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._spawn()
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
        process, self._process = self._process, None
        connection, self._connection = self._connection, None
        terminals, self._terminals = self._terminals, None
        words, self._words = self._words, None
        if process is None:
            return
        try:
            if process.stdin is not None:
                process.stdin.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(_gone(process), CLOSE_SECONDS)
            ending = [end_group(process)]
            if terminals is not None:
                ending.append(terminals.close())
            await asyncio.gather(*ending)
        finally:
            signal_group(process, signal.SIGKILL)
            if connection is not None:
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(CLOSE_SECONDS):
                        await connection.close()
            if words is not None:
                await asyncio.wait({words}, timeout=CLOSE_SECONDS)
                words.cancel()

    def clean(self, text: str) -> str:
        """What came from it, without what acts on a terminal, and without its secrets."""
        return _hidden(clean_text(text), self._secrets)

    # -- its process -----------------------------------------------------------------------------

    def _is_there(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def _program(self) -> str:
        command = _expanded(self._config.command[0])
        found = shutil.which(command, path=self._environment().get("PATH"))
        if found is None:
            raise AdapterError(
                f"the command of {self.name} was not found: {command}",
                f"Install it, or set adapters.{self.name}.command",
            )
        return str(Path(found).absolute())

    def _environment(self) -> dict[str, str]:
        inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        return {**inherited, **{key: _expanded(v) for key, v in self._config.env.items()}}

    async def _spawn(self) -> None:
        import acp

        _quieten()
        workspace = Workspace(self.folder)
        cwd = _expanded(self._config.cwd) if self._config.cwd else str(workspace.folder)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            self._program(), *map(_expanded, self._config.command[1:]),
            stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd, env=self._environment(),
            start_new_session=True, limit=_LINE,
        )  # fmt: skip
        self._process = process
        await asyncio.to_thread(trim_log, log_path(self.name))
        self._words = asyncio.create_task(self._keep_words(process), name=f"log of {self.name}")
        inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        self._terminals = Terminals(workspace, inherited)
        client = FolderClient(self, workspace, self._terminals)
        self._connection = acp.connect_to_agent(client, process.stdin, process.stdout)

    async def _keep_words(self, process: asyncio.subprocess.Process) -> None:
        """What it writes to standard error, in a file of its own."""
        assert process.stderr is not None
        pieces, written = TextPieces(), 0
        while data := await process.stderr.read(65_536):
            text = self.clean(pieces.feed(data))
            if written < LONGEST_LOG:
                _keep(self.name, text)
            written += len(text)
        _keep(self.name, self.clean(pieces.feed(b"", last=True)))

    async def _greet(self) -> None:
        from acp.schema import ClientCapabilities, FileSystemCapabilities, Implementation

        capabilities = ClientCapabilities(
            fs=FileSystemCapabilities(read_text_file=True, write_text_file=True), terminal=True
        )
        told = await self._until_gone(
            self._connection.initialize(
                protocol_version=1,
                client_capabilities=capabilities,
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
                    raise AdapterError(
                        f"{self.name} gave no sign of life for {_minutes(self._patience)},"
                        " and was stopped",
                        f"adapters.{self.name}.timeout_s says how long it may be silent.",
                    )
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
            if not isinstance(error, _request_error()):
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
            self._observer.update(update)

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

    @property
    def observer(self) -> AgentObserver:
        return self._observer

    def _withdraw(self) -> None:
        for each in list(self._asks):
            each.cancel()

    async def _problem(self, error: Exception, when: str) -> AdapterError:
        """What went wrong, in words; never what was sent."""
        if isinstance(error, AdapterError):
            return error
        words = f"Its own words: {log_path(self.name)}"
        if isinstance(error, TimeoutError):
            return AdapterError(f"{self.name} was not ready after {START_SECONDS:g} s", words)
        if isinstance(error, _request_error()):
            if getattr(error, "code", 0) == _SIGN_IN:
                return AdapterError(
                    f"{self.name} wants you to sign in first",
                    f"Sign in by its own command: {Path(self._config.command[0]).name}",
                )
            told = " ".join(self.clean(_details(error)).split())[:200]
            return AdapterError(f"{self.name} could not do it: {told}", words)
        if isinstance(error, ConnectionError):
            if self._process is not None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(_gone(self._process), 1.0)
            code = None if self._process is None else self._process.returncode
            how = "" if code is None else f" ({_exit(code)})"
            return AdapterError(f"{self.name} ended {when}{how}", words)
        if isinstance(error, OSError):
            return AdapterError(f"{self.name} cannot be started: {error.strerror}", words)
        log.info("%s: %s", self.name, type(error).__name__)
        return AdapterError(f"{self.name} does not keep to the protocol", words)


def secrets_of(env: Mapping[str, str]) -> list[str]:
    """Values of an adapter's variables that must be told nowhere, longest first: those taken from
    our environment, and those that are secrets by their names. Short ones would hide plain words.
    """
    found = {
        _expanded(value)
        for name, value in env.items()
        if value.startswith("$") or any(word in name.upper() for word in _SECRET_NAMES)
    }
    return sorted((each for each in found if len(each) >= 6), key=len, reverse=True)


def _hidden(text: str, secrets: Sequence[str]) -> str:
    for each in secrets:
        text = text.replace(each, "***")
    return text


def _expanded(text: str) -> str:
    return os.path.expandvars(Path(text).expanduser() if text.startswith("~") else text)


def _exit(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:g} seconds"


def _details(error: Exception) -> str:
    """What an error of the protocol tells: its message is often only "Internal error"."""
    data = getattr(error, "data", None)
    if isinstance(data, dict):
        data = data.get("details") or data.get("message")
    return data if isinstance(data, str) and data.strip() else str(error)


async def _gone(process: asyncio.subprocess.Process) -> None:
    """Until it has ended; not until its pipes are closed, as `Process.wait`."""
    while process.returncode is None:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def _request_error() -> type[Exception]:
    from acp import RequestError

    kind: type[Exception] = RequestError
    return kind


def _keep(name: str, text: str) -> None:
    """In the log of this adapter; nothing, where there is none to be had."""
    if not text:
        return
    path = log_path(name)
    with contextlib.suppress(OSError):
        make_folder(path.parent)
        with os.fdopen(open_append(path), "a", encoding="utf-8", errors="replace") as file:
            file.write(text)


class _Discreet(logging.Filter):
    """The library logs what it could not read or answer, with what an agent has sent in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if Path(record.pathname).parts[-2:-1] in (("acp",), ("task",)):
            kind = record.exc_info[0] if record.exc_info else None
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.msg = "what an agent sent could not be handled: %s"
            record.args = (kind.__name__ if kind else "a message",)
        return True


_discreet = _Discreet()


def _quieten() -> None:
    """It logs by the root logger; a filter there sees nobody else's records but such."""
    logging.getLogger().addFilter(_discreet)
