"""The models that serve: one backend process for everybody, who take turns at it.

A text is rendered piece by piece, and between two pieces whoever else waits has a turn (first come,
first served, a piece each). What nobody listens to any more is not rendered to its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.host.process import BackendProcess
from assistant.backends.registry import backend_options, backend_python, choose_backend
from assistant.backends.wire import decode_pcm, encode_pcm
from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.frames import (
    SAMPLE_RATE,
    AnyCommand,
    AnyEvent,
    AudioOut,
    Capabilities,
    Failed,
    Interrupt,
    Load,
    Ready,
    Say,
    Transcribe,
    Transcribed,
    UtteranceEnded,
)
from assistant.locations import log_dir
from assistant.serving.api.errors import ApiError
from assistant.serving.api.recordings import pieces_of
from assistant.serving.api.voices import Speech, SpeechPiece, ends_sentence

log = logging.getLogger(__name__)

MOST_SPEAKING = 16
"""Texts that are rendered, or wait for their turn, at a time."""
MOST_TRANSCRIBING = 8
"""The same of pieces of recordings."""
RETRY_AFTER = 5
"""Seconds after which it is worth asking again."""
_RESTART_SECONDS = 30.0
"""In which a child that died is waited for."""
_SILENCE_SECONDS = 60.0
"""Without any sound of a piece after which it is given up: a slow machine takes a second or two."""
_PAUSE = 0.18
"""Seconds of silence between two pieces, on top of those that they begin and end with."""
_SHOWN_LOG = "The log of the server tells more."


class Process(Protocol):
    """What is needed of `BackendProcess`."""

    ready: asyncio.Event

    def start(self) -> None: ...

    def start_again(self) -> bool: ...

    async def stop(self) -> None: ...

    def send(self, command: AnyCommand) -> None: ...


MakeProcess = Callable[[Callable[[AnyEvent], None]], Process]


class _Rendering:
    """One piece that the child speaks: its sound as it comes, and behind the last of it None, or
    why there is no more."""

    def __init__(self) -> None:
        self.sound: asyncio.Queue[Float32 | AssistantError | None] = asyncio.Queue()
        self.failure: BackendError | None = None
        """What the child complained of meanwhile: it may be only a full disk."""
        self._samples = 0
        self._ended = asyncio.Event()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def add(self, sound: Float32) -> None:
        self._samples += sound.size
        self.sound.put_nowait(sound)

    def end(self, error: AssistantError | None = None) -> None:
        if not self.ended:
            self._ended.set()
            self.sound.put_nowait(error or (None if self._samples else self.failure))

    async def over(self) -> None:
        """Raises `BackendError` where nothing comes for long."""
        while not self.ended:
            samples = self._samples
            try:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    await self._ended.wait()
            except TimeoutError:
                if samples == self._samples:
                    raise BackendError("the voice does not answer", _SHOWN_LOG) from None


class SpeechService:
    """Belongs to the event loop."""

    def __init__(self, make_process: MakeProcess) -> None:
        self.capabilities = Capabilities()
        self.engine = ""
        """Names the models, once they are loaded."""
        self._process = make_process(self._received)
        self._loaded: asyncio.Future[None] | None = None
        self._numbers = itertools.count(1)
        self._rendering: dict[int, _Rendering] = {}
        self._transcripts: dict[int, asyncio.Future[Transcribed]] = {}
        self._mouth = asyncio.Lock()  # it is fair: who asked first is next
        self._ears = asyncio.Lock()
        self._speaking = self._transcribing = 0

    @property
    def speaking(self) -> int:
        """Texts that are rendered, or wait for their turn."""
        return self._speaking

    async def start(self) -> None:
        """Returns once the models are loaded. Raises `BackendError` where they cannot be."""
        self._loaded = asyncio.get_running_loop().create_future()
        self._process.start()
        await self._loaded

    async def stop(self) -> None:
        await self._process.stop()
        self._give_up(BackendError("the server ends"))

    async def speak(self, speech: Speech) -> AsyncGenerator[Float32]:
        """The sound of a text as it is rendered: float32 [n] of 24 kHz, in pieces; none where
        there is nothing in it that can be said. Raises `ApiError`. Closed, it renders no more."""
        if self._speaking >= MOST_SPEAKING:
            raise _busy("too many texts are being spoken")
        self._speaking += 1
        try:
            tail = 0
            for at, piece in enumerate(speech.pieces):
                pause = _pause(speech, at, tail)
                async with contextlib.aclosing(self._render(speech, piece)) as sounds:
                    async for sound in sounds:
                        if pause:
                            yield np.zeros(pause, np.float32)
                            pause = 0
                        yield sound
                        tail = _silent_tail(sound)
        finally:
            self._speaking -= 1

    async def transcribe(
        self, sound: Float32, *, language: str = "", context: str = "", words: bool = False
    ) -> Transcribed:
        """What is said in float32 [n] of 16 kHz, 30 s at most. Raises `ApiError`."""
        if self._transcribing >= MOST_TRANSCRIBING:
            raise _busy("too many recordings are being written down")
        self._transcribing += 1
        number = next(self._numbers)
        try:
            async with self._ears:
                await self._there()
                wanted = asyncio.get_running_loop().create_future()
                self._transcripts[number] = wanted
                self._process.send(Transcribe(number, encode_pcm(sound), language, context, words))
                async with asyncio.timeout(_SILENCE_SECONDS):
                    answer: Transcribed = await wanted
        except TimeoutError:
            raise ApiError(503, "speech recognition does not answer", _SHOWN_LOG) from None
        except BackendError as error:
            raise ApiError(503, error.message, error.remedy) from None
        finally:
            self._transcribing -= 1
            self._transcripts.pop(number, None)
        if answer.failed:
            raise ApiError(400 if answer.remedy else 500, answer.failed, answer.remedy)
        return answer

    async def write_down(
        self, sound: Float32, rate: int, *, language: str = "", context: str = ""
    ) -> str:
        """All that is said in float32 [n] of this rate, "" where nobody speaks. Raises
        `ApiError`."""
        texts = []
        for piece in await asyncio.to_thread(pieces_of, sound, rate):
            texts.append((await self.transcribe(piece, language=language, context=context)).text)
        return " ".join(filter(None, texts))

    # -- one piece -------------------------------------------------------------------------------

    async def _render(self, speech: Speech, piece: SpeechPiece) -> AsyncGenerator[Float32]:
        """Its sound; the child is free for others as soon as all of it is here, however slowly it
        is taken from here."""
        rendering = _Rendering()
        work = asyncio.create_task(self._have_rendered(rendering, speech, piece), name="render")
        try:
            while (sound := await rendering.sound.get()) is not None:
                if isinstance(sound, AssistantError):
                    raise ApiError(503, sound.message, sound.remedy)
                yield sound
        finally:
            work.cancel()
            await asyncio.wait({work})

    async def _have_rendered(
        self, rendering: _Rendering, speech: Speech, piece: SpeechPiece
    ) -> None:
        try:
            async with self._mouth:
                await self._there()
                number = next(self._numbers)
                self._rendering[number] = rendering
                say = Say(number, piece.text, True, speech.rate, piece.prosody, speech.voice)
                self._process.send(say)
                try:
                    await rendering.over()
                finally:
                    del self._rendering[number]
                    if not rendering.ended:
                        self._process.send(Interrupt())  # nothing else is spoken just now
        except AssistantError as error:
            rendering.end(error)

    async def _there(self) -> None:
        """Raises `BackendError` where the child has died, and does not come back."""
        if self._process.ready.is_set():
            return
        self._process.start_again()
        try:
            async with asyncio.timeout(_RESTART_SECONDS):
                await self._process.ready.wait()
        except TimeoutError:
            raise BackendError("the models are not loaded", _SHOWN_LOG) from None

    # -- from the child --------------------------------------------------------------------------

    def _received(self, event: AnyEvent) -> None:
        match event:
            case Ready():
                self.capabilities, self.engine = event.capabilities, event.engine
                self._settle_loading(None)
            case AudioOut(utterance=number, pcm=pcm) if number in self._rendering:
                self._rendering[number].add(decode_pcm(pcm))
            case UtteranceEnded(utterance=number) if number in self._rendering:
                self._rendering[number].end()
            case Transcribed(number=number) if number in self._transcripts:
                self._transcripts.pop(number).set_result(event)
            case Failed():
                self._failed(event)
            case _:
                pass

    def _settle_loading(self, error: BackendError | None) -> None:
        if self._loaded is None or self._loaded.done():
            return
        if error is None:
            self._loaded.set_result(None)
        else:
            self._loaded.set_exception(error)

    def _failed(self, event: Failed) -> None:
        log.warning("backend: %s", event.message)
        error = BackendError(event.message, event.remedy)
        if event.fatal:
            self._settle_loading(error)
        if not self._process.ready.is_set():
            self._give_up(error)
        for rendering in self._rendering.values():
            rendering.failure = error

    def _give_up(self, error: BackendError) -> None:
        """What is under way will not be done."""
        for rendering in self._rendering.values():
            rendering.end(error)
        for wanted in self._transcripts.values():
            if not wanted.done():
                wanted.set_exception(error)


def make_process(config: Config) -> MakeProcess:
    """The backend of these settings that speaks and writes down: the cascade, unless another is
    asked for by name. Raises `BackendError` where it cannot run."""
    wanted = config.model_copy(deep=True)
    if wanted.backend.name == "auto" or wanted.backend.name.startswith("moshi-"):
        wanted.backend.name = "cascade"
    name = choose_backend(wanted).name
    options = backend_options(name, wanted) | {"keep_pauses": False, "measure_voice": False}

    def make(on_event: Callable[[AnyEvent], None]) -> BackendProcess:
        return BackendProcess(
            name,
            Load(options=options, names=[]),
            on_event,
            python=backend_python(name, wanted),
            log_path=log_dir() / "backend.log",
        )

    return make


def _busy(what: str) -> ApiError:
    return ApiError(
        429, f"{what} at once", "Ask again in some seconds.",
        code="rate_limit_exceeded", retry_after=RETRY_AFTER,
    )  # fmt: skip


def _pause(speech: Speech, at: int, tail: int) -> int:
    """Samples of silence before this piece; the one before it ended with `tail` of them."""
    if at == 0 or not ends_sentence(speech.pieces[at - 1].text):
        return 0
    wanted = _PAUSE * speech.pieces[at - 1].prosody.pauses / speech.rate
    return max(0, round(wanted * SAMPLE_RATE) - tail)


def _silent_tail(sound: Float32) -> int:
    heard = np.flatnonzero(sound)
    return int(sound.size - 1 - heard[-1]) if heard.size else int(sound.size)
