"""Which page carries the sound: one at a time, whoever took it last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from assistant.audio.devices.remote import RemoteAudio
from assistant.audio.devices.switchable import SwitchableAudio
from assistant.config.schema import AudioConfig
from assistant.loops import BackgroundTasks
from assistant.serving.web.messages import Holder, SoundHolder

COMES_BACK_WITHIN = 8.0
"""Seconds for which a page that has gone (a reload, a tunnel) may take the sound again before this
machine does: what was being said waits for it."""
ELSEWHERE = (
    "The conversation belongs to another window of assistant, and its sound stays there. To carry "
    "it here, end that one and start: assistant web --dashboard"
)

log = logging.getLogger(__name__)


class SoundPage(Protocol):
    """A page, as whoever gives the sound to one sees it. All but `name` is called in the session's
    loop, or on a thread of the sound's; nothing waits."""

    name: str

    def tell_sound(self, holder: SoundHolder) -> None: ...

    def play(self, pcm: bytes) -> None: ...

    def flush(self) -> None: ...


class SoundDesk:
    """Gives the sound to pages and takes it back. In the session's event loop."""

    def __init__(
        self,
        audio: SwitchableAudio,
        config: AudioConfig,
        on_first: Callable[[], None] | None = None,
    ) -> None:
        """`on_first` is called when a page carries the sound for the first time."""
        self._audio = audio
        self._config = config
        self._on_first = on_first
        self._pages: list[SoundPage] = []
        self._holder: SoundPage | None = None
        self._order = asyncio.Lock()
        self._tasks = BackgroundTasks()
        self._waiting: asyncio.TimerHandle | None = None
        self._closed = False

    def join(self, page: SoundPage) -> None:
        self._pages.append(page)
        page.tell_sound(self._state(page))

    def leave(self, page: SoundPage) -> None:
        """It is gone, perhaps for a moment only."""
        self._pages.remove(page)
        if self._holder is page and not self._closed:
            self._tasks.run(self._give_back(page, hold=True))

    def take(self, page: SoundPage) -> None:
        self._tasks.run(self._take(page))

    def release(self, page: SoundPage) -> None:
        self._tasks.run(self._give_back(page, hold=False))

    def remote_of(self, page: SoundPage) -> RemoteAudio | None:
        """What hears this page; None where it does not have the sound. From any thread."""
        return self._audio.remote if self._holder is page else None

    def close(self) -> None:
        self._closed = True
        self._forget_wait()
        self._tasks.cancel()

    async def _take(self, page: SoundPage) -> None:
        async with self._order:
            if page not in self._pages or self._holder is page:
                return
            self._forget_wait()
            audio = self._audio
            remote = RemoteAudio(
                page.name,
                self._config,
                audio.playback,
                audio.front,
                (audio.input_levels, audio.output_levels),
                send=page.play,
                flush=page.flush,
            )
            await audio.carry(remote)
            self._holder = page
            self._tell()
            if self._on_first is not None:
                self._on_first()
                self._on_first = None

    async def _give_back(self, page: SoundPage, *, hold: bool) -> None:
        async with self._order:
            if self._holder is not page or self._audio.remote is None:
                return
            self._holder = None
            await self._audio.release(self._audio.remote, hold=hold)
            if hold:
                self._wait()
            self._tell()

    def _wait(self) -> None:
        self._forget_wait()
        loop = asyncio.get_running_loop()
        self._waiting = loop.call_later(COMES_BACK_WITHIN, lambda: self._tasks.run(self._give_up()))

    def _forget_wait(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    async def _give_up(self) -> None:
        async with self._order:
            await self._audio.give_up()
            self._tell()

    def _tell(self) -> None:
        for page in self._pages:
            page.tell_sound(self._state(page))

    def _state(self, page: SoundPage) -> SoundHolder:
        holder: Holder = "none"
        who = "nobody"
        if self._holder is not None:
            holder, who = "page", self._holder.name
        elif self._audio.uses_machine and not self._audio.held:
            holder, who = "machine", "this computer"
        return SoundHolder(holder, self._holder is page, who, can_take=True)
