"""How soon a key is on the screen while sound flows and other programs keep every core busy, and
how soon the program ends then.

The program is the real one, with the backend of the settings, in a terminal of its own. In place of
the devices stands a card that never rests: the speaker plays noise, the microphone hears its echo
and speech-like noise over it, so that echo canceller, voice onset and framing work all the time.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from assistant.audio.base import OnFrame
from assistant.audio.devices.listing import Device
from assistant.audio.devices.loss_meter import LossMeter
from assistant.audio.devices.reblock import BlockQueue
from assistant.audio.devices.sound_thread import Handover, HeardFrame, Item, SoundThread
from assistant.audio.devices.streams import OpenStream
from assistant.audio.files import NullAudio
from assistant.audio.frontend.frontend import FrontEnd, FrontEndMirror
from assistant.bench.report import Measurement
from assistant.bench.startup import ProgramInTerminal, program_in_terminal
from assistant.config.schema import AudioConfig, Config
from assistant.frames import SAMPLE_RATE
from assistant.session.frontend import SessionFrontend

KEYS = "".join(chr(code) for code in range(0x0410, 0x0450))
"""Letters that stand nowhere else on the screen, each typed once."""

_BLOCK = SAMPLE_RATE // 50
_ECHO_BLOCKS = 5
_SETTLE_SECONDS = 5.0
_SIZE = (120, 40)
_SHED = "STATE/shed"
"""In the program's home: how many frames it shed, and of how many."""


@dataclass
class _Streams:
    microphone: OpenStream | None = None
    speaker: OpenStream | None = None


class _Health:
    """Nothing ever happens to these devices."""

    def is_gone(self, kind: Literal["input", "output"]) -> bool:
        return False

    def is_muted(self) -> bool:
        return False


class RestlessAudio(NullAudio):
    """`AudioIO` on a card that plays and hears something all the time, in real time. Everything
    behind its callbacks is a conversation's own."""

    def __init__(self, config: AudioConfig) -> None:
        super().__init__()
        self.microphone = self.speaker = "bench"
        self._streams = _Streams(_stream("input"), _stream("output"))
        self._handover = Handover(self._take)
        self._sound = SoundThread(FrontEnd(config), self._streams, _Health(), self._handover)
        self.front: FrontEndMirror = FrontEndMirror(self._sound.front.state())  # type: ignore[assignment]
        self.input_levels = self._sound.input_levels
        self.output_levels = self._sound.output_levels
        self._ends = threading.Event()
        self._on_frame: OnFrame = lambda number, samples: None

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        import asyncio

        self._on_frame = on_frame
        self._handover.open(asyncio.get_running_loop())
        self._sound.start()
        threading.Thread(target=self._call, name="card", daemon=True).start()

    async def stop(self) -> None:
        self._ends.set()
        await self._sound.stop(0.7)
        home = Path(os.environ["XDG_STATE_HOME"]).parent
        (home / _SHED).write_text(f"{self._sound.lost_frames} {self._sound.frames}")

    def drops(self) -> dict[str, int]:
        return {"microphone": self._sound.lost_frames, "speaker": 0}

    def _take(self, item: Item) -> None:
        match item:
            case HeardFrame(number, samples, state):
                self.front.take(state)
                self._on_frame(number, samples)
            case _:
                pass

    def _call(self) -> None:
        """As PortAudio's callbacks do, every 20 ms."""
        random = np.random.default_rng(1)
        echo = [np.zeros(_BLOCK, np.float32)] * _ECHO_BLOCKS
        microphone, speaker = self._streams.microphone, self._streams.speaker
        assert microphone is not None
        assert speaker is not None
        began = time.monotonic()
        for number in itertools.count(1):
            if self._ends.wait(max(0.0, began + number * 0.02 - time.monotonic())):
                return
            voiced = 0.3 * abs(np.sin(number * 0.12)) ** 3 if number % 300 < 100 else 0.003
            noise = random.uniform(-1, 1, (2, _BLOCK)).astype(np.float32)
            played = self.playback.read(_BLOCK) + np.float32(0.1) * noise[0]
            echo.append(np.float32(0.3) * played)
            speaker.queue.put(speaker.called(), played)
            microphone.queue.put(microphone.called(), echo.pop(0) + np.float32(voiced) * noise[1])
            self._sound.wake()


