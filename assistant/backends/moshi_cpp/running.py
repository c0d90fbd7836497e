"""Keeps the program running, on a thread of its own: start it, feed it, watch it, start it anew.

Live, the frame clock sets the pace: silence goes in where the microphone delivers nothing, so that
the model goes on. On the virtual clock `push` waits for the frame that answers (two seconds at
most); a program that does not answer frame for frame is not waited for.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass

from assistant.audio.types import Float32
from assistant.backends.base import BackendError, Emit
from assistant.backends.moshi.clock import FrameClock, InputFrame
from assistant.backends.moshi_cpp.child import Child
from assistant.backends.moshi_cpp.flow import MOST_KEPT, FrameBalance
from assistant.backends.moshi_cpp.output import explained
from assistant.backends.server.marked import HeardSpeech
from assistant.backends.wire import encode_pcm
from assistant.frames import FIRST_OWN_UTTERANCE, Failed, Lag, Status
from assistant.loops import post, until_one_ends

ANSWER_TIMEOUT = 2.0
"""Virtual clock: seconds to wait for a frame's answer."""
_A_RUN = 1 << 12
"""Utterances that one run of the program may number."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How the program is run, whatever it is started with."""

    program: str
    """Its name, for people."""
    model: str
    """The weights' name, for people."""
    prompted: bool
    """It reads a persona's prompt before it is ready."""
    load_seconds: float
    """Until it has to be ready."""
    patience: float
    """Seconds without a frame of the model's, while it is sent some, after which it hangs."""
    inline: bool
    """Virtual clock."""


