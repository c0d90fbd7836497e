"""From the command to the first picture, and to the moment it listens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

from assistant.audio.null import NullAudio
from assistant.bench.report import Measurement
from assistant.config.schema import Config
from assistant.locations import scratch_dir
from assistant.private_files import scratch_folder
from assistant.session.factory import make_session, start_and_wait

_ESCAPES = re.compile(rb"\x1b(\[[0-9;?<=>]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[PX^_].*?\x1b\\|.)")


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
    """From exec to so many words on a pseudo-terminal of 100 × 30."""
    with scratch_folder(scratch_dir()) as home:
        master, slave = pty.openpty()
        import fcntl
        import termios

        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        for kind in ("CONFIG", "DATA", "STATE"):
            environment[f"XDG_{kind}_HOME"] = str(Path(home) / kind)
        began = time.perf_counter()
        process = subprocess.Popen(
            _command("--backend", "echo", "--no-save"),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        try:
            return _until_words(master, words) - began
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(3)
            process.kill()
            process.wait()
            os.close(master)


def _until_words(master: int, words: int) -> float:
    """The moment at which so many words have been drawn on the alternate screen."""
    seen = b""
    give_up = time.perf_counter() + 20
    while time.perf_counter() < give_up:
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:
                break
            if b"\x1b[?1049h" in seen:
                drawn = _ESCAPES.sub(b"", seen.split(b"\x1b[?1049h", 1)[1])
                if len(drawn.split()) >= words:
                    return time.perf_counter()
    raise RuntimeError("the dashboard was not drawn within 20 s")


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
