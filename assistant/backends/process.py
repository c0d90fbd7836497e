"""The host's side of the backend process: start it, talk to it, restart it, end it.

Two daemon threads (one reads, one writes) stand between the event loop and the socket, so that a
child that hangs never holds up the screen. Whatever it was told to be (persona, names, prepared
lines) is told again after a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from assistant.backends.child import Launch, end_child, exit_in_words, start_child
from assistant.backends.wire import MAX_MESSAGE, SendQueue, WireListener, decode_event
from assistant.frames import (
    Ack,
    AnyCommand,
    AnyEvent,
    Close,
    Failed,
    Load,
    Prepare,
    Push,
    Ready,
    SetNames,
    SetPersona,
    Status,
    Substituted,
)
from assistant.loops import post

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 15.0
"""Seconds before a restart: doubled at each crash, back to the first after a minute of health."""
HEALTHY_AFTER = 60.0
EXIT_CANNOT_RUN = 3
"""Exit code of a child that said `Failed(fatal=True)`: another start would end the same way."""


class BackendProcess:
    """One backend in a process of its own. All methods belong to the event loop's thread.

    Where it cannot be loaded, `substitute` is started in its place, once, and is told all that was
    kept for it: nothing of the conversation is lost.
    """

    def __init__(
        self,
        name: str,
        load: Load,
        on_event: Callable[[AnyEvent], None],
        *,
        python: str | None = None,
        log_path: Path | None = None,
        substitute: Launch | None = None,
    ) -> None:
        self.restarts = 0
        self.ready = asyncio.Event()
        """Set while a loaded child is there."""
        self._launch = Launch(name, load, python)
        self._on_event = on_event
        self._log_path = log_path
        self._substitute = substitute
        self._refusal: Failed | None = None
        """Why the child says it cannot run."""
        self._came_up = False
        """The child that runs, or ran last, was ready once."""
        self._ever_came_up = False
        """Some child was."""
        self._kept: dict[type[AnyCommand], AnyCommand] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._queue: SendQueue | None = None
        self._connection: Connection | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._dropped_before = 0
        self._ack_waiters: dict[int, asyncio.Future[None]] = {}
        self._stopping = False
        self.given_up = False

    # -- life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start in the background; `Status`, `Ready` or `Failed` come as events."""
        self._supervisor = asyncio.create_task(self._supervise(), name="backend-supervisor")

    async def stop(self) -> None:
        """Ask it to close, then end it, then kill it: gone within two seconds whatever it does."""
        self._stopping = True
        if self._queue is not None:
            self._queue.put(Close())
        if self._process is not None:
            await end_child(self._process)
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        self._disconnect()
        self._release_waiters()

    @property
    def name(self) -> str:
        """Of the backend that runs, or is being started."""
        return self._launch.name

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def dropped(self) -> int:
        """Frames that the child did not take in time."""
        return self._dropped_before + (self._queue.dropped if self._queue else 0)

    # -- talk ------------------------------------------------------------------------------

    def send(self, command: AnyCommand) -> None:
        """Queue a command. What describes the persona is remembered and told to every new child;
        frames and sentences for a child that is not there are dropped."""
        if isinstance(command, SetPersona | SetNames | Prepare):
            self._kept[type(command)] = command
        if self._queue is not None and self.ready.is_set():
            self._queue.put(command)

    async def push_and_wait(self, command: Push) -> None:
        """Virtual clock: send a frame and wait until everything it caused was reported.

        Returns at once where there is no child, and when the child dies meanwhile.
        """
        if not self.ready.is_set():
            return
        waiter = asyncio.get_running_loop().create_future()
        self._ack_waiters[command.frame] = waiter
        self.send(command)
        await waiter

    # -- inside ----------------------------------------------------------------------------

    async def _supervise(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping:
            began = time.monotonic()
            code = await self._run_once()
            if self._stopping:
                return
            # A library that crashes while it loads will do so again, and takes a minute for it.
            hopeless = code == EXIT_CANNOT_RUN or not self._ever_came_up
            if hopeless and self._substitute is not None:
                self._put_substitute_in_place(self._substitute, code)
                continue
            if code == EXIT_CANNOT_RUN:
                self.given_up = True
                return
            if time.monotonic() - began > HEALTHY_AFTER:
                pause = FIRST_PAUSE
            self.restarts += 1
            self._on_event(
                Failed(
                    message=f"the {self.name} backend stopped ({exit_in_words(code)})",
                    remedy=f"starting it again, restart {self.restarts}",
                )
            )
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    def _put_substitute_in_place(self, launch: Launch, code: int) -> None:
        refusal, self._refusal = self._refusal, None
        reason = refusal.message if refusal else f"it stopped while loading, {exit_in_words(code)}"
        remedy = refusal.remedy if refusal else "the log has the whole story: assistant doctor"
        failed, self._launch, self._substitute = self.name, launch, None
        self._on_event(Substituted(failed, self.name, reason, remedy))

    async def _run_once(self) -> int:
        """Start one child and stay until it ends; returns its exit code."""
        self._came_up = False
        try:
            listener = WireListener()
            try:
                return await self._run_child(listener)
            finally:
                listener.close()
        except OSError as error:
            self._received(
                Failed(
                    message=f"the backend's Python cannot be started: {error}",
                    remedy="look at `backend.python` in the config",
                    fatal=True,
                )
            )
            return EXIT_CANNOT_RUN

    async def _run_child(self, listener: WireListener) -> int:
        self._process = await start_child(self._launch, listener, self._log_path)
        self._on_event(Status(f"starting {self.name}"))
        loop = asyncio.get_running_loop()
        reader = threading.Thread(
            target=self._read, args=(listener, loop), name="wire-read", daemon=True
        )
        reader.start()
        code = await self._process.wait()
        listener.wake()  # ends `accept` where the child died before it called
        # What it said last ("cannot run, because …") is still in the socket: read it out first.
        await asyncio.to_thread(reader.join, 1.0)
        self._disconnect()
        self._release_waiters()
        return code

    def _read(self, listener: WireListener, loop: asyncio.AbstractEventLoop) -> None:
        """Thread: take the child's call, then every event until the socket closes."""
        try:
            connection = listener.accept()
        except (OSError, EOFError, AuthenticationError):
            return
        post(loop, self._connected, connection)
        while True:
            try:
                event = decode_event(connection.recv_bytes(MAX_MESSAGE))
            except (EOFError, OSError):
                return
            except msgspec.DecodeError as error:
                log.warning("unreadable event from the backend: %s", error)
                continue
            post(loop, self._received, event)

    def _connected(self, connection: Connection) -> None:
        self._connection = connection
        self._queue = SendQueue(connection)
        self._queue.put(self._launch.load)

    def _received(self, event: AnyEvent) -> None:
        match event:
            case Ack(frame=frame):
                waiter = self._ack_waiters.pop(frame, None)
                if waiter is not None and not waiter.done():
                    waiter.set_result(None)
                return
            case Failed(fatal=True) if not self._came_up and self._substitute is not None:
                self._refusal = event
                return  # told when the substitute takes its place
            case Failed(fatal=True) if self._came_up and self._process is not None:
                # It cannot go on, but a new one may: end it, so that it is started again.
                event = Failed(message=event.message, remedy=event.remedy)
                with contextlib.suppress(ProcessLookupError):
                    self._process.terminate()
            case Ready():
                self._came_up = self._ever_came_up = True
                self.ready.set()
                if self._queue is not None:
                    for command in self._kept.values():
                        self._queue.put(command)
            case _:
                pass
        self._on_event(event)

    def _disconnect(self) -> None:
        self.ready.clear()
        if self._queue is not None:
            self._dropped_before += self._queue.dropped
            self._queue.close(timeout=0.1)
            self._queue = None
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
            self._connection = None

    def _release_waiters(self) -> None:
        for waiter in self._ack_waiters.values():
            if not waiter.done():
                waiter.set_result(None)
        self._ack_waiters.clear()