def _stream(kind: Literal["input", "output"]) -> OpenStream:
    device = Device(0, "bench", "bench", kind, 1, SAMPLE_RATE, is_default=True)
    return OpenStream(
        device, SAMPLE_RATE, BlockQueue(4 * SAMPLE_RATE), LossMeter(SAMPLE_RATE, tolerance=1.0)
    )


def measure(*, busy: int, backend: str, keys: str = KEYS) -> list[Measurement]:
    """Rows: key → screen (ms) alone and beside `busy` busy processes, signal or closed terminal →
    gone (s)."""
    arguments = ("--backend", backend)
    alone, _ = _typing(arguments, keys, busy=0)
    loaded, shed = _typing(arguments, keys, busy=busy)
    beside = f"{busy} busy processes beside it"
    return [
        Measurement("key → screen, alone", "ms", alone),
        Measurement(f"key → screen, {beside}", "ms", loaded, f"aim p95 ≤ 200 ms; {shed}"),
        Measurement(f"SIGTERM → ended, {beside}", "s", _ending(arguments, busy, _terminate), "≤ 3"),
        Measurement(f"terminal closed → ended, {beside}", "s", _ending(arguments, busy, _close)),
    ]


def _typing(arguments: tuple[str, ...], keys: str, busy: int) -> tuple[tuple[float, ...], str]:
    with _program(arguments) as (program, shed), _busy(busy):
        _settle(program)
        program.write("/")
        _settle(program)
        times = []
        for number, key in enumerate(keys):
            pressed = program.write(key)
            shown = program.until(_shows(key))
            times.append(1000 * (shown - pressed))
            _read_for(program, 0.1 + 0.05 * (number % 5))
        program.process.send_signal(signal.SIGTERM)
        program.until_ended()
        lost, frames = shed.read_text().split() if shed.exists() else ("?", "?")
    return tuple(times), f"{lost} of {frames} frames shed"


def _shows(key: str) -> Callable[[bytes], bool]:
    return lambda drawn: key.encode() in drawn


def _ending(
    arguments: tuple[str, ...], busy: int, end: Callable[[ProgramInTerminal], float], runs: int = 3
) -> tuple[float, ...]:
    times = []
    for _ in range(runs):
        with _program(arguments) as (program, _), _busy(busy):
            _settle(program)
            began = end(program)
            times.append(program.until_ended() - began)
    return tuple(times)


def _terminate(program: ProgramInTerminal) -> float:
    program.process.send_signal(signal.SIGTERM)
    return time.perf_counter()


def _close(program: ProgramInTerminal) -> float:
    return program.close_terminal()


@contextlib.contextmanager
def _program(arguments: tuple[str, ...]) -> Iterator[tuple[ProgramInTerminal, Path]]:
    with program_in_terminal("assistant.bench.ui_load", *arguments, size=_SIZE) as program:
        program.until_words(8)
        yield program, program.home / _SHED


def _settle(program: ProgramInTerminal) -> None:
    _read_for(program, _SETTLE_SECONDS)


def _read_for(program: ProgramInTerminal, seconds: float) -> None:
    with contextlib.suppress(RuntimeError):
        program.until(lambda drawn: False, seconds)


@contextlib.contextmanager
def _busy(count: int) -> Iterator[None]:
    """So many processes that do nothing but keep a core busy."""
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main(arguments: list[str]) -> int:
    """The program that is measured."""
    from assistant.session.factory import find_personas, make_session
    from assistant.ui.run import run_dashboard

    config = Config()
    config.backend.name = arguments[arguments.index("--backend") + 1]
    config.brain.kind = "scripted"

    def make() -> SessionFrontend:
        audio = RestlessAudio(config.audio)
        return make_session(config, audio, personas=find_personas(config), remember=True)

    return run_dashboard(make, config)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
