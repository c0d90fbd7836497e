"""Routing: the device behind the stream that PortAudio opened."""

from __future__ import annotations

from assistant.audio.devices.listing import route_of
from assistant.audio.devices.notices import NamedDevice
from assistant.audio.devices.pulse import PulseDevice, PulseState
from assistant.audio.devices.streams import OpenStream


def is_served(stream: OpenStream) -> bool:
    """Whether a sound server decides where it is connected."""
    return stream.device.route is not None or stream.device.is_carrier


def device_behind(pulse: PulseState | None, stream: OpenStream) -> PulseDevice | None:
    """Where the sound server says that it is; None where it does not say, or none is asked."""
    if pulse is None or not is_served(stream):
        return None
    return pulse.in_use(stream.device.kind)


def has_strayed(pulse: PulseState | None, stream: OpenStream) -> bool:
    """Whether the sound server has moved it to what is no device at all."""
    behind = device_behind(pulse, stream)
    return behind is not None and not behind.is_real and behind.name != stream.device.route


def is_elsewhere(pulse: PulseState | None, stream: OpenStream, wanted: str | int | None) -> bool:
    """Whether it is not where it was wanted, although that is there."""
    behind = device_behind(pulse, stream)
    if behind is None or pulse is None:
        return False
    return route_of(pulse, stream.device.kind, wanted) not in (None, behind.name)


def place_of(pulse: PulseState | None, stream: OpenStream) -> NamedDevice:
    """What a person is told that it is."""
    device = stream.device
    if not is_served(stream):
        return NamedDevice(device.name, device.name)
    if pulse is None:
        return NamedDevice(device.name, device.route)
    behind = _best_guess(pulse, stream)
    return NamedDevice(behind.description, behind.name) if behind else NamedDevice(device.name)


def is_muted(pulse: PulseState | None, stream: OpenStream) -> bool:
    """Whether the sound server's mixer turns it off."""
    if pulse is None or not is_served(stream):
        return False
    behind = _best_guess(pulse, stream)
    return behind is not None and behind.muted


def _best_guess(pulse: PulseState, stream: OpenStream) -> PulseDevice | None:
    device = stream.device
    behind = pulse.in_use(device.kind)
    if behind is None and device.route is not None:
        behind = pulse.named(device.kind, device.route)
    return behind or pulse.default(device.kind)
