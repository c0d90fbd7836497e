"""What all programs have in common that an adapter starts: environment, log, and errors without
their secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError
from assistant.locations import log_dir
from assistant.models.environments import install_command
from assistant.private_files import make_folder, open_append
from assistant.terminal.sanitize import clean_line

INSTALL = f"Install what speaks to other programs: {install_command('adapters')}"
SHORTEST_SECRET = 4
"""Characters; what is shorter would be found in any text."""


class AdapterError(AssistantError):
    """A server could not be reached, or could not do what it was asked."""


def log_path(name: str) -> Path:
    """Where a server's standard error goes."""
    return log_dir() / f"adapter-{name}.log"


class LogFile:
    """What a server writes to standard error must not get onto the screen."""

    def __init__(self, name: str) -> None:
        self._path = log_path(name)

    def __enter__(self) -> Any:
        make_folder(self._path.parent)
        self._file = os.fdopen(open_append(self._path), "a", encoding="utf-8", errors="replace")
        return self._file

    def __exit__(self, *_: object) -> None:
        self._file.close()


def environment_of(wanted: Mapping[str, str]) -> dict[str, str]:
    """Of a server: what the SDK lets it inherit (no secrets), and what the settings say, with `~`
    and `$NAME` filled in, so that a token may stay outside of the file."""
    from mcp.client.stdio import get_default_environment

    return {**get_default_environment(), **{key: expanded(v) for key, v in wanted.items()}}


def is_secret(variable: str) -> bool:
    """Whether a variable's name tells that its value is nobody's business."""
    words = ("TOKEN", "KEY", "SECRET", "PASSWORD", "AUTH")
    return any(word in variable.upper() for word in words)


def expanded(text: str) -> str:
    return os.path.expandvars(Path(text).expanduser() if text.startswith("~") else text)


def without_secrets(text: str, environment: Mapping[str, str]) -> str:
    """`text` of a program's, which may name what the settings gave it as its `environment`."""
    for key, value in environment.items():
        secret = expanded(value)
        if len(secret) >= SHORTEST_SECRET and (value.startswith("$") or is_secret(key)):
            text = text.replace(secret, "…")
    return text


def told(error: BaseException) -> str:
    """The first cause in a group of them, in one line; never what was sent."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return clean_line(f"{type(error).__name__}: {error}")[:300]
