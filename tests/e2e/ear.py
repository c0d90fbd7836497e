"""Ears of our own at a virtual sound card: a device recorded, and when it sounded."""

from __future__ import annotations

import os
import subprocess
import threading
import time

import numpy as np

from tests.e2e.virtual_card import VirtualCard

RATE = 24_000
_BLOCK = RATE // 100
_BYTES = 2 * _BLOCK
_AUDIBLE = 0.01


class Ear:
    """Records a device until it is stopped."""

    def __init__(self, card: VirtualCard, source: str) -> None:
        command = ["parec", "-d", source, "--raw", f"--rate={RATE}", "--channels=1"]
        self._process = subprocess.Popen(
            [*command, "--format=s16le", "--latency-msec=10"],
            env=os.environ | card.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._blocks: list[bytes] = []
        self._from = 0
        self._begins: list[float] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        while block := self._process.stdout.read(_BYTES):
            self._blocks.append(block)
            self._begins.append(time.monotonic() - _BLOCK * len(self._blocks) / RATE)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        self._thread.join(timeout=10)

    @property
    def sound(self) -> np.ndarray:
        """Float32 [n], 24 kHz."""
        return _decoded(self._blocks[self._from :])

    @property
    def began(self) -> float:
        """When the first sample of `sound` was there, monotonic seconds: as the least delayed one
        of its blocks has it."""
        return min(self._begins[self._from :]) + _BLOCK * self._from / RATE

    def forget(self) -> None:
        """What was heard so far, so that what follows is quickly looked through."""
        self._from = len(self._blocks)

    def hears_something(self) -> bool:
        """In the last tenth of a second."""
        return bool(np.abs(_decoded(self._blocks[-10:])).max(initial=0.0) > _AUDIBLE)


def _decoded(blocks: list[bytes]) -> np.ndarray:
    whole = b"".join(blocks)
    return np.frombuffer(whole[: len(whole) // 2 * 2], "<i2").astype(np.float32) / 32_768
