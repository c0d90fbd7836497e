"""Rescan: whether PortAudio should look for devices anew, although that ends streams that run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from assistant.audio.devices.listing import list_devices
from assistant.audio.devices.portaudio import PortAudioUnavailable, import_sounddevice, reinitialise
from assistant.audio.devices.pulse import Kind, PulseWatch
from assistant.audio.devices.streams import KINDS, Streams

# Device scanner: which sound devices there are now, without disturbing those in use.

ANSWER_LIMIT = 3.0
"""Seconds after which the child is given up: the sound server hangs."""
_KINDS: tuple[Kind, Kind] = ("input", "output")


@dataclass(frozen=True, slots=True)
class DeviceScan:
    """The names of all devices, and of the system's defaults."""

    names: dict[Kind, frozenset[str]]
    defaults: dict[Kind, str | None]


class DeviceScanner:
    """The child, started when it is first asked."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def look(self) -> DeviceScan | None:
        """What there is now; None where that is not to be learnt."""
        try:
            async with asyncio.timeout(ANSWER_LIMIT):
                line = await self._ask()
            return _read(line)
        except (OSError, TimeoutError, ValueError, KeyError):
            await self.close()
            return None

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self) -> bytes:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "assistant.audio.devices.rescan"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        await process.stdin.drain()
        return await process.stdout.readline()


def _read(line: bytes) -> DeviceScan:
    found = json.loads(line)
    return DeviceScan(
        names={kind: frozenset(found[kind]["names"]) for kind in _KINDS},
        defaults={kind: found[kind]["default"] for kind in _KINDS},
    )


def _found() -> dict[str, object]:
    sd = import_sounddevice()
    reinitialise(sd)
    found: dict[str, object] = {}
    for kind in _KINDS:
        devices = list_devices(sd, kind)
        found[kind] = {
            "names": [device.name for device in devices],
            "default": next((device.name for device in devices if device.is_default), None),
        }
    return found


def _answer_all() -> None:
    for _ in sys.stdin:
        try:
            answer = _found()
        except PortAudioUnavailable:
            answer = {}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _answer_all()
    os._exit(0)  # PortAudio's own end may take for ever


_LOOK_SECONDS = 1.0
_PAUSE_LIMIT = 15.0
"""Longest wait for a pause in what is being said."""
_DEFAULTS_MOVE_UNTOLD = platform.system() in ("Darwin", "Windows")


class Rescan:
    """Where no sound server tells of devices, a child process looks for them: while something is
    missing, and where the system's default may change without a word, always."""

    def __init__(
        self,
        streams: Streams,
        pulse: PulseWatch,
        is_gone: Callable[[Kind], bool],
        is_sounding: Callable[[], bool],
    ) -> None:
        self._streams = streams
        self._pulse = pulse
        self._is_gone = is_gone
        self._is_sounding = is_sounding
        self._scanner = DeviceScanner()
        self._last: DeviceScan | None = None
        self._wanted_since: float | None = None

    async def run(self) -> None:
        """Look out until cancelled."""
        try:
            while True:
                await asyncio.sleep(_LOOK_SECONDS)
                if not self._has_to_look():
                    await self._scanner.close()
                elif self._wanted_since is None:
                    self._take(await self._scanner.look())
        finally:
            await self._scanner.close()

    def lost(self) -> None:
        """A device was lost: what was seen before does not count."""
        self._last = None

    def take_due(self, now: float) -> bool:
        """Whether it is to be done now; asked once. It waits until nothing is being said."""
        since = self._wanted_since
        if since is None or (self._is_sounding() and now - since < _PAUSE_LIMIT):
            return False
        self._wanted_since = None
        return True

    def _has_to_look(self) -> bool:
        if self._pulse.state is not None:
            return False
        running = [kind for kind in KINDS if not self._is_gone(kind)]
        if len(running) == 1:
            return True
        chosen = any(self._is_stood_in_for(kind) for kind in KINDS)
        return bool(running) and (chosen or _DEFAULTS_MOVE_UNTOLD)

    def _is_stood_in_for(self, kind: Kind) -> bool:
        stream, wanted = self._streams.get(kind), self._streams.wanted[kind]
        named = isinstance(wanted, str) and bool(wanted) and not wanted.strip().isdigit()
        return named and stream is not None and not _fits(str(wanted), stream.device.name)

    def _take(self, sighting: DeviceScan | None) -> None:
        # Once for each sighting: a child does not see what this process holds open, for example.
        if sighting is None or sighting == self._last:
            return
        self._last = sighting
        if any(self._is_worth_it(kind, sighting) for kind in KINDS):
            self._wanted_since = time.monotonic()

    def _is_worth_it(self, kind: Kind, sighting: DeviceScan) -> bool:
        """Whether this side would go over to something else."""
        if self._is_gone(kind):
            return bool(sighting.names[kind])
        if self._is_stood_in_for(kind):
            return any(
                _fits(str(self._streams.wanted[kind]), name) for name in sighting.names[kind]
            )
        if self._streams.wanted[kind] not in (None, ""):
            return False
        return sighting.defaults[kind] not in (None, self._streams.default_names.get(kind))


def _fits(wanted: str, name: str) -> bool:
    return wanted.casefold().strip() in name.casefold()
