"""Faults that a scenario lets happen, at a moment of the virtual clock."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from benchmarks.simulator.script import Happens, Stage


def lost_frames(seconds: float) -> Happens:
    """The microphone's sound of that time never arrives."""

    async def do(stage: Stage) -> None:
        stage.driver.audio.lose(seconds)

    return Happens(f"microphone lost {seconds:g} s", do)


def late_frames(seconds: float) -> Happens:
    """Nothing arrives for that time, then all of it at once."""

    async def do(stage: Stage) -> None:
        stage.driver.audio.stall(seconds)

    return Happens(f"microphone {seconds:g} s late", do)


def backend_killed() -> Happens:
    """The child dies as of a crash in a library."""

    async def do(stage: Stage) -> None:
        backend = stage.driver.backend
        if backend.pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(backend.pid, signal.SIGKILL)
        # The clock stands still until it is noticed, so that it is noticed at the same frame.
        while backend.ready.is_set():  # noqa: ASYNC110 - a child that dies tells nobody
            await asyncio.sleep(0.01)

    return Happens("backend killed", do)


def slower(*, thinking: float = 0.0, tool: float = 0.0) -> Happens:
    """From now on brain and tool take so many seconds."""

    async def do(stage: Stage) -> None:
        stage.driver.slowness.thinking = thinking
        stage.driver.slowness.tool = tool

    return Happens(f"thinking takes {thinking:g} s, the tool {tool:g} s", do)
