"""The program as a child: sound through two pipes, words through a pseudo-terminal, and its end.

SDL's disk driver reads what the microphone would deliver from one file and writes what the speaker
would play to another (SDL 2, `src/audio/disk`). Both are pipes without a name, which the program
opens as `/dev/fd/N`: nothing of them is left behind, whatever ends this process. Everything here
belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import sys
import tty
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.moshi_cpp import launch
from assistant.backends.moshi_cpp.flow import FrameSplitter
from assistant.backends.moshi_cpp.output import READY, Complaints, Output

DELAY_MS = 20
"""Between two looks of the driver at a pipe. Its own custom, a frame's length, adds half a second
of latency; none at all keeps a core busy."""
PIPE_BYTES = 8_192
"""A frame and a little more: what waits in a pipe is heard late."""
GENTLY, FIRMLY = 0.35, 0.15
"""Seconds after SIGINT, and after SIGTERM. The host gives this process 0.7 s to close."""
_LAST_WORDS = 0.1
"""Seconds for what is still in a pipe once the program has gone."""
_PIECE = 65_536


class ChildEvents(Protocol):
    """Who is told what comes out of it, in the event loop."""

    def line(self, text: str) -> None:
        """It printed this before it was ready."""

    def text(self, piece: str) -> None:
        """The model said this."""

    def sound(self, frame: Float32) -> None:
        """The model's sound: float32 [1920], 24 kHz mono, in −1…1."""


