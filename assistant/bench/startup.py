"""From the command to the first picture, and to the moment it listens."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

from assistant.audio.null import NullAudio
from assistant.bench.report import Measurement
from assistant.bench.terminal import program_in_terminal
from assistant.config.schema import Config
from assistant.session.factory import make_session, start_and_wait


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
