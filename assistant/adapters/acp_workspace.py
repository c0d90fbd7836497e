"""What a coding agent may reach through us: files and terminals of one folder.

These are the file system and terminal capabilities of a client of the Agent Client Protocol
(agentclientprotocol.com: `fs/read_text_file`, `fs/write_text_file`, `terminal/*`). Links are
resolved before a path is judged. A command begins in the folder; what it does then, nobody guards.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import secrets
import shutil
import signal
import stat
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from assistant.errors import AssistantError

if TYPE_CHECKING:
    from acp.schema import PermissionOption, ToolCallUpdate

LARGEST_FILE = 10_000_000
"""Bytes of a file that is read or written."""
LARGEST_OUTPUT = 1_000_000
"""Bytes that are kept of a terminal's output, its end; an agent may want less."""
MOST_TERMINALS = 8
"""At one time."""
END_SECONDS = 0.4
"""That a process gets to end when it is told to, before it is killed."""
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)

T = TypeVar("T")


class WorkspaceError(AssistantError):
    """An agent wanted what it may not have, or what there is not. It is told so."""


class Workspace:
    """The files of one folder."""

    def __init__(self, folder: Path) -> None:
        """`folder` is there."""
        self.folder = folder.resolve()

    def place(self, path: str) -> Path:
        """Where this really is; of a relative path, from the folder on. Raises `WorkspaceError`
        where that is outside of it."""
        try:
            real = (self.folder / path).resolve()
            real.exists()  # its name may be too long
        except (OSError, ValueError, RuntimeError) as error:
            raise WorkspaceError(f"{path[:200]!r} is no path: {error}") from None
        if real != self.folder and self.folder not in real.parents:
            raise WorkspaceError(
                f"{path[:200]} is outside of {self.folder}, and nothing else may be touched"
            )
        return real

    def read(self, path: str, line: int | None = None, limit: int | None = None) -> str:
        """The text of a file; `line`: the first line wanted, counted from 1; `limit`: how many.
        Raises `WorkspaceError`."""
        real = self.place(path)
        try:
            # Not to wait for somebody who writes, where it is a pipe.
            descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | _NO_FOLLOW)
            with os.fdopen(descriptor, "rb") as file:
                now = os.fstat(descriptor)
                if not stat.S_ISREG(now.st_mode):
                    raise WorkspaceError(f"{path} is no file")
                if now.st_size > LARGEST_FILE:
                    raise WorkspaceError(f"{path} has more than {LARGEST_FILE:,} bytes")
                text = file.read(LARGEST_FILE).decode("utf-8", "replace")
        except OSError as error:
            raise WorkspaceError(f"{path}: {error.strerror or error}") from None
        if line is None and limit is None:
            return text
        start = max(0, (line or 1) - 1)
        lines = text.splitlines(keepends=True)
        return "".join(lines[start:] if limit is None else lines[start : start + max(0, limit)])

    def may_write(self, path: str) -> Path:
        """Where this would be written. Raises `WorkspaceError` where it must not be."""
        real = self.place(path)
        if ".git" in real.relative_to(self.folder).parts:
            raise WorkspaceError(f"{path} is inside of .git: what stands there may be run by git")
        if real.exists() and not real.is_file():
            raise WorkspaceError(f"{path} is no file")
        return real

    def write(self, path: str, content: str) -> None:
        """Write a file whole, in one step, with the folders that it needs; its mode stays. Raises
        `WorkspaceError`."""
        real = self.may_write(path)
        data = content.encode("utf-8", "surrogatepass")
        if len(data) > LARGEST_FILE:
            raise WorkspaceError(f"{path} would have more than {LARGEST_FILE:,} bytes")
        beside = real.with_name(f".{real.name[:200]}.{secrets.token_hex(6)}.tmp")
        try:
            real.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
            with os.fdopen(os.open(beside, flags, 0o666), "wb") as file:
                file.write(data)
            if real.exists():
                beside.chmod(stat.S_IMODE(real.stat().st_mode))
            beside.replace(real)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise WorkspaceError(f"{path}: {error.strerror or error}") from None


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


class AgentObserver(Protocol):
    """Who is told and asked while an agent works on a request."""

    def update(self, update: Any) -> None:
        """What it does (one of the protocol's session updates)."""

    async def permission(
        self, tool_call: ToolCallUpdate, options: Sequence[PermissionOption]
    ) -> str | None:
        """The id of the option that the user chose; None where the question is void."""

    async def may_write(self, path: Path) -> bool: ...

    async def may_run(self, command: str) -> bool: ...


