"""The child process of a backend: how it is started, ended, and how its end is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from assistant.backends.wire import WireListener
from assistant.frames import Load
from assistant.logs import MAX_BYTES
from assistant.models.environments import code_path
from assistant.private_files import make_folder, open_append, write_whole

_NO_TELEMETRY = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
"""onnxruntime makes itself a device id at import and keeps events to send; nobody asked."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A backend and what it is started with."""

    name: str
    load: Load
    python: str | None = None
    """Interpreter; None: ours."""


async def start_child(
    launch: Launch, listener: WireListener, log_path: Path | None
) -> asyncio.subprocess.Process:
    """Raises `OSError` where there is no such interpreter, or no room for a process."""
    with _open_log(log_path) as log_file:
        process = await asyncio.create_subprocess_exec(
            launch.python or sys.executable,
            "-m",
            "assistant.backends.host.worker",
            launch.name,
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            env=_environment(launch, listener),
            start_new_session=True,
            pass_fds=listener.inherited,
        )
    listener.handed_over()
    return process


async def end_child(process: asyncio.subprocess.Process) -> None:
    """Wait a little for it to end by itself, then end it, then kill it."""
    for wait, number in ((0.7, signal.SIGTERM), (0.5, signal.SIGKILL), (0.5, None)):
        if process.returncode is not None:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), wait)
            return
        if number is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)


def kill_child(process: asyncio.subprocess.Process) -> None:
    """At once, whatever it does: a stopped process heeds no other signal."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def exit_in_words(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"


def trim_log(path: Path, longest: int = 4 * MAX_BYTES) -> None:
    """Where the log has become too long, keep its end in `<name>.1` and begin anew.

    The file is emptied, not replaced: a child that writes to it (at its end, always) goes on.
    """
    with contextlib.suppress(OSError):
        size = path.lstat().st_size
        if size <= longest or path.is_symlink():
            return
        with path.open("rb") as file:
            file.seek(size - MAX_BYTES)
            file.readline()  # its beginning was cut off
            write_whole(path.with_name(f"{path.name}.1"), file.read())
        os.truncate(path, 0)


def _open_log(path: Path | None) -> contextlib.AbstractContextManager[IO[bytes] | int]:
    if path is None:
        return contextlib.nullcontext(subprocess.DEVNULL)
    try:
        make_folder(path.parent)
        return os.fdopen(open_append(path), "ab")
    except OSError:
        return contextlib.nullcontext(subprocess.DEVNULL)


def _environment(launch: Launch, listener: WireListener) -> dict[str, str]:
    environment = {**_NO_TELEMETRY, **os.environ, **listener.environment()}
    if launch.python is not None:
        # Another interpreter does not know where we are installed.
        ours = str(code_path())
        theirs = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{ours}{os.pathsep}{theirs}" if theirs else ours
    return environment
