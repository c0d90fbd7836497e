"""Device notices: what a person is told of their devices, each change in one line, and not each of
twenty.

Changes are noted as they happen; `due` says what is to be told of them now. What has been undone
before it was told is never told.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from assistant.audio.devices.listing import route_of
from assistant.audio.devices.pulse import Kind, PulseDevice, PulseState
from assistant.audio.devices.streams import OpenStream

Line = tuple[str, str]
"""What happened, and what to do about it."""

GATHER_SECONDS = 0.15
"""Wait for the other device, where both may be about to go."""
RETURN_SECONDS = 0.8
"""Wait for the other device, where both were gone and one is back."""
RESTLESS_LINES = 5
"""So many lines on one device in…"""
RESTLESS_SECONDS = 20.0
"""…so many seconds, and it comes and goes: no more is said until it has settled."""
SETTLED_SECONDS = 10.0

_NAMES: dict[Kind, str] = {"input": "microphone", "output": "speaker"}
_GONE: dict[Kind, str] = {
    "input": "you can type meanwhile",
    "output": "answers are shown as text meanwhile",
}
_TAKEN_UP = "It is taken up again when it is back."
_UNREST_REMEDY = "Check its plug, its battery, or how far away it is."


@dataclass(frozen=True, slots=True)
class NamedDevice:
    """A device as it is told of."""

    name: str
    identity: str | None = None
    """Tells devices apart where names do not; None where it is not known which one it is."""

    def differs(self, other: NamedDevice) -> bool:
        if self.identity is None or other.identity is None:
            return False
        return self.identity != other.identity


@dataclass(slots=True)
class _SideNotices:
    told: NamedDevice | None = None
    now: NamedDevice | None = None
    since: float = 0.0
    name: str = ""
    """Of the device that was there last."""
    lines: deque[float] = field(default_factory=lambda: deque(maxlen=RESTLESS_LINES - 1))
    restless: bool = False

    def has_said_enough(self, now: float) -> bool:
        lines = self.lines
        return len(lines) == lines.maxlen and now - lines[0] < RESTLESS_SECONDS

    def is_news(self) -> bool:
        if self.told is None or self.now is None:
            return self.told is not self.now
        return self.now.differs(self.told)


class DeviceNotices:
    """Times are seconds on one steady clock."""

    def __init__(self) -> None:
        self._sides: dict[Kind, _SideNotices] = {"input": _SideNotices(), "output": _SideNotices()}

    def begin(self, kind: Kind, place: NamedDevice | None) -> None:
        """What there is at the start, or was asked for: no news."""
        side = self._sides[kind]
        side.told = side.now = place
        side.name = place.name if place else ""

    def asked(self, kind: Kind) -> None:
        """A person changes it on purpose: that is no unrest."""
        side = self._sides[kind]
        side.restless = False
        side.lines.clear()

    def note(self, kind: Kind, place: NamedDevice | None, now: float) -> None:
        """What is in use from now on; None: nothing."""
        side = self._sides[kind]
        if (side.now is None) != (place is None) or (
            side.now is not None and place is not None and place.differs(side.now)
        ):
            side.since = now
        if side.told is not None and place is not None and not place.differs(side.told):
            side.told = place
        side.now = place
        side.name = place.name if place else side.name

    def due(self, now: float, *, doubtful: bool = False) -> list[Line]:
        """What to tell now. `doubtful`: a device that is still there may be about to go."""
        lines = self._unrest(now)
        fresh = [(k, s) for k, s in self._sides.items() if s.is_news() and not s.restless]
        gone = [(k, s) for k, s in fresh if s.now is None]
        back = [(k, s) for k, s in fresh if s.told is None]
        moved = [(k, s) for k, s in fresh if s.told is not None and s.now is not None]
        if gone and not (doubtful and any(now - s.since < GATHER_SECONDS for _, s in gone)):
            lines.append(_gone(gone))
            self._told(gone, now)
        wait_for_other = any(s.now is None for s in self._sides.values())
        if back and not (wait_for_other and any(now - s.since < RETURN_SECONDS for _, s in back)):
            names = " and ".join(dict.fromkeys(s.now.name for _, s in back if s.now))
            lines.append((f"Sound is back: {names}.", ""))
            self._told(back, now)
        for kind, side in moved:
            lines.append((f"The {_NAMES[kind]} is now {side.name}.", ""))
            self._told([(kind, side)], now)
        return lines

    def _unrest(self, now: float) -> list[Line]:
        """What to say of devices that come and go, once; and those that have settled are news."""
        unrest: list[tuple[Kind, _SideNotices]] = []
        for kind, side in self._sides.items():
            if side.restless and now - side.since >= SETTLED_SECONDS:
                side.restless = False
                side.lines.clear()
                side.told = (
                    None if side.now else NamedDevice(side.name)
                )  # either way it is news now
            elif not side.restless and side.is_news() and side.has_said_enough(now):
                side.restless = True
                unrest.append((kind, side))
        if not unrest:
            return []
        if len(unrest) == 2:
            text = "The sound devices come and go; they are used while they are there."
        else:
            [(kind, side)] = unrest
            text = f"The {_NAMES[kind]} ({side.name}) comes and goes; it is used while it is there."
        return [(text, _UNREST_REMEDY)]

    @staticmethod
    def _told(sides: list[tuple[Kind, _SideNotices]], now: float) -> None:
        for _, side in sides:
            side.told = side.now
            side.lines.append(now)


def _gone(sides: list[tuple[Kind, _SideNotices]]) -> Line:
    if len(sides) == 2:
        text = "The sound devices were lost; you can type meanwhile."
        return text, "They are taken up again when they are back."
    [(kind, side)] = sides
    return f"The {_NAMES[kind]} is gone ({side.name}); {_GONE[kind]}.", _TAKEN_UP


# Routing: the device behind the stream that PortAudio opened.


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
