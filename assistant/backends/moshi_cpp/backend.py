"""`moshi-cpp` behind the backend contract: what the program can do, and honestly what it cannot.

It cannot be told what to say, it takes a persona only when it is started (PersonaPlex), and it has
no reset: so there is no `say`, a change of persona ends it and starts it anew, and an interruption
silences what comes out until it pauses by itself. Its words come a moment before their sound, so a
call of a tool that it spells is cut out of both, as with the other Moshi backends, but for the
sound of a word that is not in the frame it was written in.

Where it ends by itself this process cannot go on: that is told as fatal, and the host starts both
again, after a pause that grows.

Virtual clock: the program cannot be made to work faster than it does. `push` waits for the frame
that answers (two seconds at most); one that does not answer frame for frame is not waited for.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from pathlib import Path

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError, Emit, Options
from assistant.backends.moshi.backend import PLAIN_NOTE
from assistant.backends.moshi.checkpoint.memory import POSITIONS_PER_SECOND
from assistant.backends.moshi.clock import FrameClock, InputFrame
from assistant.backends.moshi.listening.listener import Deaf, Listener, load_listener
from assistant.backends.moshi_cpp.child import Child
from assistant.backends.moshi_cpp.finding import Weights, find_program, find_weights
from assistant.backends.moshi_cpp.flow import MOST_KEPT, FrameBalance
from assistant.backends.moshi_cpp.output import explained
from assistant.backends.server.marked import HeardSpeech
from assistant.backends.wire import encode_pcm
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    AgentText,
    Capabilities,
    Failed,
    Lag,
    Load,
    PersonaPrompt,
    PrefetchLine,
    Prosody,
    SpokenNames,
    Status,
    UtteranceEnded,
    VoiceSpec,
)
from assistant.language.delivery.prosody import NEUTRAL
from assistant.loops import post, until_one_ends

PATIENCE = 20.0
"""Seconds without a frame of the model's, while it has been sent some, after which it hangs."""
ANSWER_TIMEOUT = 2.0
"""Virtual clock: seconds to wait for a frame's answer."""
_A_CHILD = 1 << 12
"""Utterances that one run of the program may number."""
_LONGEST_PROMPT = 8_000
"""Characters of a role; a model that looks back four minutes has no room for more."""
_STAGES = {
    "loading...": "loading the weights",
    "done loading": "reading the persona's prompt",
}


