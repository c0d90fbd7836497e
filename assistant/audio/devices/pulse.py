"""What PulseAudio (or PipeWire in its place) knows and PortAudio cannot tell.

To PortAudio such a server is one device, `default` or `pulse`, whatever stands behind it. Which
microphones there are, which one our stream hears just now, and that the server has quietly moved it
to what the speaker plays, is asked of `pactl`. Where that is not installed, or does not answer,
nothing here is known and nothing fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

Kind = Literal["input", "output"]

ASK_LIMIT = 1.0
"""Seconds after which an answer is not waited for any longer."""
_POLL_SECONDS = 4.0
"""How often to look although nothing was reported."""
_RETRY_SECONDS = (0.5, 2.0)
"""Pause before a server that went away is asked again: at first, and in the end."""
_SETTLE_SECONDS = 0.02
"""One change makes several reports; they are answered by one look."""

_LIST = ["pactl", "-f", "json", "list"]
_TEXT = ["pactl", "list"]
_INFO = ["pactl", "info"]
_UNTOLD = "(null)"
"""What pactl 16 writes into JSON for whatever is not ASCII; in its text it is as it should be."""
_NAMES = ("device.product.name", "node.nick", "alsa.card_name", "bluetooth.alias")
"""Properties that tell what a person calls a device, best first."""
_SECTION = re.compile(r"(Sink|Source) #(\d+)")
_REPORTS = (b"on source", b"on sink", b"on server")


@dataclass(frozen=True, slots=True)
class PulseDevice:
    """A source or a sink."""

    index: int
    name: str
    """The server's own, as in `alsa_input.usb-…`: tells devices apart, and stays."""
    description: str
    """What a person calls it; made unique among its kind."""
    kind: Kind
    is_monitor: bool = False
    """A source that hears what a sink plays."""
    muted: bool = False

    @property
    def is_real(self) -> bool:
        """Not what the server puts in the place of a device that is missing."""
        return not self.is_monitor and self.name != "auto_null"


@dataclass(frozen=True, slots=True)
class PulseState:
    """The server at one moment."""

    devices: tuple[PulseDevice, ...]
    default_source: str
    default_sink: str
    heard: int | None = None
    """Index of the source that this process records from; None where it does not, or not known."""
    played: int | None = None
    """Index of the sink that this process plays to."""

    def of_kind(self, kind: Kind) -> list[PulseDevice]:
        return [device for device in self.devices if device.kind == kind]

    def named(self, kind: Kind, name: str) -> PulseDevice | None:
        """By the server's own name."""
        return next((device for device in self.of_kind(kind) if device.name == name), None)

    def default(self, kind: Kind) -> PulseDevice | None:
        name = self.default_source if kind == "input" else self.default_sink
        if (known := self.named(kind, name)) is not None:
            return known
        if not name or self.of_kind(kind):
            return None
        # An old pactl tells the name alone.
        return PulseDevice(-1, name, name, kind, is_monitor=name.endswith(".monitor"))

    def in_use(self, kind: Kind) -> PulseDevice | None:
        """Where our own stream is connected; None where there is none or it is not known."""
        index = self.heard if kind == "input" else self.played
        return next((device for device in self.of_kind(kind) if device.index == index), None)


def ask(timeout: float = ASK_LIMIT) -> PulseState | None:
    """One look, for commands; None where nothing is to be learnt."""
    if shutil.which("pactl") is None:
        return None

    def answer(command: list[str]) -> bytes:
        done = subprocess.run(command, capture_output=True, timeout=timeout, env=_environment())
        return done.stdout if done.returncode == 0 else b""

    try:
        listing, info = answer(_LIST), answer(_INFO)
        text = answer(_TEXT) if _hides_names(listing) else b""
    except (OSError, subprocess.SubprocessError):
        return None
    return read_state(listing, info, os.getpid(), text)


