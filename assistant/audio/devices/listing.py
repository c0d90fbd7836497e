"""Which sound devices there are, which one is meant, and how it wants to be opened.

Everything here that is given PortAudio calls it and belongs on its thread (`portaudio.THREAD`).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from assistant.audio.devices.pulse import Kind, PulseDevice, PulseState
from assistant.errors import AssistantError
from assistant.frames import SAMPLE_RATE

_COMMON_RATE = 48_000
_CARRIERS = ("pulse", "pipewire", "default")
"""ALSA devices behind which a sound server stands, the one that is most surely so first."""
_ROUTES: dict[Kind, tuple[str, ...]] = {
    "input": ("PULSE_SOURCE", "PIPEWIRE_NODE"),
    "output": ("PULSE_SINK", "PIPEWIRE_NODE"),
}
"""What their client libraries read when a stream is opened."""


@dataclass(frozen=True, slots=True)
class Device:
    """One direction of a sound device."""

    index: int
    name: str
    host_api: str
    kind: Kind
    channels: int
    """Most channels it can be opened with."""
    default_rate: int
    is_default: bool
    route: str | None = None
    """The sound server's name for it, where PortAudio has none: opened as `index` by that way."""
    hears_speaker: bool = False
    """A "microphone" that is what a speaker plays; only for those who ask for it by its name."""

    @property
    def is_carrier(self) -> bool:
        """Whether a sound server decides what stands behind it."""
        return self.host_api == "ALSA" and self.name in _CARRIERS


class NoSuchDevice(AssistantError):
    """No device is called that."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "Run `assistant devices` to see which there are.")


def list_devices(sd: ModuleType, kind: Kind, pulse: PulseState | None = None) -> list[Device]:
    """All devices of that direction, the sound server's own last; empty where there are none."""
    found = _portaudio_devices(sd, kind)
    carriers = {device.name: device for device in found if device.is_carrier}
    carrier = next((carriers[name] for name in _CARRIERS if name in carriers), None)
    if pulse is not None and carrier is not None:
        default = pulse.default(kind)
        found += [
            _behind(carrier, device, is_default=device == default)
            for device in pulse.of_kind(kind)
            if device.is_real or device.is_monitor
        ]
    return found


def _behind(carrier: Device, device: PulseDevice, *, is_default: bool) -> Device:
    return Device(
        index=carrier.index,
        name=device.description,
        host_api="PulseAudio",
        kind=device.kind,
        channels=carrier.channels,
        default_rate=carrier.default_rate,
        is_default=is_default,
        route=device.name,
        hears_speaker=device.is_monitor,
    )


def _portaudio_devices(sd: ModuleType, kind: Kind) -> list[Device]:
    infos: list[dict[str, Any]] = list(sd.query_devices())
    apis: list[dict[str, Any]] = list(sd.query_hostapis())
    default = default_index(sd, kind)
    return [
        Device(
            index=index,
            name=str(info["name"]),
            host_api=str(apis[info["hostapi"]]["name"]),
            kind=kind,
            channels=int(info[f"max_{kind}_channels"]),
            default_rate=round(info["default_samplerate"]),
            is_default=index == default,
        )
        for index, info in enumerate(infos)
        if info[f"max_{kind}_channels"] > 0
    ]


def default_index(sd: ModuleType, kind: Kind) -> int | None:
    """The system's default device, None where there is none."""
    try:
        return int(sd.query_devices(kind=kind)["index"])
    except (sd.PortAudioError, ValueError):
        return None


def choose_device(devices: list[Device], wanted: str | int | None) -> Device | None:
    """The device that is meant: by index, by name or a part of it, else the system's default.

    None where there are no devices at all. Raises `NoSuchDevice` where none is called so.
    """
    if wanted is None or wanted == "":
        return next((device for device in devices if device.is_default), None) or next(
            iter(devices), None
        )
    if isinstance(wanted, str) and wanted.strip().isdigit():
        wanted = int(wanted)
    if isinstance(wanted, int):
        named = [device for device in devices if device.index == wanted]
    else:
        part = wanted.casefold().strip()
        named = [device for device in devices if _is_called(device, part)]
        named.sort(key=lambda device: (not _is_exactly(device, part), not device.is_default))
    if not named:
        raise NoSuchDevice(f"No sound device is called {wanted!r}.")
    return named[0]


def _is_exactly(device: Device, name: str) -> bool:
    return name in (device.name.casefold(), (device.route or device.name).casefold())


def _is_called(device: Device, part: str) -> bool:
    if device.hears_speaker:
        return _is_exactly(device, part)
    return part in device.name.casefold() or part in (device.route or "").casefold()


def ways_to_open(device: Device) -> Iterator[tuple[int, int]]:
    """(sample rate, channels), best first: ours, its own rate, the commonest; mono, then stereo."""
    rates = dict.fromkeys((SAMPLE_RATE, device.default_rate, _COMMON_RATE))
    for channels in dict.fromkeys((1, min(2, device.channels))):
        for rate in rates:
            yield rate, channels


def opens_at(sd: ModuleType, device: Device, rate: int) -> bool:
    """Whether it can be opened at this rate, in mono or stereo."""
    check = sd.check_input_settings if device.kind == "input" else sd.check_output_settings
    for channels in dict.fromkeys((1, min(2, device.channels))):
        try:
            check(device=device.index, channels=channels, samplerate=rate, dtype="float32")
        except (sd.PortAudioError, ValueError):
            continue
        return True
    return False


def route_of(pulse: PulseState, kind: Kind, wanted: str | int | None) -> str | None:
    """The sound server's name of the device that is meant; None where it knows none of that name,
    or none was asked for."""
    part = str(wanted or "").casefold().strip()
    if not part or part.isdigit():
        return None
    carrier = Device(-1, "", "", kind, 1, SAMPLE_RATE, is_default=False)
    default = pulse.default(kind)
    known = [_behind(carrier, d, is_default=d == default) for d in pulse.of_kind(kind)]
    try:
        device = choose_device(known, part)
    except NoSuchDevice:
        return None
    return device.route if device else None


def listens_to_speaker(device: Device, pulse: PulseState | None) -> bool:
    """Whether this "microphone" is really what the speaker plays.

    Without any microphone PulseAudio and PipeWire hand out the speaker's monitor as the default
    source; the assistant would listen to itself.
    """
    if device.route is not None or not device.is_carrier or pulse is None:
        return device.hears_speaker
    default = pulse.default("input")
    return default is not None and not default.is_real


@contextlib.contextmanager
def routed(device: Device) -> Iterator[None]:
    """Streams opened meanwhile go by the device's route. On PortAudio's thread only.

    The client libraries look at the process's environment, each time that a stream is opened. It is
    changed behind Python's back, whose copy other threads may be reading, and whose children should
    not go the same way. A stream that is moved afterwards instead would have the server remember
    that, for every program that opens its streams like this one.
    """
    if device.route is None or os.name != "posix":
        yield
        return
    c = ctypes.CDLL(None)
    kept = {name: os.environ.get(name) for name in _ROUTES[device.kind]}
    for name in kept:
        c.setenv(name.encode(), device.route.encode(), 1)
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                c.unsetenv(name.encode())
            else:
                c.setenv(name.encode(), value.encode(), 1)