class Child:
    """One run of the program: `start`, wait for `ready`, `send` frames, `end`."""

    def __init__(self, command: Sequence[str], events: ChildEvents) -> None:
        """`command`: the program's path and its arguments."""
        self._command = list(command)
        self._events = events
        self._frames = FrameSplitter()
        self._output = Output(self._printed, events.text)
        self._complaints = Complaints(lambda line: print(line, file=sys.stderr, flush=True))
        self._process: asyncio.subprocess.Process | None = None
        self._into = self._out_of = self._terminal = -1
        """Our ends of the pipes and of the terminal; −1: not open."""
        self._writable: asyncio.Future[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._is_over = False
        self.ready = asyncio.Event()
        self.ended = asyncio.Event()
        """It has gone by itself, or was made to."""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def exit_code(self) -> int | None:
        """Negative: a signal's number; None while it runs."""
        return self._process.returncode if self._process is not None else None

    @property
    def complaints(self) -> str:
        """The last lines of its standard error."""
        return self._complaints.text

    @property
    def is_full(self) -> bool:
        """A frame waits for room in its pipe."""
        return self._writable is not None and not self._writable.done()

    # -- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Raises `BackendError` where there is no room for a process, a pipe or a terminal."""
        theirs: list[int] = []
        try:
            hears, self._into = _pipe(theirs, theirs_first=True)
            self._out_of, plays = _pipe(theirs, theirs_first=False)
            self._terminal, terminal = pty.openpty()
            theirs.append(terminal)
            tty.setraw(terminal)
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), *self._command),
                stdin=terminal,
                stdout=terminal,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(hears, plays),
                env=_environment(hears, plays),
                start_new_session=True,
            )
        except OSError as error:
            self._close_pipes()
            raise BackendError(
                f"{Path(self._command[0]).name} cannot be started: {error.strerror}",
                "End other programs: this machine has no room for one more.",
            ) from error
        finally:
            for number in theirs:
                os.close(number)
        loop = asyncio.get_running_loop()
        os.set_blocking(self._terminal, False)
        loop.add_reader(self._terminal, self._read_words)
        loop.add_reader(self._out_of, self._read_sound)
        self._tasks = [asyncio.create_task(work) for work in (self._listen(), self._wait())]

    async def send(self, pcm: bytes) -> None:
        """One frame of the microphone's, as little-endian float32; waits until the pipe has taken
        it. Does nothing once the program has gone."""
        left = memoryview(pcm)
        while left and self._into >= 0 and not self.ended.is_set():
            try:
                left = left[os.write(self._into, left) :]
            except BlockingIOError:
                await self._until_writable()
            except OSError:  # it has closed its end
                return

    async def end(self) -> None:
        """Ask it to end, then tell it, then kill it and whatever it has started. It may have gone
        already; once more does nothing."""
        if self._is_over:
            return
        self._hang_up(self._into)  # who waits for a frame gets silence, and sees that it shall end
        self._into = -1
        for number, wait in ((signal.SIGINT, GENTLY), (signal.SIGTERM, FIRMLY)):
            if self.ended.is_set() or self._process is None:
                break
            if number == signal.SIGINT and not self.ready.is_set():
                continue  # it heeds that only in a conversation
            self._signal(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self.ended.wait()
        self._signal(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_WORDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._close_pipes()
        self._is_over = True

    # -- inside ----------------------------------------------------------------------------------

    def _signal(self, number: int) -> None:
        """To the whole group: it is the leader of one of its own."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    async def _wait(self) -> None:
        assert self._process is not None
        await self._process.wait()
        self._read_sound()  # what it said last
        self.ended.set()
        self._let_go()

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        while data := await self._process.stderr.read(_PIECE):
            self._complaints.take(data)
        self._complaints.take(b"", final=True)

    def _read_words(self) -> None:
        self._output.take(_read(self._terminal))

    def _read_sound(self) -> None:
        """Words come before their sound, so they are looked for before it."""
        self._read_words()
        for frame in self._frames.take(_read(self._out_of)):
            self._events.sound(frame)

    def _printed(self, line: str) -> None:
        self._events.line(line)
        if line == READY:
            self.ready.set()

    async def _until_writable(self) -> None:
        loop = asyncio.get_running_loop()
        self._writable = loop.create_future()
        loop.add_writer(self._into, self._let_go)
        try:
            await self._writable
        finally:
            if self._into >= 0:
                loop.remove_writer(self._into)

    def _let_go(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def _hang_up(self, number: int) -> None:
        if number >= 0:
            loop = asyncio.get_running_loop()
            loop.remove_reader(number)
            loop.remove_writer(number)
            os.close(number)

    def _close_pipes(self) -> None:
        for number in (self._into, self._out_of, self._terminal):
            self._hang_up(number)
        self._into = self._out_of = self._terminal = -1
        self._let_go()


def _read(number: int) -> bytes:
    """What waits there; once the other end is closed there is nothing, and nobody asks again."""
    if number < 0:
        return b""
    try:
        if data := os.read(number, _PIECE):
            return data
    except BlockingIOError:
        return b""
    except OSError:  # a terminal that nobody holds any more
        pass
    asyncio.get_running_loop().remove_reader(number)
    return b""


def _pipe(theirs: list[int], *, theirs_first: bool) -> tuple[int, int]:
    """The reading and the writing end; the child's is added to `theirs`, ours never blocks."""
    reads, writes = os.pipe()
    theirs.append(reads if theirs_first else writes)
    os.set_blocking(writes if theirs_first else reads, False)
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(reads, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return reads, writes


def _environment(hears: int, plays: int) -> dict[str, str]:
    """Of the program: the two files of SDL's disk driver (SDL 2; SDL 3 calls them otherwise)."""
    heard, played = f"/dev/fd/{hears}", f"/dev/fd/{plays}"
    return {
        **os.environ,
        "SDL_AUDIODRIVER": "disk",
        "SDL_DISKAUDIOFILEIN": heard,
        "SDL_DISKAUDIOFILE": played,
        "SDL_DISKAUDIODELAY": str(DELAY_MS),
        "SDL_AUDIO_DRIVER": "disk",
        "SDL_AUDIO_DISK_INPUT_FILE": heard,
        "SDL_AUDIO_DISK_OUTPUT_FILE": played,
        "SDL_AUDIO_DISK_TIMESCALE": str(DELAY_MS / 80),
    }