def read_state(listing: bytes, info: bytes, pid: int, text: bytes = b"") -> PulseState | None:
    """From what `pactl -f json list` (empty where that is too old to write JSON) and `pactl info`
    printed, and `pactl list`, where the JSON hides names; None where the server did not answer."""
    defaults: dict[str, str] = {}
    for line in info.decode(errors="replace").splitlines():
        key, _, value = line.partition(": ")
        defaults[key.strip()] = value.strip()
    if "Default Sink" not in defaults and "Default Source" not in defaults:
        return None
    state = PulseState((), defaults.get("Default Source", ""), defaults.get("Default Sink", ""))
    try:
        found = json.loads(listing.decode(errors="replace"))
        told = _told_in_text(text)
        return replace(
            state,
            devices=(
                *_devices(found["sources"], "input", told),
                *_devices(found["sinks"], "output", told),
            ),
            heard=_connected(found["source_outputs"], "source", pid),
            played=_connected(found["sink_inputs"], "sink", pid),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return state


def _hides_names(listing: bytes) -> bool:
    return f'"{_UNTOLD}"'.encode() in listing


def _told_in_text(text: bytes) -> dict[tuple[Kind, int], dict[str, str]]:
    """Name and description of each source and sink in what `pactl list` printed. The first line of
    each counts: what follows in a section is for anybody to choose."""
    found: dict[tuple[Kind, int], dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in text.decode(errors="replace").split("\n"):
        if match := _SECTION.fullmatch(line):
            kind: Kind = "output" if match[1] == "Sink" else "input"
            section = found.setdefault((kind, int(match[2])), {})
        elif line and not line[0].isspace():
            section = {}
        elif line.startswith(("\tName: ", "\tDescription: ")):
            key, _, value = line.strip().partition(": ")
            section.setdefault(key, value)
    return found


def _description(entry: dict[str, Any], told: dict[str, str]) -> str:
    """What a person calls it, else the server's own name."""
    properties = entry.get("properties")
    own = properties if isinstance(properties, dict) else {}
    candidates = [entry.get("description"), told.get("Description"), *map(own.get, _NAMES)]
    for known in candidates:
        if known and known != _UNTOLD:
            return str(known)
    return _name(entry, told)


def _name(entry: dict[str, Any], told: dict[str, str]) -> str:
    name = str(entry["name"])
    return told.get("Name", name) if name == _UNTOLD else name


def _devices(
    entries: list[dict[str, Any]], kind: Kind, text: dict[tuple[Kind, int], dict[str, str]]
) -> Iterable[PulseDevice]:
    told = [text.get((kind, int(entry["index"])), {}) for entry in entries]
    described = [_description(entry, each) for entry, each in zip(entries, told, strict=True)]
    for entry, each, description in zip(entries, told, described, strict=True):
        name = _name(entry, each)
        if described.count(description) > 1:
            description = f"{description} ({name})"
        yield PulseDevice(
            index=int(entry["index"]),
            name=name,
            description=description,
            kind=kind,
            is_monitor=kind == "input"
            and (bool(entry.get("monitor_source")) or name.endswith(".monitor")),
            muted=bool(entry.get("mute")),
        )


def _connected(streams: list[dict[str, Any]], to: str, pid: int) -> int | None:
    """Where the newest stream of that process is connected."""
    ours = [
        stream
        for stream in streams
        if stream.get("properties", {}).get("application.process.id") == str(pid)
    ]
    return int(max(ours, key=lambda stream: int(stream["index"]))[to]) if ours else None


def _environment() -> dict[str, str]:
    # In other locales pactl writes numbers with a comma, which is not JSON, and words we don't know
    return os.environ | {"LC_ALL": "C.UTF-8"}


class PulseWatch:
    """Keeps `state` up to date, from the server's own reports where it gives them.

    `on_change()` is called in the event loop when it differs.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.state: PulseState | None = None
        self._on_change = on_change
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Watch until cancelled; returns at once where there is no pactl."""
        if shutil.which("pactl") is None:
            return
        pause, longest = _RETRY_SECONDS
        while True:
            with contextlib.suppress(OSError):
                await self._follow_reports()
            await self.look()
            pause = min(longest, 2 * pause) if self.state is None else _RETRY_SECONDS[0]
            await asyncio.sleep(pause)

    async def look(self) -> bool:
        """Ask now; returns whether there was an answer in time. Else what was known stays."""
        if shutil.which("pactl") is None:
            return False
        async with self._looking:
            try:
                async with asyncio.timeout(ASK_LIMIT):
                    listing, info = await asyncio.gather(_output(_LIST), _output(_INFO))
                    text = await _output(_TEXT) if _hides_names(listing) else b""
            except (OSError, TimeoutError):
                return False
            state = read_state(listing, info, os.getpid(), text)
        if state != self.state:
            self.state = state
            self._on_change()
        return True

    async def _follow_reports(self) -> None:
        """Look at each report, and now and then without one, until the server goes away."""
        async with _running(["pactl", "subscribe"]) as process:
            assert process.stdout is not None
            await self.look()  # what happened before it listened
            while True:
                try:
                    async with asyncio.timeout(_POLL_SECONDS):
                        reports = await process.stdout.read(65_536)
                except TimeoutError:
                    await self.look()
                    continue
                if not reports:
                    return
                if any(words in reports for words in _REPORTS):
                    await asyncio.sleep(_SETTLE_SECONDS)
                    await self.look()


@contextlib.asynccontextmanager
async def _running(command: list[str]) -> Any:
    """A child that is gone at the end, however that comes about."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _output(command: list[str]) -> bytes:
    """What it prints; nothing where it fails."""
    async with _running(command) as process:
        output, _ = await process.communicate()
        return bytes(output) if process.returncode == 0 else b""
