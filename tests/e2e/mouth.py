"""A mouth of our own at a virtual sound card's microphone: always there, silent but for its breath.

A player that comes and goes makes the sound server plan its buffers anew, and with them the delay
of everything else at that device: an echo would jump whenever somebody begins to speak, which no
room does.
"""

from __future__ import annotations

import fcntl
import os
import queue
import subprocess
import threading

import numpy as np
from numpy.typing import NDArray

from tests.e2e.ear import RATE
from tests.e2e.virtual_card import VirtualCard

_BLOCK = RATE // 100
_NOISE = 10.0 ** (-65 / 20)
"""No room is digitally silent."""
_SMALLEST_PIPE = 4096


class Mouth:
    """Plays the faint noise of a room until it is given something to say."""

    def __init__(self, card: VirtualCard, sink: str = "micin") -> None:
        command = ["pacat", "--playback", "-d", sink, "--raw", f"--rate={RATE}", "--channels=1"]
        self._process = subprocess.Popen(
            [*command, "--format=s16le", "--latency-msec=20"],
            env=os.environ | card.environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None
        fcntl.fcntl(self._process.stdin, fcntl.F_SETPIPE_SZ, _SMALLEST_PIPE)
        self._noise = np.random.default_rng(1)
        self._waiting: queue.SimpleQueue[NDArray[np.float32]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def say(self, sound: NDArray[np.float32]) -> None:
        """Float32 [n], 24 kHz, from now on (in about a tenth of a second)."""
        blocks = -(-sound.size // _BLOCK)
        for block in np.pad(sound, (0, blocks * _BLOCK - sound.size)).reshape(blocks, _BLOCK):
            self._waiting.put(block)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        self._thread.join(timeout=10)

    def _play(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            while True:  # paced by the pipe, which takes no more than is played
                block = _NOISE * self._noise.standard_normal(_BLOCK)
                if not self._waiting.empty():
                    block += self._waiting.get()
                pipe.write((np.clip(block, -1.0, 1.0) * 32_767).astype("<i2").tobytes())
                pipe.flush()
        except (BrokenPipeError, ValueError):
            return
