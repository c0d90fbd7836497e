"""A session's private socket: how programs of the same user on this machine find it and talk to it.

Each running session has a Unix socket of its own in a folder that is closed to others, with the
mode 0600; where the system tells who calls, it has to be the same user. Where there are no Unix
sockets (Windows) it is a port on loopback, and the file in their place holds it with a random
token, which has to come first. What is spoken is `session.protocol`, by `session.remote`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import secrets
import socket
import stat
import struct
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.errors import AssistantError
from assistant.locations import sockets_dir
from assistant.private_files import FILE, is_running, make_folder, write_whole
from assistant.session.frontend import SessionFrontend
from assistant.session.remote import MAX_COMMAND, MAX_WAITING, serve_stream

Kind = Literal["session", "headless"]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
OnCall = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

CONNECT_WITHIN = 2.0
"""Seconds."""
_LONGEST_PATH = 100
"""Bytes of a socket's path: macOS allows 103."""
_HAS_UNIX_SOCKETS = hasattr(socket, "AF_UNIX") and os.name == "posix"
_PEER = struct.Struct("3i")
"""Of SO_PEERCRED: process, user, group (unix(7))."""

log = logging.getLogger(__name__)


class SessionGone(AssistantError):
    """Nobody is there any more."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A session that may be running."""

    path: Path
    kind: Kind
    """"headless": without any front end, for other programs only."""
    pid: int


def endpoints() -> list[Endpoint]:
    """Those that a person sees first, the youngest of them first; then the oldest headless one.
    What a process has left that runs no more is taken away."""
    found = list[tuple[int, int, Endpoint]]()
    with contextlib.suppress(OSError):
        for path in _folder(make=False).iterdir():
            kind, _, pid = path.stem.partition("-")
            if kind not in ("session", "headless") or not pid.isdecimal():
                continue
            if not is_running(int(pid)):
                _take_away(path)
                continue
            with contextlib.suppress(OSError):
                at = path.lstat().st_mtime_ns
                if kind == "session":
                    found.append((0, -at, Endpoint(path, "session", int(pid))))
                else:
                    found.append((1, at, Endpoint(path, "headless", int(pid))))
    return [each[2] for each in sorted(found, key=lambda each: (*each[:2], each[2].pid))]


async def connect(endpoint: Endpoint) -> Streams:
    """Raises `SessionGone` where nobody listens there; what was left of it is taken away."""
    try:
        async with asyncio.timeout(CONNECT_WITHIN):
            return await _connect(endpoint.path)
    except (OSError, ValueError, KeyError, TimeoutError) as error:
        if isinstance(error, (ConnectionRefusedError, ValueError, KeyError)):
            _take_away(endpoint.path)
        raise SessionGone(f"no session listens at {endpoint.path.name}") from error


async def _connect(path: Path) -> Streams:
    if path.suffix == ".sock":
        return await asyncio.open_unix_connection(path, limit=2 * MAX_WAITING)
    port, token = _place(path)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2 * MAX_WAITING)
    writer.write(f"{token}\n".encode())
    return reader, writer


def _place(path: Path) -> tuple[int, str]:
    """Port and token. Raises `OSError`, `ValueError` or `KeyError`."""
    place = json.loads(path.read_text("utf-8"))
    return int(place["port"]), str(place["token"])


async def serve_privately(session: SessionFrontend) -> None:
    """Let programs of the same user reach the session; until it is cancelled. A machine on which
    that cannot be only lacks it."""
    try:
        async with listening(session, "session"):
            await asyncio.Event().wait()
    except (OSError, AssistantError) as error:
        log.warning("other programs cannot reach this session: %s", error)


@asynccontextmanager
async def listening(
    session: SessionFrontend, kind: Kind, *, unix: bool = _HAS_UNIX_SOCKETS
) -> AsyncIterator[Endpoint]:
    """Serve whoever of the same user calls, meanwhile. Raises `OSError` or `AssistantError` where
    there can be no such place."""
    folder = _folder()
    endpoints()  # sweeps
    path = folder / f"{kind}-{os.getpid()}{'.sock' if unix else '.json'}"
    path.unlink(missing_ok=True)
    connections: set[asyncio.Task[object]] = set()
    token = "" if unix else secrets.token_urlsafe(32)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        task.add_done_callback(connections.discard)
        if not (_is_same_user(writer) if unix else await _knows(reader, token)):
            log.warning("somebody else called at %s, and was turned away", path.name)
            writer.close()
            return
        with contextlib.suppress(asyncio.CancelledError):
            await serve_stream(session, reader, writer)

    server: asyncio.Server | None = None
    try:
        server = await _bound(serve, path, token)
        yield Endpoint(path, kind, os.getpid())
    finally:
        path.unlink(missing_ok=True)
        if server is not None:
            server.close()
        with contextlib.suppress(OSError):  # another session's is there, too
            folder.rmdir()
        for task in list(connections):
            task.cancel()


async def _bound(serve: OnCall, path: Path, token: str) -> asyncio.Server:
    if not token:
        return await asyncio.start_unix_server(serve, sock=_bind(path), limit=MAX_COMMAND)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=MAX_COMMAND)
    port = server.sockets[0].getsockname()[1]
    write_whole(path, json.dumps({"port": port, "token": token}).encode(), durable=False)
    return server


def _bind(path: Path) -> socket.socket:
    before = os.umask(0o177)  # from the first moment: `chmod` comes too late
    try:
        place = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        place.bind(str(path))
    finally:
        os.umask(before)
    path.chmod(FILE)
    return place


def _is_same_user(writer: asyncio.StreamWriter) -> bool:
    """Where the system tells; elsewhere the folder's mode has to do."""
    if not sys.platform.startswith("linux"):
        return True
    peer = writer.get_extra_info("socket")
    data = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return int(_PEER.unpack(data)[1]) == os.geteuid()


async def _knows(reader: asyncio.StreamReader, token: str) -> bool:
    """Whether the other side sends the token, in time."""
    try:
        async with asyncio.timeout(CONNECT_WITHIN):
            line = await reader.readline()
    except (ValueError, OSError, TimeoutError):
        return False
    return secrets.compare_digest(line.strip(), token.encode())


def _folder(*, make: bool = True) -> Path:
    """`make`: where it is missing, closed to others. Raises `OSError` or `AssistantError`."""
    folder = sockets_dir()
    if len(os.fsencode(folder)) + len("/headless-4194304.sock") > _LONGEST_PATH:
        which = hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
        folder = Path(tempfile.gettempdir(), f"assistant-{_user()}-{which}")
    if make:
        make_folder(folder)
    now = folder.lstat()
    strange = os.name == "posix" and (now.st_uid != os.geteuid() or now.st_mode & 0o077)
    if strange or not stat.S_ISDIR(now.st_mode):
        raise AssistantError(f"{folder} is not only yours", f"Remove it: rm -r {folder}")
    return folder


def _user() -> str:
    return str(os.geteuid()) if os.name == "posix" else os.environ.get("USERNAME", "user")


def _take_away(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
