"""Everything that goes wrong, done to the real parts: processes get real signals, files are really
broken, a disk says what a full one says."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.host.process import BackendProcess
from assistant.brain.base import Brain, BrainError, Piece, Question
from assistant.frames import Push
from assistant.locations import themes_dir
from assistant.personas.loading import load_personas
from assistant.session.frontend import SessionFrontend
from assistant.tools.registry import Tool, tool
from benchmarks.room import Noise
from benchmarks.simulator.audio import SimulatedAudio
from benchmarks.simulator.sounds import sound
from benchmarks.soak.plan import ASKED, FaultKind

ENDS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGABRT)
"""How a child dies, in turn."""
LASTS = 3
"""Turns for which the disk is full and the persona file broken."""
LOST_SECONDS = 0.3
LATE_SECONDS = 0.6
NOISE_DB = -62.0
"""Of the room, while nothing happens in it."""


class RoomNoise:
    """The quiet noise of a room, and what bursts into it."""

    def __init__(self, seed: int) -> None:
        self._noise = Noise("pink", NOISE_DB, seed)
        self._burst = np.zeros(0, np.float32)

    def read(self, n: int) -> Float32:
        """The next float32 [n] at 24 kHz."""
        heard = self._noise.read(n)
        now, self._burst = self._burst[:n], self._burst[n:]
        heard[: now.size] += now
        return heard

    def burst(self, pcm: Float32) -> None:
        self._burst = pcm


class Disk:
    """A disk for the transcript, which is full now and then: `write` of a `TranscriptStore`."""

    def __init__(self) -> None:
        self.full = False

    def write(self, descriptor: int, data: bytes) -> None:
        if self.full:
            os.write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        while data:
            data = data[os.write(descriptor, data) :]


@tool(name="soak_broken")
def broken_tool() -> str:
    """Fail."""
    raise RuntimeError("the hardware this asks is not there")


@tool(name="soak_slow", timeout=0.3)
async def slow_tool() -> str:
    """Take far too long."""
    await asyncio.sleep(60)
    return "too late"


TOOLS: list[Tool] = [broken_tool, slow_tool]


class FaultyBrain:
    """A brain that works, but for the next turn where it is told otherwise (`fail_next`)."""

    def __init__(self, brain: Brain) -> None:
        self.label = brain.label
        self.fail_next: FaultKind | None = None
        self._brain = brain

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        fault = None
        if question.text:
            fault, self.fail_next = self.fail_next, None
        if not question.text and question.history and question.history[-1].role == "tool":
            yield f"That did not work: {question.history[-1].text[:60]}."
        elif fault == "brain fails":
            yield "Well, "
            raise BrainError("the language model broke off", "ask again")
        elif fault is not None:
            name = broken_tool.name if fault == "tool fails" else slow_tool.name
            yield f'One moment. TOOL_CALL: {{"name": "{name}", "arguments": {{}}}}'
        else:
            async for piece in self._brain.answer(question):
                yield piece

    async def close(self) -> None:
        await self._brain.close()


class Faults:
    """Strikes, and mends what has lasted long enough. `counts` has how often each has struck."""

    def __init__(
        self, session: SessionFrontend, process: BackendProcess, audio: SimulatedAudio,
        room: RoomNoise, disk: Disk, brain: Callable[[], FaultyBrain], folder: Path, seed: int,
    ) -> None:  # fmt: skip
        """`folder` is where persona files may be broken."""
        self.counts: dict[str, int] = {}
        self._session = session
        self._process = process
        self._audio = audio
        self._room = room
        self._disk = disk
        self._brain = brain
        self._folder = folder
        self._random = Random(seed)
        self._mending: list[tuple[int, Callable[[], None]]] = []

    def strike(self, kind: FaultKind) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind in ASKED:
            self._brain().fail_next = kind
            return
        match kind:
            case "crash":
                self.kill(ENDS[(self.counts[kind] - 1) % len(ENDS)])
            case "hang":
                self.kill(signal.SIGSTOP)
            case "frames lost":
                self._audio.lose(LOST_SECONDS)
            case "frames late":
                self._audio.stall(LATE_SECONDS)
            case "noise":
                which = self._random.choice(["cough", "door", "keyboard"])
                self._room.burst(sound(which, self._random.randrange(100)))  # type: ignore[arg-type]
            case "bad frame":
                self._process.send(Push(-1, b"\0" * 7))
            case "disk full":
                self._disk.full = True
                self._mending.append((LASTS, self._free_disk))
            case "persona file broken":
                self._break_persona()
                self._mending.append((LASTS, self._mend_persona))
            case _:
                raise AssertionError(kind)

    def kill(self, number: int) -> None:
        if self._process.pid is not None and self._process.ready.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def turn_over(self) -> None:
        """A turn of the user has been answered."""
        due = [mend for left, mend in self._mending if left <= 1]
        self._mending = [(left - 1, mend) for left, mend in self._mending if left > 1]
        for mend in due:
            mend()

    def mend_all(self) -> None:
        for _, mend in self._mending:
            mend()
        self._mending.clear()

    def _free_disk(self) -> None:
        self._disk.full = False

    def _break_persona(self) -> None:
        """The file of one of the personas is saved half written, as an editor that crashed does."""
        source = self._random.choice(sorted(themes_dir().glob("*.toml")))
        text = source.read_text("utf-8")
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / source.name).write_text(text[: len(text) // 2] + "\n[[[", "utf-8")
        self._reload()

    def _mend_persona(self) -> None:
        for path in self._folder.glob("*.toml"):
            path.unlink()
        self._reload()

    def _reload(self) -> None:
        loaded = load_personas(themes_dir(), self._folder)
        failed = [str(failure) for failure in loaded.failed]
        self._session.replace_personas(list(loaded.loaded.values()), failed)
