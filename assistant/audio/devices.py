"""Which sound devices there are, which one is meant, and how it wants to be opened.

Everything here calls PortAudio and belongs on its thread (`portaudio.THREAD`).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from assistant.frames import SAMPLE_RATE

Kind = Literal["input", "output"]

_COMMON_RATE = 48_000


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


class NoSuchDevice(Exception):
    """No device is called that. `remedy` tells a person what to do about it."""

    remedy = "Run `assistant devices` to see which there are."


def list_devices(sd: ModuleType, kind: Kind) -> list[Device]:
    """All devices of that direction; empty where there are none."""
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
        named = [device for device in devices if part in device.name.casefold()]
        named.sort(key=lambda device: (device.name.casefold() != part, not device.is_default))
    if not named:
        raise NoSuchDevice(f"No sound device is called {wanted!r}.")
    return named[0]


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


def listens_to_speaker(device: Device) -> bool:
    """Whether this "microphone" is really what the speaker plays.

    Without any microphone PulseAudio and PipeWire hand out the speaker's monitor as the default
    source; the assistant would listen to itself. Asked of `pactl`, where that is installed.
    """
    if device.host_api != "ALSA" or device.name not in ("default", "pulse", "pipewire"):
        return False
    if shutil.which("pactl") is None:
        return False
    try:
        asked = subprocess.run(
            ["pactl", "get-default-source"], capture_output=True, text=True, timeout=1.0
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return asked.stdout.strip().endswith(".monitor")
