"""The two PortAudio streams. Opening and closing belong on PortAudio's thread.

Two streams, not one duplex stream: microphone and speaker are often different devices with rates
and clocks of their own, and either may be missing.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.audio.clock import LossMeter
from assistant.audio.devices import (
    Device,
    Kind,
    NoSuchDevice,
    choose_device,
    list_devices,
    listens_to_speaker,
    ways_to_open,
)
from assistant.audio.jitter import JitterBuffer
from assistant.audio.portaudio import broken, import_sounddevice, reinitialise
from assistant.audio.reblock import BlockQueue
from assistant.audio.resample import PullResampler
from assistant.config import AudioConfig
from assistant.frames import SAMPLE_RATE

Float32 = NDArray[np.float32]
Problem = tuple[str, str]
"""What is wrong, and what to do about it."""
StreamCallback = Callable[[Any, int, Any, Any], None]

STALLED_SECONDS = 0.75
"""A stream without a callback for so long is lost, whatever it says of itself."""
QUEUE_SECONDS = 4.0
"""Sound that may wait for the event loop: 50 frames."""

_NAMES: dict[Kind, str] = {"input": "microphone", "output": "speaker"}
_REMEDIES: dict[Kind, str] = {
    "input": "Plug one in and start again, or go on by typing.",
    "output": "Plug one in and start again; answers are shown as text.",
}


@dataclass(slots=True)
class OpenStream:
    """A running stream and what its callback leaves behind."""

    device: Device
    rate: int
    queue: BlockQueue
    """Microphone: blocks as they came. Speaker: what was played, 24 kHz."""
    meter: LossMeter
    last_callback: float = field(default_factory=time.monotonic)
    ended: bool = False
    latency: float = 0.0
    puller: PullResampler | None = None
    stream: Any = None

    def is_lost(self, now: float) -> bool:
        """Whether it ended, or has not called for too long (a hung server sets no flag)."""
        return self.ended or now - self.last_callback > STALLED_SECONDS


class Streams:
    """Microphone and speaker, as far as there are any."""

    def __init__(
        self, config: AudioConfig, playback: JitterBuffer, wake: Callable[[], None]
    ) -> None:
        self.microphone: OpenStream | None = None
        self.speaker: OpenStream | None = None
        self.abandoned = False
        """Set by whoever will not wait any longer: what is opened now is closed at once."""
        self._config = config
        self._playback = playback
        self._wake = wake

    @property
    def count(self) -> int:
        """Streams that are open: 0 to 2."""
        return (self.microphone is not None) + (self.speaker is not None)

    def is_lost(self, now: float) -> bool:
        """Whether a stream that was opened does not run any more."""
        streams = (self.microphone, self.speaker)
        return any(stream is not None and stream.is_lost(now) for stream in streams)

    def open(self) -> list[Problem]:
        """Look for devices anew and open what there is; says what is missing.

        Raises `PortAudioUnavailable`.
        """
        self.close()
        known = "sounddevice" in sys.modules
        sd = import_sounddevice()
        if known:
            try:
                reinitialise(sd)
            except sd.PortAudioError as error:
                raise broken(error) from error
        problems: list[Problem] = []
        self.speaker = self._open(sd, "output", problems)
        self.microphone = self._open(sd, "input", problems)
        if self.abandoned:
            self.close()
        return problems

    def close(self) -> None:
        """Let go of both; may take long where the sound server hangs."""
        for opened in (self.microphone, self.speaker):
            if opened is not None:
                for release in (opened.stream.abort, opened.stream.close):
                    with contextlib.suppress(Exception):  # it is lost already: nothing to save
                        release()
        self.microphone = self.speaker = None

    def _open(self, sd: ModuleType, kind: Kind, problems: list[Problem]) -> OpenStream | None:
        device = self._choose(sd, kind, problems)
        if device is None:
            return None
        reason = ""
        for rate, channels in ways_to_open(device):
            try:
                return self._open_as(sd, device, rate, channels)
            except (sd.PortAudioError, ValueError) as error:
                reason = reason or str(error)
        text = f"The {_NAMES[kind]} {device.name!r} cannot be opened ({reason})."
        problems.append((text, "See `assistant devices` for others; close programs that use it."))
        return None

    def _choose(self, sd: ModuleType, kind: Kind, problems: list[Problem]) -> Device | None:
        devices = list_devices(sd, kind)
        config = self._config
        wanted = config.input_device if kind == "input" else config.output_device
        try:
            device = choose_device(devices, wanted)
        except NoSuchDevice as error:
            if devices:
                text = f"No {_NAMES[kind]} is called {wanted!r}; the system's default is used."
                problems.append((text, error.remedy))
            wanted = None
            device = choose_device(devices, wanted)
        if device and kind == "input" and wanted is None and listens_to_speaker(device):
            device = None
        if device is None:
            problems.append((f"There is no {_NAMES[kind]}.", _REMEDIES[kind]))
        return device

    def _open_as(self, sd: ModuleType, device: Device, rate: int, channels: int) -> OpenStream:
        block_seconds = self._config.block_ms / 1000
        is_input = device.kind == "input"
        queue_rate = rate if is_input else SAMPLE_RATE
        opened = OpenStream(
            device=device,
            rate=rate,
            queue=BlockQueue(round(QUEUE_SECONDS * queue_rate)),
            meter=LossMeter(queue_rate, tolerance=0.75 * block_seconds),
        )

        def finished() -> None:
            opened.ended = True

        stream_type = sd.InputStream if is_input else sd.OutputStream
        opened.stream = stream_type(
            device=device.index,
            samplerate=rate,
            channels=channels,
            dtype="float32",
            blocksize=round(rate * block_seconds),
            latency="low",
            callback=self._listen(opened) if is_input else self._play(opened),
            finished_callback=finished,
        )
        try:
            opened.stream.start()
        except sd.PortAudioError:
            opened.stream.close()
            raise
        opened.latency = float(opened.stream.latency)
        opened.last_callback = time.monotonic()
        return opened

    def _listen(self, opened: OpenStream) -> StreamCallback:
        """The microphone's callback: copy, queue, return."""

        def callback(block: Float32, frames: int, times: Any, status: Any) -> None:
            now = opened.last_callback = time.monotonic()
            opened.queue.put(now, block.copy())
            self._wake()

        return callback

    def _play(self, opened: OpenStream) -> StreamCallback:
        """The speaker's callback: read, write, queue what was played for the levels."""

        def source(samples: int) -> Float32:
            pcm = self._playback.read(samples)
            opened.queue.put(opened.last_callback, pcm)
            return pcm

        puller = opened.puller = PullResampler(source, SAMPLE_RATE, opened.rate)

        def callback(block: Float32, frames: int, times: Any, status: Any) -> None:
            opened.last_callback = time.monotonic()
            block[:] = puller.read(frames)[:, np.newaxis]
            self._wake()

        return callback
