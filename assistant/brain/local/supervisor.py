"""The server of a language model of our own as a child process: started beside the conversation,
asked whether it is well, and started again where it ends. It listens on loopback only and knows a
key that nobody else does, new for every start.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from assistant.backends.host.child import (
    end_child,
    exit_in_words,
    kill_child,
    open_log,
    trim_log,
)
from assistant.backends.host.process import EXIT_CANNOT_RUN
from assistant.backends.host.restarts import RestartPolicy
from assistant.brain.base import BrainError

LOADING_LIMIT = 600.0
"""Seconds that a model may take to be loaded: gigabytes from a slow disk."""
HEALTH_EVERY = 10.0
HEALTH_SECONDS = 20.0
UNWELL = 3
"""Looks in a row without an answer after which the server hangs, and is killed."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server that listens."""

    url: str
    key: str
    name: str
    small: bool
    """Too small for tools, and for being asked what shall be remembered."""
    start: int
    """How many there were before it."""


class LocalServer:
    """Keeps one model served. All methods belong to the event loop's thread.

    `tell` hears that it ended and is started again, and that it is given up. `command` is the child
    (the real one, if not given): it reads the key from its standard input and tells where it
    listens, see `server`.
    """

    def __init__(
        self,
        file: Path,
        tell: Callable[[BrainError], None],
        *,
        command: Sequence[str] | None = None,
        log_path: Path | None = None,
        policy: RestartPolicy | None = None,
    ) -> None:
        self.served: Served | None = None
        self.failure: BrainError | None = None
        """Why it was given up."""
        self.starts = 0
        self.on_served: Callable[[], None] = lambda: None
        """Called when it listens, at every start."""
        self._tell = tell
        self._command = command or (sys.executable, "-m", f"{__package__}.server", str(file))
        self._log_path = log_path
        self._policy = policy or RestartPolicy()
        self._changed = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """In the background."""
        self._supervisor = asyncio.create_task(self._supervise(), name="model-supervisor")

    async def stop(self) -> None:
        """Gone within two seconds, whatever it does."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await self._supervisor

    async def settled(self, seconds: float) -> bool:
        """Wait until it is served or given up; False where `seconds` were not enough."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.served is None and self.failure is None:
                    self._changed.clear()
                    await self._changed.wait()
                return True
        return False

    def did_work(self) -> None:
        """It has answered a person."""
        self._policy.did_work()

    async def _supervise(self) -> None:
        while True:
            self._policy.began()
            refusal, how = await self._run_once()
            if refusal is not None and not self._policy.ever_up:
                return self._give_up(refusal)
            pause = self._policy.ended()
            what = refusal.message if refusal else f"The language model's process {how}."
            if pause is None:
                remedy = "Look into its log, or choose another model: assistant setup brain --model"
                return self._give_up(refusal or BrainError(what, remedy))
            again = f"It is started again in {pause:.0f} s." if pause >= 1 else "It starts again."
            self._tell(BrainError(what, again))
            await asyncio.sleep(pause)

    def _give_up(self, failure: BrainError) -> None:
        self.failure = failure
        self._changed.set()
        self._tell(failure)

    async def _run_once(self) -> tuple[BrainError | None, str]:
        """One child, until it ends: what it said that it lacks, and how it ended."""
        key = secrets.token_urlsafe(32)
        try:
            process = await self._started(key)
        except OSError as error:
            return None, f"cannot be started ({error.strerror or error})"
        try:
            told, reason = await _first_words(process)
            if told is not None and "failed" in told:
                await process.wait()
                return BrainError(str(told["failed"]), str(told.get("remedy", ""))), "ended"
            if told is None:
                kill_child(process)
            else:
                self._came_up(told, key)
                reason = await _until_it_ends(process, str(told["url"]))
            code = await process.wait()
            ended = "cannot run" if code == EXIT_CANNOT_RUN else f"stopped ({exit_in_words(code)})"
            return None, reason or ended
        finally:
            self.served = None
            if process.stdin is not None:
                process.stdin.close()
            await end_child(process)

    async def _started(self, key: str) -> asyncio.subprocess.Process:
        if self._log_path is not None:
            await asyncio.to_thread(trim_log, self._log_path)
        with open_log(self._log_path) as log_file:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log_file,
                start_new_session=True,
            )
        self._process = process
        self.starts += 1
        assert process.stdin is not None
        process.stdin.write(f"{key}\n".encode("ascii"))
        return process

    def _came_up(self, told: dict[str, Any], key: str) -> None:
        self._policy.came_up()
        name, small = str(told.get("name", "")), bool(told.get("small", True))
        self.served = Served(str(told["url"]), key, name, small, self.starts)
        self._changed.set()
        self.on_served()


async def _first_words(
    process: asyncio.subprocess.Process,
) -> tuple[dict[str, Any] | None, str]:
    """Where the child listens, or why it cannot; else None, and what is wrong with it."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LOADING_LIMIT):
            while line := await process.stdout.readline():
                with suppress(ValueError):
                    told = json.loads(line)
                    if isinstance(told, dict) and ("url" in told or "failed" in told):
                        return told, ""
            await process.wait()
    except TimeoutError:
        return None, f"did not load the model within {LOADING_LIMIT:.0f} s"
    except ValueError:
        return None, "said what nobody understands"
    return None, ""


async def _until_it_ends(process: asyncio.subprocess.Process, url: str) -> str:
    """Returns why it was killed, "" where it ended by itself."""
    unwell = 0
    while unwell < UNWELL:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), HEALTH_EVERY)
            return ""
        unwell = 0 if await _is_well(url) else unwell + 1
    kill_child(process)
    return "did not answer any more"


async def _is_well(url: str) -> bool:
    place = urlsplit(url)
    try:
        async with asyncio.timeout(HEALTH_SECONDS):
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            try:
                writer.write(b"GET /health HTTP/1.0\r\n\r\n")
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return False
