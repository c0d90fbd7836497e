"""The dashboard on a fake session, in a real terminal: for the tests of its ending, and for eyes.

`python -m tests.ui.play [--noise] [--hang stop|loop]
[--fail start|factory|repeat] [--log FILE] [--rate N]`
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

import numpy as np

from assistant.config.schema import Config
from assistant.ui.run import run_dashboard
from tests.fakes import READY, FakeSession, conversation, speech_like


class PlayingSession(FakeSession):
    """Feeds its levels in real time and holds the conversation of the fakes once."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__(on_start=READY)
        self._options = options
        self._feeding: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._options.fail == "start":
            raise RuntimeError("no such thing")
        await super().start()
        self._feeding = asyncio.create_task(self._feed())
        self.emit(*conversation())
        if self._options.noise:
            os.write(2, b"ALSA lib: a library complains\n")
            os.write(1, b"and another one prints\n")
        if self._options.hang == "loop":
            asyncio.get_running_loop().call_later(1.0, _never_return)

    async def stop(self) -> None:
        if self._options.hang == "stop":
            await asyncio.to_thread(time.sleep, 60)
        await super().stop()
        if self._feeding is not None:
            self._feeding.cancel()
        print("session stopped", file=sys.stderr, flush=True)

    async def _feed(self) -> None:
        sound = speech_like(30)
        start, sent = time.monotonic(), 0
        while True:
            while sent < (time.monotonic() - start) * 50:
                at = (sent * 480) % (sound.size - 480)
                self.input_levels.push(sound[at : at + 480])
                self.output_levels.push(sound[at : at + 480] * np.float32(0.4))
                sent += 1
            await asyncio.sleep(0.02)


def _never_return() -> None:
    """The event loop has no turn for anything from now on."""
    while True:
        time.sleep(0.01)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--noise", action="store_true")
    parser.add_argument("--fail", choices=["start", "factory", "repeat"])
    parser.add_argument("--hang", choices=["stop", "loop"])
    parser.add_argument("--log", default="")
    parser.add_argument("--rate", type=int, default=25)
    options = parser.parse_args()

    def factory() -> FakeSession:
        if options.fail == "factory":
            raise RuntimeError("no such persona")
        session = PlayingSession(options)
        if options.fail == "repeat":
            session.failing["repeat"] = RuntimeError("a fault of the program")
        return session

    config = Config()
    config.ui.updates_per_second = options.rate
    return run_dashboard(factory, config, log_path=Path(options.log) if options.log else None)


if __name__ == "__main__":
    sys.exit(main())
