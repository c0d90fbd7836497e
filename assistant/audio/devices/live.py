"""Live sound: the microphone's frames into the event loop, the playback queue to the speaker.

What goes wrong with the devices is `DeviceSupervisor`'s business; here the sound itself passes by.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from assistant.audio.base import DeviceChoice, Float32, OnFrame
from assistant.audio.clean import clean, mixdown
from assistant.audio.collector import Collector
from assistant.audio.devices.dropout_detector import GAPPY, WHOLE, DropoutDetector
from assistant.audio.devices.listing import list_devices
from assistant.audio.devices.loss_meter import LossMeter
from assistant.audio.devices.portaudio import THREAD, hung, import_sounddevice
from assistant.audio.devices.pulse import Kind
from assistant.audio.devices.reblock import Reblocker
from assistant.audio.devices.silence_detector import AUDIBLE, MUTED, SILENT, SilenceDetector
from assistant.audio.devices.streams import KINDS, OpenStream, Streams
from assistant.audio.devices.supervisor import OPEN_LIMIT, DeviceSupervisor
from assistant.audio.frontend.frontend import FrontEnd
from assistant.audio.levels import LevelHistory
from assistant.audio.playback.jitter import JitterBuffer
from assistant.audio.resample import StreamResampler
from assistant.config.schema import AudioConfig
from assistant.frames import FRAME_SAMPLES, SAMPLE_RATE
from assistant.loops import post

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

    def __init__(self, config: AudioConfig) -> None:
        self.playback = JitterBuffer()
        self.playback.gain = config.volume
        self.front = FrontEnd(config)
        self.input_levels = LevelHistory()
        self.output_levels = LevelHistory()
        self.cleaned = 0
        """Samples that were not sound (NaN, infinite, over-range) and were put right."""
        self._streams = Streams(config, self.playback, self._wake)
        self._supervisor = DeviceSupervisor(
            self._streams, self._tell, self._changed, lambda: self.playback.is_sounding
        )
        self._silence = SilenceDetector()
        self._dropouts = DropoutDetector()
        self._reblocker = Reblocker()
        self._resampler = StreamResampler(SAMPLE_RATE, SAMPLE_RATE)
        self._heard: OpenStream | None = None
        self._heard_until: float | None = None
        self._lost_output = 0
        self._wake_is_due = False
        self._on_frame: OnFrame = lambda number, frame: None
        self._on_problem: Callable[[str, str], None] = lambda text, remedy: None
        self._loop: asyncio.AbstractEventLoop | None = None
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
        self._loop = asyncio.get_running_loop()
        self.front.warm()
        self._on_frame = on_frame
        self._on_problem = on_problem
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
        late = self.playback.dropped + self._lost_output
        return {"microphone": self._reblocker.lost_frames, "speaker": -(-late // FRAME_SAMPLES)}

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

    def _changed(self, kind: Kind) -> None:
        """Another device, or the same one after a gap: another room."""
        if kind == "input":
            self._heard = None
        else:
            self.front.restart()

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

    # --- what the callbacks leave behind ------------------------------------------------------

    def _wake(self) -> None:
        """From an audio thread: have the event loop look, once for however many blocks."""
        if self._wake_is_due or self._loop is None:
            return
        self._wake_is_due = True
        post(self._loop, self._drain)

    def _drain(self) -> None:
        self._wake_is_due = False
        # The speaker first: an echo canceller has to know a sound before it hears it.
        if (speaker := self._streams.speaker) is not None:
            self._take_output(speaker)
        if (microphone := self._streams.microphone) is not None:
            self._take_input(microphone)

    def _take_input(self, opened: OpenStream) -> None:
        dropped, blocks = opened.queue.take()
        if self._supervisor.is_gone("input"):
            self._heard = None
            return  # what comes now is not the user, or not known to be
        for at, block in blocks:
            if opened is not self._heard:
                dropped = self._change_microphone(opened, at - len(block) / opened.rate, dropped)
            dropped += opened.meter.tick(at, len(block) + dropped)
            lost, dropped = round(dropped * SAMPLE_RATE / opened.rate), 0
            if lost:
                log.info("the microphone lost %d samples", lost)
                self.front.doubt()
                self._deliver(self._reblocker.lose(lost))
            samples, cleaned = clean(mixdown(block))
            self.cleaned += cleaned
            samples = self._resampler.process(samples)
            self._listen_for_silence(samples)
            self._look_for_gaps(samples.size, lost)
            self.input_levels.push(samples)
            self._deliver(self._reblocker.push(self.front.heard(samples)))
            self._heard_until = at

    def _change_microphone(self, opened: OpenStream, since: float, dropped: int) -> int:
        """Sound begins, or begins again, at `since`; the time until then is lost sound. Returns how
        many of the `dropped` samples are still to be counted."""
        if self._heard_until is not None:
            gap = round(max(0.0, since - self._heard_until) * SAMPLE_RATE)
            self._deliver(self._reblocker.lose(gap))
            dropped = 0
        self._heard = opened
        self.front.restart()
        self._silence.restart()
        self._dropouts.restart()
        self._resampler = StreamResampler(opened.rate, SAMPLE_RATE)
        opened.meter = LossMeter(opened.rate, opened.meter.tolerance)
        return dropped

    def _listen_for_silence(self, samples: Float32) -> None:
        muted = self._supervisor.is_muted()
        if self._silence.take(samples, muted=muted):
            silent = MUTED if muted else SILENT
            self._tell(*(silent if self._silence.silent else AUDIBLE))

    def _look_for_gaps(self, come: int, lost: int) -> None:
        if self._dropouts.take(come, lost):
            self._tell(*(GAPPY if self._dropouts.gappy else WHOLE))

    def _take_output(self, opened: OpenStream) -> None:
        unseen, blocks = opened.queue.take()
        for at, pcm in blocks:
            lost = opened.meter.tick(at, pcm.size + unseen)
            if lost or unseen:
                log.info("the speaker lost %d samples, %d unseen", lost, unseen)
                self.front.doubt()
            self._lost_output += lost
            unseen = 0
            self.output_levels.push(pcm)
            self.front.played(pcm)

    def _deliver(self, frames: list[tuple[int, Float32]]) -> None:
        for number, frame in frames:
            self._on_frame(number, frame)
