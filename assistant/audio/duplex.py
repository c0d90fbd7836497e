"""Live sound: the microphone's frames into the event loop, the playback queue to the speaker.

What goes wrong with sound devices raises nothing anywhere, so a watchdog looks: a stream that ended
or has fallen silent is closed, PortAudio is started anew, and what there is now is opened. All of
it happens on PortAudio's own thread; the event loop only ever waits with a time limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable

from assistant.audio.base import DeviceChoice, Float32, OnFrame
from assistant.audio.clean import clean, mixdown
from assistant.audio.devices import Kind
from assistant.audio.front import FrontEnd
from assistant.audio.jitter import JitterBuffer
from assistant.audio.levels import LevelHistory
from assistant.audio.portaudio import THREAD, PortAudioUnavailable, hung, kept_stderr
from assistant.audio.reblock import Reblocker
from assistant.audio.resample import StreamResampler
from assistant.audio.streams import OpenStream, Problem, Streams
from assistant.config import AudioConfig
from assistant.frames import FRAME_SAMPLES, SAMPLE_RATE
from assistant.loops import post

OPEN_LIMIT = 3.0
"""Seconds after which a sound server counts as hung."""
STOP_LIMIT = 0.7
"""Seconds that `stop` waits for the devices."""

_LOOK_SECONDS = 0.1
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 2.0
_LONGEST_WAIT_FOR_THE_FIRST = 5.0
_PATIENCE = 4
"""Attempts after a loss until fewer devices than before are taken for good."""


class LiveAudio:
    """`AudioIO` on the devices of `config`, 24 kHz mono whatever their own rates are."""

    def __init__(self, config: AudioConfig) -> None:
        self.playback = JitterBuffer()
        self.playback.gain = config.volume
        self.front = FrontEnd(config)
        self.input_levels = LevelHistory()
        self.output_levels = LevelHistory()
        self.microphone: str | None = None
        self.speaker: str | None = None
        self.cleaned = 0
        """Samples that were not sound (NaN, infinite, over-range) and were put right."""
        self._streams = Streams(config, self.playback, self._wake)
        self._reblocker = Reblocker()
        self._resampler = StreamResampler(SAMPLE_RATE, SAMPLE_RATE)
        self._heard: OpenStream | None = None
        self._heard_until = 0.0
        self._lost_output = 0
        self._wake_is_due = False
        self._on_frame: OnFrame = lambda number, frame: None
        self._on_problem: Callable[[str, str], None] = lambda text, remedy: None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        """Open what there is; returns after three seconds at the latest, and tries on if need be.

        `on_problem` is called in the event loop, then and whenever devices are lost or come back;
        `microphone` and `speaker` are up to date when it is.
        """
        self._loop = asyncio.get_running_loop()
        self._on_frame = on_frame
        self._on_problem = on_problem
        opened = asyncio.Event()
        self._task = asyncio.create_task(self._run(opened))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(opened.wait(), OPEN_LIMIT + 0.1)

    async def stop(self) -> None:
        self._streams.abandoned = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        closing = asyncio.wrap_future(THREAD.submit(self._streams.close))
        # Not cancelled when it is late: it then closes whenever the sound server answers.
        await asyncio.wait({closing}, timeout=STOP_LIMIT)
        self.microphone = self.speaker = None

    async def devices(self) -> list[DeviceChoice]:
        return []  # until there is a picker

    async def use_device(self, kind: Kind, name: str | None) -> None:
        pass

    def drops(self) -> dict[str, int]:
        late = self.playback.dropped + self._lost_output
        return {"microphone": self._reblocker.lost_frames, "speaker": -(-late // FRAME_SAMPLES)}

    def output_delay(self) -> float:
        speaker = self._streams.speaker
        if speaker is None or speaker.puller is None:
            return 0.0
        return speaker.latency + speaker.puller.delay

    # --- opening and watching -----------------------------------------------------------------

    async def _run(self, opened: asyncio.Event) -> None:
        try:
            problems = await self._open()
        except PortAudioUnavailable as error:
            self._on_problem(error.reason, error.remedy)
            if error.kind == "missing":
                return
        else:
            self._name_devices()
            for text, remedy in problems:
                self._on_problem(text, remedy)
        finally:
            opened.set()
        while True:
            before = self._streams.count
            if before:
                await self._until_lost()
            await self._reopen(before)

    async def _open(self) -> list[Problem]:
        """Open on PortAudio's thread, however long that takes; tells if it is long."""
        future = asyncio.wrap_future(THREAD.submit(self._streams.open))
        with kept_stderr(future.done):
            await asyncio.wait({future}, timeout=OPEN_LIMIT)
        if not future.done():
            trouble = hung()
            self._on_problem(trouble.reason, trouble.remedy)
        return await future

    async def _until_lost(self) -> None:
        while not self._streams.is_lost(time.monotonic()):  # noqa: ASYNC110 - a hung server tells nobody
            await asyncio.sleep(_LOOK_SECONDS)
        self.microphone = self.speaker = None
        self._on_problem(
            "The sound devices were lost.", "They are taken up again when they are back."
        )

    async def _reopen(self, before: int) -> None:
        """Try until something opens: for some attempts as many devices as `before`, then any."""
        longest = _LONGEST_WAIT if before else _LONGEST_WAIT_FOR_THE_FIRST
        wait = _FIRST_WAIT
        for attempt in itertools.count(1):
            await asyncio.sleep(wait)
            wait = min(longest, 2 * wait)
            try:
                problems = await self._open()
            except PortAudioUnavailable:
                continue
            if self._streams.count >= (max(1, before) if attempt < _PATIENCE else 1):
                break
        self._name_devices()
        names = " and ".join(name for name in (self.microphone, self.speaker) if name)
        self._on_problem(f"Sound is back: {names}.", "")
        for text, remedy in problems:
            self._on_problem(text, remedy)

    def _name_devices(self) -> None:
        microphone, speaker = self._streams.microphone, self._streams.speaker
        self.microphone = microphone.device.name if microphone else None
        self.speaker = speaker.device.name if speaker else None

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
        for at, block in blocks:
            if opened is not self._heard:
                self._change_microphone(opened, at - len(block) / opened.rate)
            dropped += opened.meter.tick(at, len(block) + dropped)
            if dropped:
                self._deliver(self._reblocker.lose(round(dropped * SAMPLE_RATE / opened.rate)))
                dropped = 0
            samples, cleaned = clean(mixdown(block))
            self.cleaned += cleaned
            samples = self._resampler.process(samples)
            self.input_levels.push(samples)
            self._deliver(self._reblocker.push(self.front.heard(samples)))
            self._heard_until = at

    def _change_microphone(self, opened: OpenStream, since: float) -> None:
        """A stream that begins `since`; the time between it and the last one is lost sound."""
        if self._heard is not None:
            gap = round(max(0.0, since - self._heard_until) * SAMPLE_RATE)
            self._deliver(self._reblocker.lose(gap))
        self._heard = opened
        self.front.restart()
        self._resampler = StreamResampler(opened.rate, SAMPLE_RATE)

    def _take_output(self, opened: OpenStream) -> None:
        unseen, blocks = opened.queue.take()
        for at, pcm in blocks:
            self._lost_output += opened.meter.tick(at, pcm.size + unseen)
            unseen = 0
            self.output_levels.push(pcm)
            self.front.played(pcm)

    def _deliver(self, frames: list[tuple[int, Float32]]) -> None:
        for number, frame in frames:
            self._on_frame(number, frame)
