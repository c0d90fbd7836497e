"""A session without a front end, for other programs: it speaks and asks while no other session
runs, and its microphone is open only while somebody is asked.

Of several processes that want one, one has it, and serves the others through its private socket.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from assistant.audio.base import AudioIO
from assistant.audio.files import NullAudio
from assistant.backends.host.child import use_one_heap
from assistant.backends.host.process import BackendProcess, NoBackend
from assistant.backends.registry import Choice
from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.frames import AnyEvent, Load
from assistant.session.clients.floor import Progress
from assistant.session.clients.private_socket import endpoints, listening
from assistant.session.clients.requests import (
    AnyRequest,
    AnyResult,
    Recall,
    Remember,
    RequestError,
)
from assistant.session.events import LoadProgress, SessionEvent
from assistant.session.factory import find_personas, make_dependencies, start_and_wait
from assistant.session.session import Session

IDLE_SECONDS = 300.0
"""Without a request, after which the voice's memory is given back."""
_DEVICE_BUFFERS = 0.1
"""Seconds of sound that a device may hold beside what it tells."""
_CAN_SPEAK_FOR_OTHERS = ("auto", "cascade", "echo")

log = logging.getLogger(__name__)


class Taken(Exception):
    """Another process has the headless session."""


class OpenableAudio(AudioIO, Protocol):
    """Devices that are opened and closed again: `audio.devices.on_demand`."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...


class Headless:
    """Made at once; the voice is loaded at the first request that needs it."""

    def __init__(self, config: Config, make_audio: Callable[[Config], OpenableAudio]) -> None:
        self._config = _settings(config)
        self._make_audio = make_audio
        self._voice: _Voice | None = None
        self._starting = asyncio.Lock()
        self._under_way = 0
        self._idle: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    async def request(self, client: str, request: AnyRequest, progress: Progress) -> AnyResult:
        """See `SessionFrontend.serve_client`. Raises `AssistantError`, and `Taken` where another
        process speaks already."""
        if isinstance(request, Remember | Recall) and self._voice is None:
            return await self._from_memory(client, request, progress)
        if self._idle is not None:
            self._idle.cancel()
        self._under_way += 1
        try:
            voice = await self._ready(progress)
            return await voice.session.serve_client(client, request, progress)
        finally:
            self._under_way -= 1
            if not self._under_way:
                loop = asyncio.get_running_loop()
                self._idle = loop.call_later(IDLE_SECONDS, self._rest)

    async def close(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        voice, self._voice = self._voice, None
        if voice is not None:
            await voice.close()
        if self._closing is not None:
            await asyncio.wait({self._closing})

    def _rest(self) -> None:
        """Unless other processes use it."""
        voice = self._voice
        if self._under_way or voice is None:
            return
        if voice.session.client_requests.busy:
            self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._rest)
            return
        self._voice = None
        self._closing = asyncio.create_task(voice.close(), name="headless-rest")

    async def _ready(self, progress: Progress) -> _Voice:
        async with self._starting:
            if self._closing is not None:
                await asyncio.wait({self._closing})  # two would have the devices
            if self._voice is None:
                voice = _Voice(self._config, self._make_audio(self._config))
                await voice.begin()
                self._voice = voice
            voice = self._voice
        try:
            await voice.loaded(progress)
        except BaseException:
            if voice.failed and self._voice is voice:
                self._voice = None
                await voice.close()
            raise
        return voice

    async def _from_memory(self, client: str, request: AnyRequest, progress: Progress) -> AnyResult:
        """Without a voice, and nothing is left open."""
        config = self._config.model_copy(deep=True)
        config.backend.name = "echo"  # it can always be chosen, and is not started
        personas = find_personas(config)
        dependencies = make_dependencies(config, NullAudio(), personas=personas, remember=True)
        dependencies.choice = Choice("", "nothing is said aloud")
        dependencies.make_backend = _no_backend
        dependencies.schedule.rings = False
        session = Session(dependencies)
        try:
            await session.start()
            return await session.serve_client(client, request, progress)
        finally:
            await session.stop()


def _no_backend(load: Load, on_event: Callable[[AnyEvent], None]) -> BackendProcess:
    return NoBackend(load, on_event)


def _settings(config: Config) -> Config:
    """Nobody is there but other programs: no greeting, no language model, no tools of others."""
    config = config.model_copy(deep=True)
    config.session.greeting = False
    config.session.notifications = False
    config.brain.kind = "scripted"
    config.adapters = {}
    config.audio.mode = "open"
    if config.backend.name not in _CAN_SPEAK_FOR_OTHERS:
        config.backend.name = "cascade"
    return config


class _Voice:
    """The session, its devices, and its private socket."""

    def __init__(self, config: Config, audio: OpenableAudio) -> None:
        use_one_heap()  # before there are threads
        dependencies = make_dependencies(
            config, audio, personas=find_personas(config), remember=True
        )
        dependencies.schedule.rings = False
        self.session = Session(dependencies)
        self.session.client_requests.listener.alone = True
        self.session.client_requests.stage = self._devices
        self._audio = audio
        self._served = AsyncExitStack()
        self._loading: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """From here on others reach it. Raises `Taken`."""
        try:
            ours = await self._served.enter_async_context(listening(self.session, "headless"))
        except (OSError, AssistantError) as error:
            log.warning("other programs cannot share this voice: %s", error)
        else:
            first = next(each for each in endpoints() if each.kind == "headless")
            if first.pid != ours.pid:
                await self._served.aclose()
                raise Taken
        self._loading = asyncio.create_task(start_and_wait(self.session), name="headless-load")

    @property
    def failed(self) -> bool:
        loading = self._loading
        if loading is None or not loading.done():
            return False
        return loading.cancelled() or loading.exception() is not None

    async def loaded(self, progress: Progress) -> None:
        """Raises `BackendError` where it cannot run."""
        assert self._loading is not None
        if self._loading.done():
            return self._loading.result()
        progress("loads the voice")

        def tell(event: SessionEvent) -> None:
            if isinstance(event, LoadProgress):
                progress(event.text)

        unsubscribe = self.session.subscribe(tell)
        try:
            await asyncio.shield(self._loading)
        finally:
            unsubscribe()
        return None

    async def close(self) -> None:
        await self._served.aclose()
        if self._loading is not None and not self._loading.done():
            self._loading.cancel()
            await asyncio.wait({self._loading})
        await self.session.stop()

    @asynccontextmanager
    async def _devices(self, listens: bool, progress: Progress) -> AsyncIterator[None]:
        """Open while somebody speaks or is asked. Raises `RequestError` where they are missing."""
        await self.loaded(progress)
        try:
            await self._audio.open()
            self.session.sound.changed()
            if self._audio.speaker is None:
                raise RequestError("there is no speaker", "assistant devices lists what there is")
            if listens and self._audio.microphone is None:
                raise RequestError(
                    "there is no microphone", "assistant devices lists what there is"
                )
            yield
            await asyncio.sleep(self._audio.output_delay() + _DEVICE_BUFFERS)
        finally:
            await asyncio.shield(self._audio.close())
            self.session.sound.changed()
