"""The files that a coding agent may reach through us: those of one folder.

This is the file system capability of a client of the Agent Client Protocol
(agentclientprotocol.com: `fs/read_text_file`, `fs/write_text_file`). Links are resolved before a
path is judged.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from assistant.errors import AssistantError

LARGEST_FILE = 10_000_000
"""Bytes of a file that is read or written."""
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


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