class MoshiCppBackend:
    """See `base.Backend`."""

    capabilities = Capabilities()
    note = ""

    def __init__(self, emit: Emit, *, patience: float = PATIENCE) -> None:
        self._emit = emit
        self._patience = patience
        self._lock = threading.RLock()
        """Between the loop's thread and the worker's."""
        self._ears: Listener = Deaf()
        self._speech: HeardSpeech | None = None
        self._balance = FrameBalance()
        self._clock = FrameClock(self._clock_lags)
        self._dropped = 0
        """Frames that earlier runs of the program never heard, and those between two runs."""
        self._command: list[str] = []
        """What the program is to be started with."""
        self._device = ""
        self._told_of_voice: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="moshi-cpp", daemon=True)
        self._main: asyncio.Task[None] | None = None
        self._child: Child | None = None
        self._anew = asyncio.Event()
        """Another command is to be started in place of the one that runs."""
        self._arrived = asyncio.Event()
        self._answered = asyncio.Event()
        self._news = 0
        """Frames of the model's so far."""
        self._slack = 0
        """Virtual clock: frames under way that are not waited for, as few as have been seen."""
        self._loaded: Future[None] = Future()
        self._is_settled = threading.Event()
        """It is ready, or never will be."""
        self._closed = False

    # -- life ------------------------------------------------------------------------------------

    def load(self, command: Load) -> str:
        self._inline = command.virtual_clock
        self._options = command.options
        self._program = find_program(_text(command.options, "program"))
        self._weights = find_weights(_text(command.options, "model"))
        # A host that outlives this process must not take a new utterance for an old one.
        self._next = FIRST_OWN_UTTERANCE + (0 if self._inline else int(time.time()) << 16)
        self._command = self._command_for(command.prompt)
        self._emit(Status(f"starting {self._program.name}"))
        self._thread.start()
        self._loaded.result()
        self._ears = self._load_ears(command)
        self.capabilities = Capabilities(
            full_duplex=True,
            answers_by_itself=True,
            text_prompt=self._weights.prompted,
            voice_prompt=self._weights.prompted,
            user_text=not isinstance(self._ears, Deaf),
        )
        persona = "another persona starts it anew" if self._weights.prompted else PLAIN_NOTE
        self.note = f"it cannot be told what to say: greetings are written only; {persona}"
        self._emit(Status("ready", 1.0))
        place = f" on {self._device}" if self._device else ""
        return f"moshi.cpp {self._weights.name}{place} · {self._ears.label}"

    def close(self) -> None:
        self._closed = True
        post(self._loop, self._stop)
        if self._thread.is_alive():
            self._thread.join(2.0)
        self._ears.close()

    # -- what the host asks ----------------------------------------------------------------------

    def set_names(self, names: list[SpokenNames]) -> None:
        self._ears.set_names(names)

    def change_persona(self, prompt: PersonaPrompt) -> None:
        command = self._command_for(prompt)
        if command == self._command or self._is_over:
            return
        self._command = command
        self._is_settled.clear()
        told = f"moshi.cpp is started anew to become {prompt.name}: until then you are not heard"
        self._emit(Failed(message=told))
        self._emit(Status(f"becoming {prompt.name}"))
        post(self._loop, self._anew.set)
        if self._inline:
            self._is_settled.wait(self._load_seconds)

    def push(
        self,
        number: int,
        frame: Float32,
        *,
        speaking: bool = False,
        clean: bool = True,
        voice: bool = False,
    ) -> None:
        # Its own voice would be answered like the user's; who writes down words may hear it.
        own_voice = speaking and not clean
        heard = np.zeros_like(frame) if own_voice else frame
        if self._child is None:
            self._dropped += 1  # it is being started
        elif self._inline:
            self._push_at_once(heard)
        else:
            self._clock.push(InputFrame(number, heard, speaking=speaking, own_voice=own_voice))
            post(self._loop, self._arrived.set)
        self._ears.take(number, frame, None, speaking=speaking)

    def say(
        self,
        utterance: int,
        text: str,
        *,
        final: bool,
        rate: float = 1.0,
        prosody: Prosody = NEUTRAL,
        voice: VoiceSpec | None = None,
    ) -> None:
        """Nobody speaks it: the text alone has to do."""
        if text:
            self._emit(AgentText(utterance, text, 0, 0))
        if final:
            self._emit(UtteranceEnded(utterance, 0))

    def prefetch(self, lines: list[PrefetchLine]) -> None:
        """It says what it likes: nothing can be rendered beforehand."""

    def expect(self, text: str, rate: float, prosody: Prosody = NEUTRAL) -> None:
        """It says what it likes."""

    def prefill(self, prompt: PersonaPrompt, *, swap: bool) -> None:
        """Its state cannot be put back."""

    def inject(self, context: str) -> None:
        """It hears sound and nothing else."""

    def interrupt(self) -> None:
        """Nothing is heard until it pauses; it does not know of it."""
        with self._lock:
            if self._speech is not None:
                self._speech.interrupt()

    # -- putting it together ---------------------------------------------------------------------

    def _load_ears(self, command: Load) -> Listener:
        whisper = _text(command.options, "whisper") or "none"
        return load_listener(
            {"listener": "none" if whisper == "none" else "whisper", "whisper": whisper},
            None,
            command.names,
            self._emit,
            inline=self._inline,
            progress=lambda text, fraction: self._emit(Status(text, fraction)),
        )

    def _command_for(self, prompt: PersonaPrompt | None) -> list[str]:
        command = [*command_line(self._program, self._weights, self._options)]
        if not self._weights.prompted:
            return command
        if (voice := self._voice_of(prompt)) is not None:
            command += ["-v", str(voice)]
        text = " ".join(prompt.text.replace("\0", " ").split()) if prompt is not None else ""
        return [*command, "-p", text[:_LONGEST_PROMPT]] if text else command

    def _voice_of(self, prompt: PersonaPrompt | None) -> Path | None:
        """The persona's, else that of the settings."""
        wanted = prompt.voice_prompt if prompt is not None else None
        own = self._weights.voice(wanted)
        if wanted and own is None and wanted not in self._told_of_voice:
            self._told_of_voice.add(wanted)
            self._emit(
                Failed(
                    message=f"there is no voice {wanted} beside {self._weights.name}",
                    remedy="it speaks in another; name one of its voices, or a recording",
                )
            )
        return own or self._weights.voice(_text(self._options, "voice"))

    @property
    def _load_seconds(self) -> float:
        return float(self._options.get("load_seconds") or 600)

    @property
    def _is_over(self) -> bool:
        return not self._thread.is_alive()

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
            self._is_settled.set()
            if not self._loaded.done():
                self._loaded.set_exception(BackendError("it was closed while it was started"))
            self._loop.close()

    def _stop(self) -> None:
        if self._main is not None:
            self._main.cancel()

    async def _keep_running(self) -> None:
        while True:
            self._anew.clear()
            error = await self._run_child(self._command)
            if not self._anew.is_set():
                self._tell(error)
                return

    async def _run_child(self, command: list[str]) -> BackendError:
        """Until it ends, or another is wanted; returns why it ended."""
        child = Child(command, self)
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
            self._program.name,
            self._weights.name,
            loading=not child.ready.is_set(),
        )

    async def _until_ready(self, child: Child) -> None:
        """… or it has ended, or another is wanted."""
        try:
            async with asyncio.timeout(self._load_seconds):
                await until_one_ends(_until(child.ready), _until(child.ended), _until(self._anew))
        except TimeoutError as error:
            raise BackendError(
                f"{self._program.name} was not ready within {self._load_seconds:.0f} s",
                "Weights that are quantised while they are loaded take minutes at the first"
                " start: raise backend.moshi_cpp.load_seconds.",
            ) from error

    def _up(self, child: Child) -> None:
        with self._lock:
            self._speech = HeardSpeech(self._emit, self._next)
            self._next += _A_CHILD
        self._dropped += self._balance.dropped
        self._balance = FrameBalance()
        self._slack = MOST_KEPT
        self._child = child
        self._is_settled.set()
        if not self._loaded.done():
            self._loaded.set_result(None)
        else:
            self._emit(Status("ready", 1.0))

    def _down(self) -> None:
        self._child = None
        with self._lock:
            speech, self._speech = self._speech, None
            if speech is not None:
                speech.close()

    def _tell(self, error: BackendError) -> None:
        if not self._loaded.done():
            self._loaded.set_exception(error)
        elif not self._closed:
            self._emit(Failed(error.message, error.remedy, fatal=True))

    async def _feed(self, child: Child) -> None:
        """Live: a frame each 80 ms, the microphone's or, where none comes, silence."""
        if self._inline:
            await child.ended.wait()
            return
        self._clock.start()
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
        silent, news, tick = 0.0, self._news, min(1.0, self._patience / 4)
        while silent < self._patience:
            await asyncio.sleep(tick)
            owes = child.is_full or self._balance.unanswered > MOST_KEPT
            silent = silent + tick if owes and news == self._news else 0.0
            news = self._news
        raise BackendError(
            f"{self._program.name} did not answer for {silent:.0f} s",
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

    def _push_at_once(self, frame: Float32) -> None:
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
        deadline = self._loop.time() + ANSWER_TIMEOUT
        try:
            async with asyncio.timeout_at(deadline):
                await self._send(child, frame)
                while self._balance.under_way > self._slack and not child.ended.is_set():
                    self._answered.clear()
                    await self._answered.wait()
        except TimeoutError:
            self._slack = self._balance.under_way

    # -- what comes out of it, see `ChildEvents` -------------------------------------------------

    def line(self, text: str) -> None:
        if text.startswith("using device:"):
            self._device = text.partition(":")[2].strip().strip('"')
        for begins, stage in _STAGES.items():
            if text.startswith(begins) and (begins == "loading..." or self._weights.prompted):
                self._emit(Status(stage))

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


def command_line(program: Path, weights: Weights, options: Options) -> list[str]:
    """What the settings ask for, as the program's own options."""
    seconds = options.get("context_seconds")
    wanted = {
        "-d": options.get("device"),
        "--threads": options.get("threads"),
        "-q": options.get("quantize"),
        "-c": round(float(seconds) * POSITIONS_PER_SECOND) if seconds else None,
        "-s": options.get("seed"),
        "-t": options.get("temperature"),
    }
    command = [str(program), "-m", f"{weights.folder}/"]
    for flag, value in wanted.items():
        if value is not None:
            command += [flag, str(value)]
    # What it quantises it keeps beside the weights, for the next start.
    return [*command, "-g"] if options.get("quantize") else command


def _text(options: Options, key: str) -> str | None:
    value = options.get(key)
    return None if value is None else str(value)


async def _until(event: asyncio.Event) -> None:
    await event.wait()
