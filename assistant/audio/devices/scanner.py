"""Device scanner: which sound devices there are now, without disturbing those in use.

PortAudio learns of devices only when it is started, and starting it anew ends every stream. So a
child process of its own starts it, as often as it is asked, and tells what it found.

    python -m assistant.audio.devices.scanner    # a line of JSON for each line of its input
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from dataclasses import dataclass

from assistant.audio.devices.listing import list_devices
from assistant.audio.devices.portaudio import PortAudioUnavailable, import_sounddevice, reinitialise
from assistant.audio.devices.pulse import Kind

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
                *(sys.executable, "-m", "assistant.audio.devices.scanner"),
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
