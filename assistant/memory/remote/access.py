"""Where another machine's memory is, and the token that opens it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from assistant.locations import config_dir
from assistant.memory.base import MemoryFailure
from assistant.memory.store.disk import failure

TOKEN = "ASSISTANT_MEMORY_TOKEN"
"""Name of the environment variable that holds the token."""
MAX_TOKEN = 4_096
"""Bytes."""


def token_file() -> Path:
    """Where the token may stand instead, in a file that nobody else can read."""
    return config_dir() / "memory-token"


def client_token() -> str:
    """Of the environment, else of the file, else "". Raises `MemoryFailure` where it is open to
    others or cannot be sent."""
    if token := os.environ.get(TOKEN, "").strip():
        return sendable(token, f"the variable {TOKEN}")
    path = token_file()
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise MemoryFailure(
                f"{path}: others can read it, so it may not be a secret any more",
                f"chmod 600 {path}, and give the server a new token.",
            )
        with path.open("rb") as stream:
            data = stream.read(MAX_TOKEN)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise failure(path, error, "cannot be read") from None
    return sendable(data.decode("utf-8", "replace").strip(), str(path))


def checked_address(url: str) -> str:
    """Raises `MemoryFailure` where it is none, or tells a secret."""
    remedy = 'Set memory.server to something like "http://127.0.0.1:8990".'
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise MemoryFailure(f"memory.server is no address: {error}", remedy) from None
    if parts.username is not None or parts.password is not None:
        raise MemoryFailure(
            "memory.server holds a name or a password, and settings are no place for them",
            f"Take it out, and put the server's token into the variable {TOKEN}.",
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise MemoryFailure(f'memory.server is no address of a server: "{url[:80]}"', remedy)
    if parts.query or parts.fragment:
        raise MemoryFailure("memory.server has a ? or # in it, which no address has", remedy)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def sendable(token: str, place: str) -> str:
    """The token. Raises `MemoryFailure`: a header holds printable ASCII (RFC 9110, section 5.5)."""
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise MemoryFailure(
            f"{place} holds no token: letters, digits and signs only, in one line",
            "Make one with `openssl rand -hex 16`.",
        )
    return token
