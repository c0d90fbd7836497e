"""Microphone and speaker that change while a session runs: this machine's, or those of a device
elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Literal

import numpy as np

from assistant.audio.base import DeviceChoice, OnFrame
from assistant.audio.devices.on_demand import SILENT_FRAMES, OnDemandAudio
from assistant.audio.devices.remote import RemoteAudio
from assistant.audio.types import Float32
from assistant.frames import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE

_UNHEARD_SECONDS = 0.1


class SwitchableAudio:
    """`AudioIO`: of this machine's devices, where they `are_used` at all, until somebody carries
    the sound; then of that one. The playback is the same, so that what is being said goes on there.

    Where nothing plays, what is said goes by in its own time, or a turn would never end.
    """

    def __init__(self, own: OnDemandAudio, *, are_used: bool) -> None:
        self._own = own
        self._are_used = are_used
        self.remote: RemoteAudio | None = None
        """Who carries the sound."""
        self.playback = own.playback
        self.front = own.front
        self.input_levels = own.input_levels
        self.output_levels = own.output_levels
        self.held = False
        """Who carried the sound is about to come back: what is said waits."""
        self._on_frame: OnFrame = lambda number, frame: None
        self._on_problem: Callable[[str, str], None] = lambda text, remedy: None
        self._frames = 0
        """Number of the next frame."""
        self._last = 0.0
        """When the last one came, monotonic seconds."""
        self._silent = 0
        """Silent frames that are still to be told of."""
        self._source: object = None
        """Who brought the last one."""
        self._switching = asyncio.Lock()
        self._unheard: asyncio.Task[None] | None = None

    @property
    def uses_machine(self) -> bool:
        """This machine's devices are used while nobody carries the sound."""
        return self._are_used

    @property
    def microphone(self) -> str | None:
        return self.remote.name if self.remote is not None else self._own.microphone

    @property
    def speaker(self) -> str | None:
        return self.remote.name if self.remote is not None else self._own.speaker

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        self._on_frame, self._on_problem = on_frame, on_problem
        self._unheard = asyncio.create_task(self._play_unheard(), name="unheard")
        await self._own.start(self._take_from(self._own), on_problem)
        async with self._switching:
            if self._are_used and self.remote is None:
                await self._own.open()

    async def stop(self) -> None:
        if self._unheard is not None:
            self._unheard.cancel()
        async with self._switching:
            if self.remote is not None:
                await self.remote.stop()
                self.remote = None
            await self._own.stop()

    async def carry(self, remote: RemoteAudio) -> None:
        """This one is microphone and speaker from now on, in place of whoever was."""
        async with self._switching:
            self.held = False
            if self.remote is not None:
                await self.remote.stop()
            else:
                await self._close_own()
            self.remote = remote
            await remote.start(self._take_from(remote), self._on_problem)
            self._on_problem(f"{remote.name} is microphone and speaker now.", "")

    async def release(self, remote: RemoteAudio, *, hold: bool = False) -> None:
        """It carries the sound no longer; nothing where another one does by now. `hold`: nobody
        does until somebody else takes it, or `give_up`."""
        async with self._switching:
            if self.remote is not remote:
                return
            self.remote, self.held = None, hold
            self._silent = SILENT_FRAMES
            await remote.stop()
            self.front.voice = False
            if not hold:
                await self._go_back()

    async def give_up(self) -> None:
        """Nobody came back: this machine's devices again, or none."""
        async with self._switching:
            if not self.held:
                return
            self.held = False
            await self._go_back()

    async def _go_back(self) -> None:
        if self._are_used:
            await self._own.open()
            self._on_problem("This computer is microphone and speaker again.", "")
        else:
            self._on_problem("No page is microphone and speaker any more.", "")

    async def _close_own(self) -> None:
        """What sounds just now is heard on where the sound is carried next."""
        if self._own.is_open:
            await self._own.close(clear=False, ends_turn=False)

    async def devices(self) -> list[DeviceChoice]:
        choices = await self._own.devices() if self._are_used else []
        if self.remote is None:
            return choices
        kinds: tuple[Literal["input"], Literal["output"]] = ("input", "output")
        here = [DeviceChoice(kind, self.remote.name, False, in_use=True) for kind in kinds]
        others = [DeviceChoice(c.kind, c.name, c.is_default, in_use=False) for c in choices]
        return sorted([*here, *others], key=lambda choice: choice.kind)

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        if self.remote is None or name != self.remote.name:
            await self._own.use_device(kind, name)

    def drops(self) -> dict[str, int]:
        return (self.remote or self._own).drops()

    def output_delay(self) -> float:
        return (self.remote or self._own).output_delay()

    def _take_from(self, source: RemoteAudio | OnDemandAudio) -> OnFrame:
        """Frames are numbered on, whoever brings them; a gap of the source's is one here."""
        base = 0

        def take(number: int, samples: Float32) -> None:
            nonlocal base
            if self._source is not source:
                self._source, base = source, self._frames + self._missed() - number
            self._hand_on(max(self._frames, base + number), samples)

        return take

    def _missed(self) -> int:
        """Frames for which nobody listened: their numbers are left out, for a frame must not be
        told of before it can have been heard."""
        since = time.monotonic() - self._last if self._frames else 0.0
        return max(0, round(since / FRAME_SECONDS) - 1)

    def _hand_on(self, number: int, samples: Float32) -> None:
        self._frames, self._last = number + 1, time.monotonic()
        self._on_frame(number, samples)

    def _listen_to_silence(self) -> None:
        """Nobody brings frames any more: a little silence, in its own time, ends the turn that was
        cut off."""
        for _ in range(min(self._missed(), self._silent)):
            self._silent -= 1
            self._source = None
            self._hand_on(self._frames, np.zeros(FRAME_SAMPLES, np.float32))

    async def _play_unheard(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(_UNHEARD_SECONDS)
            now = time.monotonic()
            plays = self.remote is not None or self._own.is_open
            if not plays and not self._switching.locked():
                self._listen_to_silence()
                if not self.held:
                    self.playback.read(round((now - last) * SAMPLE_RATE))
            last = now
