"""Renders what the user will say, in a process of its own (`python -m` this module).

The host that is measured must not hold a speech engine.
"""

from __future__ import annotations

import asyncio
import sys

from assistant.backends.base import BackendError
from assistant.bench.latency import CHANGES, QUESTIONS
from benchmarks.simulator.voice import UserVoice


async def render_sentences() -> None:
    """Have every sentence on disk. Raises `BackendError` where the voice cannot be loaded."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await process.communicate()
    if process.returncode != 0:
        last = errors.decode(errors="replace").strip().splitlines()[-1:]
        raise BackendError(
            f"the simulated user has no voice: {''.join(last)}", "assistant doctor --backends"
        )


if __name__ == "__main__":
    voice = UserVoice()
    for sentence in (*QUESTIONS, *CHANGES):
        voice.say(sentence)
