"""From the command to the first picture, and to the moment it listens."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from assistant.audio.files import NullAudio
from assistant.bench.report import Measurement
from assistant.config.schema import Config
from assistant.locations import scratch_dir
from assistant.private_files import scratch_folder
from assistant.session.factory import make_session, start_and_wait

# The program in a terminal of a measurement's own: what is written to it, and when what it drew
# came back.

_ESCAPES = re.compile(rb"\x1b(\[[0-9;?<=>]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[PX^_].*?\x1b\\|.)")
_ALTERNATE_SCREEN = b"\x1b[?1049h"


def words(drawn: bytes) -> list[bytes]:
    """What stands in it when the escape sequences are taken away."""
    return _ESCAPES.sub(b"", drawn).split()


class ProgramInTerminal:
    """A Python module, run with these arguments on a pseudo-terminal, with a home of its own."""

    def __init__(self, module: str, *arguments: str, home: Path, size: tuple[int, int]) -> None:
        """`size`: columns and lines."""
        self.home = home
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        for kind in ("CONFIG", "DATA", "STATE"):
            environment[f"XDG_{kind}_HOME"] = str(home / kind)
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)

    def write(self, keys: str) -> float:
        """Press these; returns when, on `perf_counter`."""
        os.write(self.master, keys.encode())
        return time.perf_counter()

    def until(self, shown: Callable[[bytes], bool], limit: float = 20.0) -> float:
        """When `shown` first holds for what was drawn since this was called, on `perf_counter`.
        Raises `RuntimeError` where it does not within `limit` seconds."""
        seen = b""
        give_up = time.perf_counter() + limit
        while time.perf_counter() < give_up:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    seen += os.read(self.master, 65536)
                except OSError:
                    break
                if shown(seen):
                    return time.perf_counter()
        raise RuntimeError(f"the dashboard did not draw it within {limit:.0f} s")

    def until_words(self, count: int) -> float:
        """When so many words stand on the dashboard."""

        def drawn(seen: bytes) -> bool:
            _, found, dashboard = seen.partition(_ALTERNATE_SCREEN)
            return bool(found) and len(words(dashboard)) >= count

        return self.until(drawn)

    def until_ended(self, limit: float = 30.0) -> float:
        """When the program was gone. What it still draws is read away, or it would wait for us.
        Raises `subprocess.TimeoutExpired`."""
        give_up = time.perf_counter() + limit
        while self.process.poll() is None:
            if time.perf_counter() > give_up:
                raise subprocess.TimeoutExpired("assistant", limit)
            if self.master >= 0 and select.select([self.master], [], [], 0.01)[0]:
                with contextlib.suppress(OSError):
                    os.read(self.master, 65536)
            else:
                time.sleep(0.01)
        return time.perf_counter()

    def close_terminal(self) -> float:
        """As when its window is closed; returns when."""
        master, self.master = self.master, -1
        os.close(master)
        return time.perf_counter()

    def end(self) -> None:
        """Whatever it does."""
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.until_ended(3.0)
        self.process.kill()
        self.process.wait()
        if self.master >= 0:
            self.close_terminal()


@contextlib.contextmanager
def program_in_terminal(
    module: str, *arguments: str, size: tuple[int, int] = (100, 30)
) -> Iterator[ProgramInTerminal]:
    """It is gone afterwards, and so is its home."""
    with scratch_folder(scratch_dir()) as home:
        program = ProgramInTerminal(module, *arguments, home=Path(home), size=size)
        try:
            yield program
        finally:
            program.end()


def measure(runs: int = 5) -> list[Measurement]:
    """Seconds; the first run of each is thrown away (cold disk)."""
    helps = [_help() for _ in range(runs + 1)][1:]
    titles = [_first_paint(words=2) for _ in range(runs + 1)][1:]
    drawn = [_first_paint(words=8) for _ in range(runs + 1)][1:]
    ready = [asyncio.run(_ready()) for _ in range(max(2, runs // 2))]
    return [
        Measurement("assistant --help", "s", tuple(helps), "aim ≤ 0.3 s"),
        Measurement("first paint (opening title)", "s", tuple(titles), "aim ≤ 0.7 s"),
        Measurement("whole dashboard drawn", "s", tuple(drawn)),
        Measurement("ready to listen (models loaded)", "s", tuple(ready)),
    ]


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "assistant", *arguments]


def _help() -> float:
    began = time.perf_counter()
    subprocess.run(_command("--help"), check=True, capture_output=True)
    return time.perf_counter() - began


def _first_paint(words: int) -> float:
    """From exec to so many words on a terminal of 100 × 30."""
    arguments = ("--backend", "echo", "--no-save")
    with program_in_terminal("assistant", *arguments) as program:
        return program.until_words(words) - program.began


async def _ready() -> float:
    """From the session's start to a backend that listens."""
    config = Config()
    config.session.save = False
    config.session.greeting = False
    config.brain.kind = "scripted"
    session = make_session(config, NullAudio())
    began = time.perf_counter()
    try:
        await start_and_wait(session)
        return time.perf_counter() - began
    finally:
        await session.stop()
