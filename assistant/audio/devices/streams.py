"""The two PortAudio streams. Opening and closing belong on PortAudio's thread.

Two streams, not one duplex stream: microphone and speaker are often different devices with rates
and clocks of their own, and either may be missing.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal

import numpy as np

from assistant.audio.devices.listing import (
    Device,
    NoSuchDevice,
    choose_device,
    list_devices,
    listens_to_speaker,
    routed,
    ways_to_open,
)
from assistant.audio.devices.loss_meter import LossMeter
from assistant.audio.devices.portaudio import broken, import_sounddevice, reinitialise
from assistant.audio.devices.pulse import Kind, PulseDevice, PulseState
from assistant.audio.devices.reblock import BlockQueue
from assistant.audio.playback.jitter import JitterBuffer
from assistant.audio.resample import PullResampler
from assistant.audio.types import Float32
from assistant.config.schema import AudioConfig
from assistant.frames import SAMPLE_RATE

StreamCallback = Callable[[Any, int, Any, Any], None]

STALLED_SECONDS = 0.75
"""A stream without a callback for so long is lost, whatever it says of itself."""
QUEUE_SECONDS = 4.0
"""Sound that may wait for the event loop: 50 frames."""

_PAUSE_SECONDS = 0.4
_PROOF_SECONDS = 0.3
_MOST_LOOKS = 3
"""Times that PortAudio is started anew because of devices that it does not see."""

KINDS: tuple[Kind, Kind] = ("input", "output")
NAMES: dict[Kind, str] = {"input": "microphone", "output": "speaker"}
_REMEDIES: dict[Kind, str] = {
    "input": "It is used as soon as one is plugged in; you can type meanwhile.",
    "output": "It is used as soon as one is plugged in; answers are shown as text meanwhile.",
}


@dataclass(frozen=True, slots=True)
class DeviceProblem:
    """Why a device is not open, or not the one that was asked for."""

    why: Literal["absent", "unknown name", "refused"]
    text: str
    remedy: str


@dataclass(slots=True)
class OpenStream:
    """A running stream and what its callback leaves behind."""

    device: Device
    rate: int
    queue: BlockQueue
    """Microphone: blocks as they came. Speaker: what was played, 24 kHz."""
    meter: LossMeter
    opened_at: float = field(default_factory=time.monotonic)
    last_callback: float = field(default_factory=time.monotonic)
    flowing_since: float = field(default=float("inf"))
    """First callback after a silence; infinite before any."""
    ended: bool = False
    latency: float = 0.0
    puller: PullResampler | None = None
    stream: Any = None

    def called(self) -> float:
        """Note a callback; returns when, in monotonic seconds."""
        now = time.monotonic()
        if self.flowing_since == float("inf") or now - self.last_callback > _PAUSE_SECONDS:
            self.flowing_since = now
        self.last_callback = now
        return now

    def is_lost(self, now: float) -> bool:
        """Whether it ended, or has not called for too long (a hung server sets no flag)."""
        return self.ended or now - self.last_callback > STALLED_SECONDS

    def is_proven(self, now: float) -> bool:
        """Whether sound flows. A speaker asks for its first blocks even where nothing takes them
        away afterwards, so it has to go on asking."""
        if self.ended or now - self.last_callback > _PAUSE_SECONDS:
            return False
        lasts = self.last_callback - self.flowing_since
        return lasts >= (0.0 if self.device.kind == "input" else _PROOF_SECONDS + self.latency)

    def release(self) -> None:
        """May take long where the sound server hangs."""
        for release in (self.stream.abort, self.stream.close):
            with contextlib.suppress(Exception):  # it is lost already: nothing to save
                release()


class Streams:
    """Microphone and speaker, as far as there are any. Losing one does not touch the other, as long
    as PortAudio need not look for devices anew: that ends every stream it has."""

    def __init__(
        self, config: AudioConfig, playback: JitterBuffer, wake: Callable[[], None]
    ) -> None:
        self.microphone: OpenStream | None = None
        self.speaker: OpenStream | None = None
        self.abandoned = False
        """Set by whoever will not wait any longer: what is opened now is closed at once."""
        self.wanted: dict[Kind, str | int | None] = {
            "input": config.input_device,
            "output": config.output_device,
        }
        """By number, or part of a name; None: the system's default."""
        self.default_names: dict[Kind, str | None] = {}
        """The system's defaults, when PortAudio was started last."""
        self._looks = 0
        self._given_up: set[tuple[PulseDevice, ...]] = set()
        self._block_seconds = config.block_ms / 1000
        self._playback = playback
        self._wake = wake

    def get(self, kind: Kind) -> OpenStream | None:
        return self.microphone if kind == "input" else self.speaker

    def mend(
        self,
        kinds: Collection[Kind],
        pulse: PulseState | None,
        *,
        shut: Collection[Kind] = (),
        anew: bool = False,
    ) -> dict[Kind, DeviceProblem]:
        """Open those of `kinds` that are not open or do not run, and those of `shut` after closing
        them; returns what is wrong with which.

        Looks for devices `anew` where that was asked for, and where nothing would be lost by it.
        Raises `PortAudioUnavailable`.
        """
        known = "sounddevice" in sys.modules
        sd = import_sounddevice()
        # Closed before anything else, for a hung server holds this up; then the others are looked
        # at: they may have come back to life meanwhile.
        self.close(shut)
        for kind in kinds:
            if (stream := self.get(kind)) is not None and stream.is_lost(time.monotonic()):
                self.close((kind,))
        kinds = {*kinds, *shut}
        if anew or not self._any_runs() or self._has_looked_too_early(sd, kinds, pulse):
            self.close(KINDS)
            kinds = KINDS
            if known:
                try:
                    reinitialise(sd)
                except sd.PortAudioError as error:
                    raise broken(error) from error
        for kind in KINDS:
            defaults = [device.name for device in list_devices(sd, kind) if device.is_default]
            self.default_names[kind] = defaults[0] if defaults else None
        problems: dict[Kind, DeviceProblem] = {}
        for kind in sorted(kinds, reverse=True):  # the speaker first
            if self.get(kind) is None:
                self._put(kind, self._open(sd, kind, pulse, problems))
        if self.abandoned:
            self.close(KINDS)
        return problems

    def close(self, kinds: Collection[Kind]) -> None:
        """Let go of these; may take long where the sound server hangs."""
        for kind in kinds:
            if (stream := self.get(kind)) is not None:
                self._put(kind, None)
                stream.release()

    def _put(self, kind: Kind, stream: OpenStream | None) -> None:
        if kind == "input":
            self.microphone = stream
        else:
            self.speaker = stream

    def _has_looked_too_early(
        self, sd: ModuleType, kinds: Collection[Kind], pulse: PulseState | None
    ) -> bool:
        """Whether PortAudio knows no device at all of one of `kinds` where the sound server has
        one: it looked while the server was starting. Where looking again does not help, it is not
        done for ever, for the other side's sound is cut each time."""
        if pulse is None or pulse.devices in self._given_up:
            return False
        for kind in kinds:
            served = any(device.is_real for device in pulse.of_kind(kind))
            if served and not list_devices(sd, kind):
                self._looks += 1
                if self._looks == _MOST_LOOKS:
                    self._looks = 0
                    self._given_up.add(pulse.devices)
                return True
        return False

    def _any_runs(self) -> bool:
        now = time.monotonic()
        return any(s is not None and not s.is_lost(now) for s in (self.microphone, self.speaker))

    def _open(
        self,
        sd: ModuleType,
        kind: Kind,
        pulse: PulseState | None,
        problems: dict[Kind, DeviceProblem],
    ) -> OpenStream | None:
        device = self._choose(sd, kind, pulse, problems)
        if device is None:
            return None
        reason = ""
        for rate, channels in ways_to_open(device):
            try:
                with routed(device):
                    return self._open_as(sd, device, rate, channels)
            except (sd.PortAudioError, ValueError) as error:
                reason = reason or str(error)
        text = f"The {NAMES[kind]} {device.name!r} cannot be opened ({reason})."
        remedy = "Choose another, or close the program that uses it."
        problems[kind] = DeviceProblem("refused", text, remedy)
        return None

    def _choose(
        self,
        sd: ModuleType,
        kind: Kind,
        pulse: PulseState | None,
        problems: dict[Kind, DeviceProblem],
    ) -> Device | None:
        devices = list_devices(sd, kind, pulse)
        wanted = self.wanted[kind]
        try:
            device = choose_device(devices, wanted)
        except NoSuchDevice as error:
            device = choose_device(devices, None)
            text = f"No {NAMES[kind]} is called {wanted!r}; the system's default is used."
            problems[kind] = DeviceProblem("unknown name", text, error.remedy)
        if device and device.route is None and kind == "input":
            device = None if listens_to_speaker(device, pulse) else device
        if device is None:
            problems[kind] = DeviceProblem("absent", f"There is no {NAMES[kind]}.", _REMEDIES[kind])
        return device

    def _open_as(self, sd: ModuleType, device: Device, rate: int, channels: int) -> OpenStream:
        block_seconds = self._block_seconds
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
            opened.queue.put(opened.called(), block.copy())
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
            opened.called()
            block[:] = puller.read(frames)[:, np.newaxis]
            self._wake()

        return callback
