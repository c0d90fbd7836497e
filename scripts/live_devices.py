"""How quickly lost sound devices are noticed, and taken up again once they are back: on a virtual
sound card whose server dies, hangs, suspends the microphone and takes it away.

    .venv/bin/python scripts/live_devices.py [--rounds 10]

Needs pulseaudio, pactl, parec and paplay.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from assistant.audio.devices.live import LiveAudio
from assistant.audio.devices.portaudio import quiet_stderr
from assistant.config.schema import AudioConfig
from tests.e2e.virtual_card import VirtualCard

_PATIENCE = 30.0


class Bench:
    """A `LiveAudio` on a card, and a stopwatch."""

    def __init__(self, card: VirtualCard) -> None:
        self._card = card
        self._audio = LiveAudio(AudioConfig(headset=True))
        self._frames = 0
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)

    async def run(self, rounds: int) -> None:
        await self._audio.start(self._frame, lambda text, remedy: None)
        for _ in range(rounds):
            await self._twice(
                "the sound server dies", self._card.kill, self._card.start, self._both
            )
            await self._twice("it hangs", self._card.hang, self._card.wake, self._both)
            await self._twice(
                "the microphone is suspended",
                lambda: self._pactl("suspend-source mic 1"),
                lambda: self._pactl("suspend-source mic 0"),
                self._microphone,
            )
            await self._twice(
                "the microphone is unplugged",
                lambda: self._pactl("unload-module module-remap-source"),
                self._plug_in,
                self._microphone,
            )
        await self._audio.stop()

    async def _twice(
        self, what: str, fault: Callable[[], None], mend: Callable[[], None], is_back: Callable
    ) -> None:
        await self._until(self._both)
        heard = self._frames
        await self._until(lambda: self._frames > heard + 3)
        await asyncio.to_thread(fault)
        self.seconds[f"{what}: noticed after"].append(
            await self._until(lambda: not self._microphone())
        )
        await asyncio.to_thread(mend)
        self.seconds[f"{what}: back after"].append(await self._until(is_back))

    async def _until(self, condition: Callable[[], bool]) -> float:
        began = time.monotonic()
        async with asyncio.timeout(_PATIENCE):
            while not condition():  # noqa: ASYNC110 - audio threads set no asyncio event
                await asyncio.sleep(0.01)
        return time.monotonic() - began

    def _frame(self, number: int, frame: object) -> None:
        self._frames += 1

    def _microphone(self) -> bool:
        return self._audio.microphone is not None

    def _both(self) -> bool:
        return self._microphone() and self._audio.speaker is not None

    def _pactl(self, command: str) -> None:
        self._card.pactl(*command.split())

    def _plug_in(self) -> None:
        self._pactl("load-module module-remap-source source_name=mic master=micin.monitor")
        self._pactl("set-default-source mic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    with VirtualCard(Path(tempfile.mkdtemp(prefix="card-"))) as card:
        os.environ.update(card.environment)
        bench = Bench(card)
        with quiet_stderr():
            asyncio.run(bench.run(options.rounds))
    for what, seconds in bench.seconds.items():
        middle, worst = statistics.median(seconds), max(seconds)
        print(f"{what:45} p50 {middle:.2f} s, max {worst:.2f} s (n = {len(seconds)})")


if __name__ == "__main__":
    main()