class ProgramRunner:
    """`start` once, then the rest, all from one thread. Told to `emit`: the model's utterances,
    lag, stages of loading, and as fatal that the program has ended: then nothing follows."""

    def __init__(self, emit: Emit, terms: Terms) -> None:
        self.device = ""
        """Where it runs, as the program calls it."""
        self._emit = emit
        self._terms = terms
        self._lock = threading.RLock()
        """Between the loop's thread and the caller's."""
        self._speech: HeardSpeech | None = None
        # A host that outlives this process must not take a new utterance for an old one.
        self._next = FIRST_OWN_UTTERANCE + (0 if terms.inline else int(time.time()) << 16)
        self._balance = FrameBalance()
        self._clock = FrameClock(self._clock_lags)
        self._dropped = 0
        """Frames that earlier runs never heard, and those between two runs."""
        self._slack = 0
        """Virtual clock: frames under way that are not waited for, as few as have been seen."""
        self._news = 0
        """Frames of the model's so far."""
        self._command: list[str] = []
        self._started: list[str] = []
        """The command of the newest run; another may be wanted by now."""
        self._child: Child | None = None
        """The one that is ready."""
        self._newest: Child | None = None
        """The one that was started last."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="moshi-cpp", daemon=True)
        self._main: asyncio.Task[None] | None = None
        self._anew = asyncio.Event()
        """Another command is to be started in place of the one that runs."""
        self._arrived = asyncio.Event()
        self._answered = asyncio.Event()
        self._ready: Future[None] = Future()
        """For the first time."""
        self._is_settled = threading.Event()
        """It is ready, or never will be."""
        self._closed = False

    # -- for the backend -------------------------------------------------------------------------

    def start(self, command: Sequence[str]) -> None:
        """Path and arguments. Returns when it is ready; raises `BackendError` where it never is."""
        self._command = list(command)
        self._thread.start()
        self._ready.result()

    def start_anew(self, command: Sequence[str]) -> None:
        """End it, and start it with other arguments; on the virtual clock, wait until it is there.
        Frames until then are counted as dropped."""
        self._command = list(command)
        self._is_settled.clear()
        post(self._loop, self._begin_anew)
        if self._terms.inline and self._thread.is_alive():
            self._is_settled.wait(self._terms.load_seconds)

    def push(self, frame: InputFrame) -> None:
        """What it shall hear next."""
        if self._child is None:
            self._dropped += 1
        elif self._terms.inline:
            self._push_and_wait(frame.frame)
        else:
            self._clock.push(frame)
            post(self._loop, self._arrived.set)

    def interrupt(self) -> None:
        """Nothing is heard until it pauses."""
        with self._lock:
            if self._speech is not None:
                self._speech.interrupt()

    @property
    def is_over(self) -> bool:
        """It has ended by itself, or was closed."""
        return not self._thread.is_alive()

    def close(self) -> None:
        self._closed = True
        post(self._loop, self._stop)
        if self._thread.is_alive():
            self._thread.join(2.0)

    # -- the loop's thread -----------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._main = self._loop.create_task(self._keep_running())
        try:
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            pass
        except Exception as error:  # nothing of it may be lost: the host waits for it
            self._tell(BackendError(f"moshi.cpp failed: {type(error).__name__}: {error}"))
        finally:
            if self._newest is not None:  # its end may have been cut short
                self._loop.run_until_complete(self._newest.end())
            self._is_settled.set()
            if not self._ready.done():
                self._ready.set_exception(BackendError("it was closed while it was started"))
            self._loop.close()

    def _stop(self) -> None:
        if self._main is not None:
            self._main.cancel()

    def _tell(self, error: BackendError) -> None:
        if not self._ready.done():
            self._ready.set_exception(error)
        elif not self._closed:
            self._emit(Failed(error.message, error.remedy, fatal=True))

    def _begin_anew(self) -> None:
        if self._command != self._started:
            self._anew.set()
        elif self._child is not None:
            self._is_settled.set()

    async def _keep_running(self) -> None:
        while True:
            self._anew.clear()
            self._started = self._command
            error = await self._run_child(self._started)
            if not self._anew.is_set():
                self._tell(error)
                return

    async def _run_child(self, command: list[str]) -> BackendError:
        """Until it ends, or another is wanted; returns why it ended."""
        child = self._newest = Child(command, self)
        try:
            await child.start()
            await self._until_ready(child)
            if child.ready.is_set() and not self._anew.is_set():
                self._up(child)
                await until_one_ends(
                    _until(child.ended), _until(self._anew), self._feed(child), self._watch(child)
                )
        except BackendError as error:
            return error
        finally:
            self._down()
            await child.end()
        return explained(
            child.exit_code,
            child.complaints,
            self._terms.program,
            self._terms.model,
            loading=not child.ready.is_set(),
        )

    async def _until_ready(self, child: Child) -> None:
        """… or it has ended, or another is wanted."""
        seconds = self._terms.load_seconds
        try:
            async with asyncio.timeout(seconds):
                await until_one_ends(_until(child.ready), _until(child.ended), _until(self._anew))
        except TimeoutError as error:
            raise BackendError(
                f"{self._terms.program} was not ready within {seconds:.0f} s",
                "Weights that are quantised while they are loaded take minutes at the first"
                " start: raise backend.moshi_cpp.load_seconds.",
            ) from error

    def _up(self, child: Child) -> None:
        with self._lock:
            self._speech = HeardSpeech(self._emit, self._next)
            self._next += _A_RUN
        self._dropped += self._balance.dropped
        self._balance = FrameBalance()
        self._slack = MOST_KEPT
        self._clock.start()
        self._child = child
        self._is_settled.set()
        if not self._ready.done():
            self._ready.set_result(None)
        else:
            self._emit(Status("ready", 1.0))

    def _down(self) -> None:
        self._child = None
        with self._lock:
            speech, self._speech = self._speech, None
            if speech is not None:
                speech.close()

    async def _feed(self, child: Child) -> None:
        """Live: a frame each 80 ms, the microphone's or, where none comes, silence."""
        if self._terms.inline:
            await child.ended.wait()
            return
        while True:
            self._arrived.clear()
            found = self._clock.poll()
            if isinstance(found, InputFrame):
                await self._send(child, found.frame)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(found):
                    await self._arrived.wait()

    async def _watch(self, child: Child) -> None:
        """Raises `BackendError` once it hangs. Counts its own ticks, not the clock's: where this
        machine was held up, the program was given no chance either."""
        patience = self._terms.patience
        silent, news, tick = 0.0, self._news, min(1.0, patience / 4)
        while silent < patience:
            await asyncio.sleep(tick)
            owes = child.is_full or self._balance.unanswered > MOST_KEPT
            silent = silent + tick if owes and news == self._news else 0.0
            news = self._news
        raise BackendError(
            f"{self._terms.program} did not answer for {silent:.0f} s",
            "Where that happens again: a smaller model, or a newer driver of the graphics card.",
        )

    async def _send(self, child: Child, frame: Float32) -> None:
        lag = self._balance.sent()
        if lag is not None:
            self._emit(Lag(lag.seconds, self._dropped + lag.dropped + self._clock.dropped))
        await child.send(encode_pcm(frame))

    def _clock_lags(self, lag: Lag) -> None:
        """It does not even take frames in."""
        dropped = self._dropped + self._balance.dropped + lag.dropped
        self._emit(Lag(lag.seconds + self._balance.seconds, dropped))

    # -- virtual clock ---------------------------------------------------------------------------

    def _push_and_wait(self, frame: Float32) -> None:
        waiting = self._send_and_wait(frame)
        try:
            future = asyncio.run_coroutine_threadsafe(waiting, self._loop)
        except RuntimeError:  # the loop has ended
            waiting.close()
            return
        with suppress(CancelledError, TimeoutError):
            future.result(2 * ANSWER_TIMEOUT)

    async def _send_and_wait(self, frame: Float32) -> None:
        child = self._child
        if child is None:  # it has just ended
            return
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                await self._send(child, frame)
                while self._balance.under_way > self._slack and not child.ended.is_set():
                    self._answered.clear()
                    await self._answered.wait()
        except TimeoutError:
            self._slack = self._balance.under_way

    # -- what comes out of it, see `ChildEvents` -------------------------------------------------

    def line(self, text: str) -> None:
        if text.startswith("using device:"):
            self.device = text.partition(":")[2].strip().strip('"')
        elif text == "loading...":
            self._emit(Status("loading the weights"))
        elif text.startswith("done loading") and self._terms.prompted:
            self._emit(Status("reading the persona's prompt"))

    def text(self, piece: str) -> None:
        with self._lock:
            if self._speech is not None:
                self._speech.text(piece)

    def sound(self, frame: Float32) -> None:
        self._balance.answered()
        self._news += 1
        self._slack = min(self._slack, self._balance.under_way)
        with self._lock:
            if self._speech is not None:
                self._speech.sound(frame)
        self._answered.set()


async def _until(event: asyncio.Event) -> None:
    await event.wait()
