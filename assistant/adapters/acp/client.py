"""What a coding agent may ask of us, as the protocol's library calls it: permissions, files,
terminals."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from assistant.adapters.acp.files import Workspace, WorkspaceError
from assistant.adapters.acp.terminals import Terminals, end_group

if TYPE_CHECKING:
    from acp.schema import ClientCapabilities, PermissionOption, ToolCallUpdate

T = TypeVar("T")


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


def capabilities() -> ClientCapabilities:
    """What `FolderClient` can do, as an agent is told at the start."""
    from acp.schema import ClientCapabilities, FileSystemCapabilities

    return ClientCapabilities(
        fs=FileSystemCapabilities(read_text_file=True, write_text_file=True), terminal=True
    )


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What is refused, as the protocol's error."""
    from acp import RequestError

    try:
        yield
    except WorkspaceError as error:
        raise RequestError(-32602, error.message) from None
