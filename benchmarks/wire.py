"""Frame in → child → frame out, over the real wire with the echo backend."""

from __future__ import annotations

import asyncio
import time

from assistant.backends.host.process import BackendProcess
from assistant.bench.report import Measurement
from assistant.frames import FRAME_BYTES, AnyEvent, AudioOut, Load, Push, Say

_SPACING = 0.01
"""Seconds between frames: quicker than life, so that a run is short, but not a flood."""


async def measure(count: int = 1000) -> list[Measurement]:
    """`count` frames there (until acknowledged), and `count` of sound back for a sentence each."""
    back: asyncio.Queue[float] = asyncio.Queue()

    def on_event(event: AnyEvent) -> None:
        if isinstance(event, AudioOut):
            back.put_nowait(time.perf_counter())

    process = BackendProcess("echo", Load(options={}, names=[]), on_event)
    process.start()
    await process.ready.wait()
    there, said = [], []
    try:
        for number in range(count):
            began = time.perf_counter()
            await process.push_and_wait(Push(number, bytes(FRAME_BYTES)))
            there.append(1000 * (time.perf_counter() - began))
            began = time.perf_counter()
            process.send(Say(number + 1, "word", True))
            said.append(1000 * (await back.get() - began))
            await asyncio.sleep(_SPACING)
    finally:
        await process.stop()
    return [
        Measurement("frame → child → acknowledged", "ms", tuple(there)),
        Measurement("sentence → child → sound back", "ms", tuple(said), "aim: p99 ≤ 5 ms"),
    ]
