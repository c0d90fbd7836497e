"""The commands that a coding agent may run through us, and how a process is ended with all that it
has started.

This is the terminal capability of a client of the Agent Client Protocol (agentclientprotocol.com:
`terminal/*`). A command begins in the folder; what it does then, nobody guards.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Mapping, Sequence

from assistant.adapters.acp.files import Workspace, WorkspaceError

LARGEST_OUTPUT = 1_000_000
"""Bytes that are kept of a terminal's output, its end; an agent may want less."""
MOST_TERMINALS = 8
"""At one time."""
END_SECONDS = 0.4
"""That a process gets to end when it is told to, before it is killed."""


class Terminal:
    """A command that runs, with the end of what it wrote."""

    def __init__(self, process: asyncio.subprocess.Process, limit: int) -> None:
        """`limit`: bytes of output that are kept."""
        self.process = process
        self.truncated = False
        self._limit = limit
        self._kept = bytearray()
        self._reading: asyncio.Task[None] | None = None

    def read_from(self, descriptor: int) -> None:
        """Keep what comes out of this pipe."""
        self._reading = asyncio.create_task(self._read(descriptor), name="terminal output")

    @property
    def output(self) -> str:
        text = bytes(self._kept)
        while self.truncated and text[:1] and text[0] & 0xC0 == 0x80:
            text = text[1:]  # the middle of a character
        return text.decode("utf-8", "replace")

    @property
    def ended(self) -> tuple[int | None, str | None] | None:
        """Exit code and signal; None while it runs."""
        code = self.process.returncode
        if code is None:
            return None
        if code >= 0:
            return code, None
        with contextlib.suppress(ValueError):
            return None, signal.Signals(-code).name
        return None, str(-code)

    async def wait(self) -> None:
        """Until it has ended, and what it wrote has been read."""
        await self.process.wait()
        if self._reading is not None:
            # Somebody whom it left behind may hold the pipe open.
            await asyncio.wait({self._reading}, timeout=END_SECONDS)

    async def end(self) -> None:
        await end_group(self.process)
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self, descriptor: int) -> None:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            while data := await reader.read(65_536):
                self._kept += data
                if len(self._kept) > self._limit:
                    self.truncated = True
                    del self._kept[: len(self._kept) - self._limit]
        finally:
            transport.close()


class Terminals:
    """Those of one agent, by their ids."""

    def __init__(self, workspace: Workspace, environment: Mapping[str, str]) -> None:
        self._workspace = workspace
        self._environment = dict(environment)
        self._terminals: dict[str, Terminal] = {}
        self._made = 0

    async def create(
        self,
        command: str,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        cwd: str | None = None,
        limit: int | None = None,
    ) -> str:
        """Start a command in the folder, or below it; its id. Raises `WorkspaceError`."""
        folder = self._workspace.place(cwd or ".")
        if len(self._terminals) >= MOST_TERMINALS:
            raise WorkspaceError(f"there are {MOST_TERMINALS} terminals: release one first")
        wanted = {**self._environment, **(environment or {})}
        line = [command, *arguments]
        if not arguments and len(command.split()) > 1 and shutil.which(command) is None:
            line = ["/bin/sh", "-c", command]  # as many agents give it
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *line, stdin=asyncio.subprocess.DEVNULL, stdout=writing, stderr=writing,
                cwd=folder, env=wanted, start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            os.close(reading)
            why = getattr(error, "strerror", None) or error
            raise WorkspaceError(f"{command[:200]} cannot be started: {why}") from None
        finally:
            os.close(writing)
        kept = LARGEST_OUTPUT if limit is None else max(0, min(limit, LARGEST_OUTPUT))
        self._made += 1
        name = f"terminal-{self._made}"
        self._terminals[name] = Terminal(process, kept)
        self._terminals[name].read_from(reading)
        return name

    def get(self, name: str) -> Terminal:
        """Raises `WorkspaceError` where there is none of this id."""
        try:
            return self._terminals[name]
        except KeyError:
            raise WorkspaceError(f"there is no terminal {name[:60]}") from None

    async def release(self, name: str) -> None:
        """End it, and forget what it wrote. Raises `WorkspaceError`."""
        terminal = self.get(name)
        del self._terminals[name]
        await terminal.end()

    async def close(self) -> None:
        """End all of them, side by side."""
        ending, self._terminals = list(self._terminals.values()), {}
        await asyncio.gather(*(each.end() for each in ending))


async def end_group(process: asyncio.subprocess.Process, patience: float = END_SECONDS) -> None:
    """End a process that leads a group of its own, with all that it has started: told, and after
    `patience` seconds killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not signal_group(process, number):
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(_group_ends(process), patience)
            return


async def _group_ends(process: asyncio.subprocess.Process) -> None:
    while process.returncode is None or signal_group(process, 0):  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def signal_group(process: asyncio.subprocess.Process, number: int) -> bool:
    """Send a signal to it and to all that it has started; False where nobody is left."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