class AgentSide(Protocol):
    """What `FolderClient` needs of the agent that it serves."""

    @property
    def observer(self) -> AgentObserver: ...

    def updated(self, session: str, update: Any) -> None:
        """It told what it does."""

    async def asked(self, answer: Awaitable[T]) -> T | None:
        """What the user answers; None where the question became void meanwhile."""

    def waiting(self) -> contextlib.AbstractContextManager[None]:
        """Meanwhile it waits for us."""


class FolderClient:
    """Our side of the protocol, as the library calls it (`acp.interfaces.Client`). What is refused
    is told by its `RequestError`."""

    def __init__(self, agent: AgentSide, workspace: Workspace, terminals: Terminals) -> None:
        self._agent = agent
        self._workspace = workspace
        self._terminals = terminals

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        self._agent.updated(session_id, update)

    async def request_permission(
        self, session_id: str, tool_call: Any, options: Any, **_: Any
    ) -> Any:
        from acp.schema import AllowedOutcome, DeniedOutcome, RequestPermissionResponse

        answer = self._agent.observer.permission(tool_call, options)
        chosen = await self._agent.asked(answer)
        if chosen is None:
            return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))
        return RequestPermissionResponse(
            outcome=AllowedOutcome(outcome="selected", option_id=chosen)
        )

    async def read_text_file(
        self, session_id: str, path: str, line: int | None = None, limit: int | None = None,
        **_: Any,
    ) -> Any:  # fmt: skip
        from acp.schema import ReadTextFileResponse

        with self._agent.waiting(), _told():
            text = await asyncio.to_thread(self._workspace.read, path, line, limit)
        return ReadTextFileResponse(content=text)

    async def write_text_file(self, session_id: str, path: str, content: str, **_: Any) -> Any:
        from acp.schema import WriteTextFileResponse

        with _told():
            real = self._workspace.may_write(path)
            if not await self._agent.asked(self._agent.observer.may_write(real)):
                raise WorkspaceError("the user does not want this file to be written")
            await asyncio.to_thread(self._workspace.write, path, content)
        return WriteTextFileResponse()

    async def create_terminal(
        self, session_id: str, command: str, args: list[str] | None = None, env: Any = None,
        cwd: str | None = None, output_byte_limit: int | None = None, **_: Any,
    ) -> Any:  # fmt: skip
        from acp.schema import CreateTerminalResponse

        with _told():
            self._workspace.place(cwd or ".")
            line = " ".join([command, *(args or [])])
            if not await self._agent.asked(self._agent.observer.may_run(line)):
                raise WorkspaceError("the user does not want this command to run")
            variables = {each.name: each.value for each in env or []}
            name = await self._terminals.create(
                command, args or (), variables, cwd, output_byte_limit
            )
        return CreateTerminalResponse(terminal_id=name)

    async def terminal_output(self, session_id: str, terminal_id: str, **_: Any) -> Any:
        from acp.schema import TerminalExitStatus, TerminalOutputResponse

        with _told():
            terminal = self._terminals.get(terminal_id)
        ended = terminal.ended
        return TerminalOutputResponse(
            output=terminal.output,
            truncated=terminal.truncated,
            exit_status=ended and TerminalExitStatus(exit_code=ended[0], signal=ended[1]),
        )

    async def wait_for_terminal_exit(self, session_id: str, terminal_id: str, **_: Any) -> Any:
        from acp.schema import WaitForTerminalExitResponse

        with self._agent.waiting(), _told():
            terminal = self._terminals.get(terminal_id)
            await terminal.wait()
        code, signalled = terminal.ended or (None, None)
        return WaitForTerminalExitResponse(exit_code=code, signal=signalled)

    async def kill_terminal(self, session_id: str, terminal_id: str, **_: Any) -> None:
        with _told():
            await end_group(self._terminals.get(terminal_id).process)

    async def release_terminal(self, session_id: str, terminal_id: str, **_: Any) -> None:
        with _told():
            await self._terminals.release(terminal_id)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What is refused, as the protocol's error."""
    from acp import RequestError

    try:
        yield
    except WorkspaceError as error:
        raise RequestError(-32602, error.message) from None
