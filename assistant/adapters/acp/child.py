"""The process of a coding agent: how it is started, what it writes to standard error, how it is
ended with all that it has started."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assistant.adapters.acp.client import AgentSide, FolderClient
from assistant.adapters.acp.files import Workspace
from assistant.adapters.acp.problems import quieten
from assistant.adapters.acp.terminals import Terminals, end_group, signal_group
from assistant.adapters.launching import INSTALL, AdapterError, log_path
from assistant.backends.host.child import trim_log
from assistant.config.schema import AdapterConfig
from assistant.private_files import make_folder, open_append

CLOSE_SECONDS = 0.3
"""That it gets to end when its input is closed."""
LONGEST_LOG = 4_000_000
"""Characters of one life's standard error that are kept."""
_LINE = 1 << 20
"""Bytes that are read at a time; a message may be longer."""
_INHERITED = (
    *("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE"),
    *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"),
    *("DBUS_SESSION_BUS_ADDRESS", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
"""What an agent gets of our environment: where things are, and where its keys are kept. No keys."""
_SECRET_NAMES = ("TOKEN", "KEY", "SECRET", "PASSWORD", "AUTH", "CREDENTIAL")


def folder_of(config: AdapterConfig) -> Path:
    """Where an agent works."""
    return Path(_expanded(config.folder or ""))


def check_startable(name: str, config: AdapterConfig) -> None:
    """Raises `AdapterError` where the agent cannot be started as things are; starts nothing."""
    if find_spec("acp") is None:
        raise AdapterError("the package agent-client-protocol is not installed", INSTALL)
    _program(name, config)
    folder = folder_of(config)
    if not folder.is_dir():
        raise AdapterError(
            f"the folder of {name} is not there: {folder}",
            f"Make it, or set adapters.{name}.folder",
        )


class AgentChild:
    """One life of an agent's process, with our side of the connection to it."""

    def __init__(self, name: str, config: AdapterConfig, clean: Callable[[str], str]) -> None:
        """`clean`: what it writes, without what must be told nowhere."""
        self.connection: Any = None
        """The library's, once the process has begun."""
        self._name = name
        self._config = config
        self._clean = clean
        self._process: asyncio.subprocess.Process | None = None
        self._terminals: Terminals | None = None
        self._words: asyncio.Task[None] | None = None

    @property
    def has_begun(self) -> bool:
        return self._process is not None

    @property
    def is_there(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def begin(self, agent: AgentSide) -> None:
        """Start it; `agent` hears what it tells and asks. Raises `AdapterError`, `OSError`."""
        import acp

        quieten()
        workspace = Workspace(folder_of(self._config))
        cwd = _expanded(self._config.cwd) if self._config.cwd else str(workspace.folder)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            _program(self._name, self._config), *map(_expanded, self._config.command[1:]),
            stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd, env=_environment(self._config),
            start_new_session=True, limit=_LINE,
        )  # fmt: skip
        self._process = process
        await asyncio.to_thread(trim_log, log_path(self._name))
        self._words = asyncio.create_task(self._keep_words(process), name=f"log of {self._name}")
        self._terminals = Terminals(workspace, _inherited())
        client = FolderClient(agent, workspace, self._terminals)
        self.connection = acp.connect_to_agent(client, process.stdin, process.stdout)

    async def exit_code(self) -> int | None:
        """Negative: the signal that ended it; None where it does not end."""
        if self._process is None:
            return None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_gone(self._process), 1.0)
        return self._process.returncode

    async def end(self) -> None:
        """End it, with all that it has started. Never raises."""
        process = self._process
        if process is None:
            return
        try:
            if process.stdin is not None:
                process.stdin.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(_gone(process), CLOSE_SECONDS)
            ending = [end_group(process)]
            if self._terminals is not None:
                ending.append(self._terminals.close())
            await asyncio.gather(*ending)
        finally:
            signal_group(process, signal.SIGKILL)
            if self.connection is not None:
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(CLOSE_SECONDS):
                        await self.connection.close()
            if self._words is not None:
                await asyncio.wait({self._words}, timeout=CLOSE_SECONDS)
                self._words.cancel()

    async def _keep_words(self, process: asyncio.subprocess.Process) -> None:
        """What it writes to standard error, in a file of its own."""
        assert process.stderr is not None
        pieces, written = TextPieces(), 0
        while data := await process.stderr.read(65_536):
            text = self._clean(pieces.feed(data))
            if written < LONGEST_LOG:
                _keep(self._name, text)
            written += len(text)
        _keep(self._name, self._clean(pieces.feed(b"", last=True)))


def _program(name: str, config: AdapterConfig) -> str:
    command = _expanded(config.command[0])
    found = shutil.which(command, path=_environment(config).get("PATH"))
    if found is None:
        raise AdapterError(
            f"the command of {name} was not found: {command}",
            f"Install it, or set adapters.{name}.command",
        )
    return str(Path(found).absolute())


def _environment(config: AdapterConfig) -> dict[str, str]:
    return {**_inherited(), **{key: _expanded(each) for key, each in config.env.items()}}


def _inherited() -> dict[str, str]:
    return {key: os.environ[key] for key in _INHERITED if key in os.environ}


async def _gone(process: asyncio.subprocess.Process) -> None:
    """Until it has ended; not until its pipes are closed, as `Process.wait`."""
    while process.returncode is None:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


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


def hidden(text: str, secrets: Sequence[str]) -> str:
    """The text without these."""
    for each in secrets:
        text = text.replace(each, "***")
    return text


def _expanded(text: str) -> str:
    return os.path.expandvars(Path(text).expanduser() if text.startswith("~") else text)


def _keep(name: str, text: str) -> None:
    """In the log of this adapter; nothing, where there is none to be had."""
    if not text:
        return
    path = log_path(name)
    with contextlib.suppress(OSError):
        make_folder(path.parent)
        with os.fdopen(open_append(path), "a", encoding="utf-8", errors="replace") as file:
            file.write(text)


class TextPieces:
    """UTF-8 in pieces of any size, as whole lines."""

    def __init__(self, longest: int = 65_536) -> None:
        """`longest`: characters of a line, before it is given in pieces."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._longest = longest
        self._rest = ""

    def feed(self, data: bytes, *, last: bool = False) -> str:
        """The lines that are whole by now; with `last` all that is left."""
        text = self._rest + self._decoder.decode(data, last)
        whole, newline, self._rest = text.rpartition("\n")
        if last or len(self._rest) > self._longest:
            whole, newline, self._rest = text, "", ""
        return whole + newline
