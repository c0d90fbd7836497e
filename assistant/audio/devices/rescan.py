"""Rescan: whether PortAudio should look for devices anew, although that ends streams that run."""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Callable

from assistant.audio.devices.pulse import Kind, PulseWatch
from assistant.audio.devices.scanner import DeviceScan, DeviceScanner
from assistant.audio.devices.streams import KINDS, Streams

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
