"""Stands in for the `sounddevice` module: devices, their whims, and streams driven by hand."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from assistant.audio.devices import live as duplex
from assistant.audio.devices import portaudio, pulse
from assistant.audio.devices import supervisor as recorder
from assistant.commands import devices as devices_command


def os_environment(name: str) -> str | None:
    """As C sees it."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    value: bytes | None = getenv(name.encode())
    return value.decode() if value is not None else None


class PortAudioError(Exception):
    pass


class FakeStream:
    """A stream that calls back when the test says so."""

    latency = 0.03

    def __init__(self, sd: FakeSoundDevice, kind: str, options: dict[str, Any]) -> None:
        self.kind = kind
        self.device = options["device"]
        self.rate = options["samplerate"]
        self.channels = options["channels"]
        self.blocksize = options["blocksize"]
        self.callback = options["callback"]
        self.finished: Callable[[], None] = options["finished_callback"]
        self.route = {name: os_environment(name) for name in ("PULSE_SOURCE", "PULSE_SINK")}
        """What the client library of a sound server would read, from the process's environment."""
        self.closed = False
        self._sd = sd

    def start(self) -> None:
        self._sd.streams.append(self)

    def abort(self) -> None:
        self._sd.hung.wait_if_set()

    def close(self) -> None:
        self.closed = True

    def hear(self, block: np.ndarray) -> None:
        """Mono float32 [n] arrives at the microphone, on all channels."""
        self.callback(np.repeat(block[:, None], self.channels, axis=1), len(block), None, None)

    def play(self) -> np.ndarray:
        """One block goes to the speaker: float32 [n, channels]."""
        out = np.full((self.blocksize, self.channels), np.nan, dtype=np.float32)
        self.callback(out, self.blocksize, None, None)
        return out


class Hang:
    """A place where calls stand still while the sound server hangs."""

    def __init__(self) -> None:
        self._go = threading.Event()
        self._go.set()

    def set(self) -> None:
        self._go.clear()

    def release(self) -> None:
        self._go.set()

    def wait_if_set(self) -> None:
        self._go.wait(60)


class FakeSoundDevice(ModuleType):
    """`devices` are (name, inputs, outputs, rates that open, channel counts that open)."""

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self._initialized = 1
        self.starts = 0
        self.host_api = "Fake API"
        self.devices: list[tuple[str, int, int, set[int], set[int]]] = [
            ("Built-in Microphone", 2, 0, {24_000, 48_000}, {1, 2}),
            ("Built-in Speaker", 0, 2, {24_000, 48_000}, {1, 2}),
        ]
        self.plugged_in: list[tuple[str, int, int, set[int], set[int]]] = []
        """Devices that are found when PortAudio looks next."""
        self.streams: list[FakeStream] = []
        self.hung = Hang()

    def _initialize(self) -> None:
        self.hung.wait_if_set()
        self._initialized += 1
        self.starts += 1
        self.devices += self.plugged_in
        self.plugged_in = []

    def _terminate(self) -> None:
        self._initialized -= 1

    def _exit_handler(self) -> None: ...

    def query_hostapis(self) -> list[dict[str, Any]]:
        return [{"name": self.host_api}]

    def query_devices(self, kind: str | None = None) -> Any:
        infos = [
            {
                "index": index,
                "name": name,
                "hostapi": 0,
                "max_input_channels": inputs,
                "max_output_channels": outputs,
                "default_samplerate": float(max(rates)),
            }
            for index, (name, inputs, outputs, rates, _) in enumerate(self.devices)
        ]
        if kind is None:
            return infos
        for info in infos:
            if info[f"max_{kind}_channels"]:
                return info
        raise PortAudioError("Error querying device -1")

    def check_input_settings(
        self, *, device: int, channels: int, samplerate: int, dtype: str
    ) -> None:
        _, _, _, rates, counts = self.devices[device]
        if samplerate not in rates:
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")
        if channels not in counts:
            raise PortAudioError("Invalid number of channels [PaErrorCode -9998]")

    check_output_settings = check_input_settings

    def InputStream(self, **options: Any) -> FakeStream:
        return self._stream("input", options)

    def OutputStream(self, **options: Any) -> FakeStream:
        return self._stream("output", options)

    def _stream(self, kind: str, options: dict[str, Any]) -> FakeStream:
        self.check_input_settings(
            device=options["device"],
            channels=options["channels"],
            samplerate=options["samplerate"],
            dtype=options["dtype"],
        )
        return FakeStream(self, kind, options)

    def breathe(self) -> None:
        """Each open stream calls once, silence."""
        for stream in self.streams:
            if not stream.closed:
                stream.hear(np.zeros(480, np.float32)) if stream.kind == "input" else stream.play()

    def running(self, kind: str) -> FakeStream:
        """The stream of that kind that was started last."""
        return [stream for stream in self.streams if stream.kind == kind][-1]


@pytest.fixture
def own_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PortAudio thread of the test's own, so that one test's hang is not another's."""
    thread = portaudio.PortAudioThread()
    for module in (portaudio, duplex, recorder, devices_command):
        monkeypatch.setattr(module, "THREAD", thread)


@pytest.fixture
def fake_sd(monkeypatch: pytest.MonkeyPatch, own_thread: None) -> Iterator[FakeSoundDevice]:
    """`sounddevice` without PortAudio: a built-in microphone and a built-in speaker."""
    sd = FakeSoundDevice()
    monkeypatch.setitem(sys.modules, "sounddevice", sd)
    monkeypatch.setattr(pulse.shutil, "which", lambda name: None)  # no sound server to ask
    yield sd
    sd.hung.release()
