"""The host's side of the backend process: start it, talk to it, restart it, end it.

Whatever it was told to be (persona, names, prepared lines) is told again after a restart. One that
hangs, or cannot be talked to any more, is killed and so restarted, too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from msgspec import structs

from assistant.backends.host import restarts as restart_words
from assistant.backends.host.child import Launch, Watchdog, end_child, exit_in_words, start_child
from assistant.backends.host.link import ChildLink, Waiters
from assistant.backends.host.restarts import RestartPolicy
from assistant.backends.host.send_queue import FrameCounter
from assistant.backends.wire import WireListener
from assistant.frames import (
    Ack,
    AnyCommand,
    AnyEvent,
    ChangePersona,
    Close,
    Failed,
    Load,
    Prefetch,
    Push,
    Ready,
    Say,
    SetNames,
    Settle,
    Settled,
    Status,
    Transcribed,
    UserText,
    UtteranceEnded,
)

EXIT_CANNOT_RUN = 3
"""Exit code of a child that said `Failed(fatal=True)`: another start would end the same way."""
PATIENCE = 20.0
"""Seconds without a word from a child that has been sent frames, after which it hangs."""
VIRTUAL_PATIENCE = 120.0
"""The same on the virtual clock, where a frame is answered once all it caused has been done."""


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
        self.frames = FrameCounter()
        """What became of the microphone's frames; `dropped` has those of the child that runs."""
        self.patience = VIRTUAL_PATIENCE if load.virtual_clock else PATIENCE
        """Seconds of silence after which a child is taken to hang, and killed."""
        self._refusal: Failed | None = None
        """Why the child says it cannot run."""
        self._policy = RestartPolicy()
        self._end = ""
        """How the last child ended, as the end of "the … backend"."""
        self._kept: dict[type[AnyCommand], AnyCommand] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._children = 0
        """Started so far."""
        self._link: ChildLink | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._frames_awaited = Waiters()
        self._settles_awaited = Waiters()
        self._settles = 0
        self._behind = False
        """Something was sent since the last frame."""
        self._left_out: int | None = None
        """The last utterance of which something was not sent."""
        self._stopping = False
        self._waits = False
        self._hurry = asyncio.Event()
        """Somebody wants it back before its pause is over."""
        self.given_up = False

    # -- life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start in the background; `Status`, `Ready` or `Failed` come as events."""
        self._supervisor = asyncio.create_task(self._supervise(), name="backend-supervisor")

    @property
    def was_there(self) -> bool:
        """It has been ready once, so that another start may be worth its time."""
        return self._policy.ever_up

    def start_again(self) -> bool:
        """A person wants it back: at once where it waits for its next start, and also where it was
        given up. False where it runs, or is being started."""
        runs = self._process is not None and self._process.returncode is None
        if self._stopping or runs:
            return False
        if self.given_up:
            self.given_up = False
            self._policy = RestartPolicy()
            self.start()
            return True
        waits = self._waits
        self._hurry.set()
        return waits

    async def stop(self) -> None:
        """Ask it to close, then end it, then kill it: gone within two seconds whatever it does."""
        self._stopping = True
        if self._link is not None:
            self._link.put(Close())
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
        return self.frames.dropped + (self._link.dropped if self._link else 0)

    # -- talk ------------------------------------------------------------------------------

    def send(self, command: AnyCommand) -> None:
        """Queue a command. What describes the persona is remembered and told to every new child;
        frames and sentences for a child that is not there are dropped."""
        if isinstance(command, ChangePersona | SetNames | Prefetch):
            self._kept[type(command)] = command
        there = self._link is not None and self.ready.is_set()
        if not isinstance(command, Settle):
            # A frame's acknowledgement also tells that what came before it is done.
            self._behind = not isinstance(command, Push)
        if isinstance(command, Push):
            self.frames.offer(there=there)
        if self._link is not None and there and not self._link.put(command):
            self._tell_what_is_left_out(command)

    async def push_and_wait(self, command: Push) -> None:
        """Virtual clock: send a frame and wait until everything it caused was reported.

        Returns at once where there is no child, and when the child dies meanwhile.
        """
        if not self.ready.is_set():
            self.send(command)
            return
        waiter = self._frames_awaited.add(command.frame)
        self.send(command)
        await waiter

    async def caught_up(self) -> bool:
        """Virtual clock: wait until everything that the commands since the last frame caused was
        reported. False where there were none; else look again, for it may have caused more."""
        if not self._behind or not self.ready.is_set():
            return False
        self._behind = False
        self._settles += 1
        waiter = self._settles_awaited.add(self._settles)
        self.send(Settle(self._settles))
        await waiter
        return True

    # -- inside ----------------------------------------------------------------------------

    async def _supervise(self) -> None:
        while not self._stopping:
            self._policy.began()
            self._refusal = None
            code = await self._run_once()
            if self._stopping:
                return
            pause = self._policy.ended()
            # A library that crashes while it loads will do so again, and takes a minute for it.
            hopeless = self._policy.is_exhausted or not self._policy.ever_up
            if hopeless and self._substitute is not None:
                self._put_substitute_in_place(self._substitute, code)
                continue
            if code == EXIT_CANNOT_RUN and not self._policy.ever_up:
                self.given_up = True
                return
            how = self._refusal.message if self._refusal else f"the {self.name} backend {self._end}"
            if pause is None:
                self.given_up = True
                self._on_event(restart_words.given_up(how, self._refusal, self._policy))
                return
            self.restarts += 1
            self._on_event(restart_words.starts_again(how, self.restarts, pause, self._policy))
            await self._wait(pause)

    async def _wait(self, pause: float) -> None:
        """`pause` seconds, or until somebody wants it at once."""
        self._hurry.clear()
        self._waits = True
        try:
            async with asyncio.timeout(pause):
                await self._hurry.wait()
        except TimeoutError:
            pass
        finally:
            self._waits = False

    def _put_substitute_in_place(self, launch: Launch, code: int) -> None:
        told = restart_words.substituted(self.name, launch.name, self._refusal, code, self._policy)
        self._refusal, self._launch, self._substitute = None, launch, None
        self._policy = RestartPolicy()
        self._on_event(told)

    async def _run_once(self) -> int:
        """Start one child and stay until it ends; returns its exit code."""
        try:
            with contextlib.closing(WireListener()) as listener:
                return await self._run_child(listener)
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
        self._children += 1
        self._link = ChildLink(listener, self._children, self._called, self._received)
        watch = Watchdog(
            self._process,
            self._link,
            self._is_owed,
            patience=self.patience,
            log_path=self._log_path,
        )
        try:
            code = await self._process.wait()
            self._end = watch.reason or f"stopped ({exit_in_words(code)})"
            await self._link.close()
        finally:
            watch.cancel()
            listener.wake()
        self._disconnect()
        self._release_waiters()
        return code

    def _tell_what_is_left_out(self, command: AnyCommand) -> None:
        """Once an utterance."""
        if isinstance(command, Say) and command.utterance != self._left_out:
            self._left_out = command.utterance
            self._on_event(
                Failed(
                    message=f"the {self.name} backend does not keep up: not all is said",
                    remedy="what was asked for is too much at once; ask for less",
                )
            )

    def _is_owed(self) -> bool:
        """The child has been sent something that it has not acknowledged."""
        frames = self.frames.on_the_way > (self._link.dropped if self._link else 0)
        return frames or bool(self._settles_awaited)

    def _called(self) -> None:
        first = self._kept.get(ChangePersona)
        prompt = first.prompt if isinstance(first, ChangePersona) else None
        if self._link is not None:
            self._link.put(structs.replace(self._launch.load, prompt=prompt))

    def _received(self, event: AnyEvent) -> None:
        match event:
            case Ack(frame=frame):
                self.frames.take()
                self._policy.took_frame()
                self._frames_awaited.answered(frame)
                return
            case Settled(number=number):
                self._settles_awaited.answered(number)
                return
            case Failed(fatal=True) if not self._policy.is_up and (
                self._substitute is not None or self._policy.ever_up
            ):
                self._refusal = event
                return  # told when it is known what becomes of it
            case Failed(fatal=True) if self._policy.is_up and self._process is not None:
                # It cannot go on, but a new one may: end it, so that it is started again.
                event = Failed(message=event.message, remedy=event.remedy)
                with contextlib.suppress(ProcessLookupError):
                    self._process.terminate()
            case UtteranceEnded() | UserText(final=True) | Transcribed():
                self._policy.did_work()
            case Ready():
                self._policy.came_up()
                self.ready.set()
                if self._link is not None:
                    for command in self._kept.values():
                        self._link.put(command)
            case _:
                pass
        self._on_event(event)

    def _disconnect(self) -> None:
        self.ready.clear()
        if self._link is not None:
            self._link.cut()
            self.frames.child_ended(self._link.dropped)
            self._link = None

    def _release_waiters(self) -> None:
        self._frames_awaited.release()
        self._settles_awaited.release()


class NoBackend(BackendProcess):
    """No child is started: nothing is heard, and what is said is only written."""

    def __init__(self, load: Load, on_event: Callable[[AnyEvent], None]) -> None:
        super().__init__("", load, on_event)

    def start(self) -> None:
        """There is nothing to start."""
