"""Live sound: the microphone's frames into the event loop, the playback queue to the speaker.

What goes wrong with the devices is `DeviceSupervisor`'s business, the sound itself passes by on the
`SoundThread`; here they are put together.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from assistant.audio.base import DeviceChoice, OnFrame
from assistant.audio.collector import Collector
from assistant.audio.devices.listing import list_devices
from assistant.audio.devices.portaudio import THREAD, hung, import_sounddevice
from assistant.audio.devices.pulse import Kind
from assistant.audio.devices.reblock import frames_of
from assistant.audio.devices.sound_thread import (
    DeviceNotice,
    Handover,
    HeardFrame,
    Item,
    SoundThread,
    StateChange,
)
from assistant.audio.devices.streams import KINDS, Streams
from assistant.audio.devices.supervisor import OPEN_LIMIT, DeviceSupervisor
from assistant.audio.frontend.frontend import FrontEnd, FrontEndMirror
from assistant.audio.playback.jitter import JitterBuffer
from assistant.config.schema import AudioConfig
from assistant.frames import SAMPLE_RATE

log = logging.getLogger(__name__)

STOP_LIMIT = 0.7
"""Seconds that `stop` waits for the devices."""
ASK_LIMIT = 2.5
"""Seconds that `devices` waits for PortAudio."""
PATIENCE = 5.0
"""What is to be said waits so long for a lost speaker; then it goes by unheard, or a turn would
never end. Its text is shown all the while."""

_UNHEARD_SECONDS = 0.1


class LiveAudio:
    """`AudioIO` on the devices of `config`, 24 kHz mono whatever their own rates are."""

    def __init__(self, config: AudioConfig, playback: JitterBuffer | None = None) -> None:
        """`playback`: what is played, where it shall outlive the devices."""
        self.playback = playback or JitterBuffer()
        self.playback.gain = config.volume
        self._streams = Streams(config, self.playback, lambda: self.sound.wake())
        self._supervisor = DeviceSupervisor(
            self._streams,
            self._tell,
            lambda kind: self.sound.device_changed(kind),
            lambda: self.playback.is_sounding,
        )
        self._handover = Handover(self._heard)
        self.sound = SoundThread(FrontEnd(config), self._streams, self._supervisor, self._handover)
        self.front = FrontEndMirror(self.sound.front.state())
        self.input_levels = self.sound.input_levels
        self.output_levels = self.sound.output_levels
        self._on_frame: OnFrame = lambda number, frame: None
        self._on_problem: Callable[[str, str], None] = lambda text, remedy: None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def microphone(self) -> str | None:
        return self._supervisor.name("input") if self._tasks else None

    @property
    def speaker(self) -> str | None:
        return self._supervisor.name("output") if self._tasks else None

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        """Open what there is; returns after three seconds at the latest, and tries on if need be.

        `on_problem` is called in the event loop, then and whenever devices are lost or come back;
        `microphone` and `speaker` are up to date when it is.
        """
        self._on_frame = on_frame
        self._on_problem = on_problem
        self._handover.open(asyncio.get_running_loop())
        self.sound.start()
        opened = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._supervisor.run(opened)),
            asyncio.create_task(self._play_unheard()),
            asyncio.create_task(Collector(self._is_quiet).run()),
        ]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(opened.wait(), OPEN_LIMIT + 0.1)

    async def stop(self) -> None:
        self._streams.abandoned = True
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.sound.stop(STOP_LIMIT)
        closing = asyncio.wrap_future(THREAD.submit(lambda: self._streams.close(KINDS)))
        # Not cancelled when it is late: it then closes whenever the sound server answers.
        await asyncio.wait({closing}, timeout=STOP_LIMIT)

    async def devices(self) -> list[DeviceChoice]:
        """Those of the sound server where there is one, else those of PortAudio as it knows them
        since it was started last."""
        answered = await self._supervisor.pulse.look()
        state = self._supervisor.pulse.state
        if not answered and state is not None:
            raise hung()
        if state is not None and state.devices:
            found = [
                (kind, device.description, device == state.default(kind))
                for kind in KINDS
                for device in state.of_kind(kind)
                if device.is_real
            ]
        else:
            asked = asyncio.wrap_future(THREAD.submit(self._portaudio_devices))
            await asyncio.wait({asked}, timeout=ASK_LIMIT)
            if not asked.done():
                raise hung()
            found = asked.result()
        return [
            DeviceChoice(kind, name, is_default, in_use=name == self._supervisor.name(kind))
            for kind, name, is_default in found
        ]

    async def use_device(self, kind: Kind, name: str | None) -> None:
        """Holds until the end of the session, whatever is lost and found meanwhile."""
        await self._supervisor.use(kind, name)

    def drops(self) -> dict[str, int]:
        late = self.playback.dropped + self.sound.lost_output
        return {"microphone": self.sound.lost_frames, "speaker": frames_of(late)}

    def output_delay(self) -> float:
        speaker = self._streams.speaker
        if speaker is None or speaker.puller is None:
            return 0.0
        return speaker.latency + speaker.puller.delay

    @staticmethod
    def _portaudio_devices() -> list[tuple[Kind, str, bool]]:
        sd = import_sounddevice()
        return [
            (kind, device.name, device.is_default)
            for kind in KINDS
            for device in list_devices(sd, kind)
        ]

    # --- what the supervisor tells --------------------------------------------------------------

    def _tell(self, text: str, remedy: str) -> None:
        self._on_problem(text, remedy)

    async def _play_unheard(self) -> None:
        """Without a speaker, let what was to be said go by in its own time."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(_UNHEARD_SECONDS)
            now = time.monotonic()
            since = self._supervisor.gone_since("output")
            if since is not None and now - since > PATIENCE:
                self.playback.read(round((now - last) * SAMPLE_RATE))
            last = now

    def _is_quiet(self) -> bool:
        return not (self.playback.is_sounding or self.front.voice)

    def _heard(self, item: Item) -> None:
        """What the sound thread hands over, in the loop."""
        match item:
            case HeardFrame(number, samples, state):
                self.front.take(state)
                self._on_frame(number, samples)
            case StateChange(state):
                self.front.take(state)
            case DeviceNotice(text, remedy):
                self._tell(text, remedy)
