"""Framing: from device blocks of any size to numbered frames, every lost sample accounted for."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import FRAME_SAMPLES


class BlockQueue:
    """What the audio callback fills and the event loop empties. Bounded: the oldest is dropped.

    A block is float32 [n, channels] or [n]; the bound counts n.
    """

    def __init__(self, max_samples: int) -> None:
        self._max_samples = max_samples
        self._blocks: deque[tuple[float, Float32]] = deque()
        self._queued = 0
        self._lost = 0
        self._lock = threading.Lock()

    def put(self, at: float, block: Float32) -> None:
        """Queue a block that arrived `at` (seconds, monotonic). The queue keeps the array."""
        with self._lock:
            self._blocks.append((at, block))
            self._queued += len(block)
            while self._queued > self._max_samples and len(self._blocks) > 1:
                dropped = len(self._blocks.popleft()[1])
                self._queued -= dropped
                self._lost += dropped

    def take(self) -> tuple[int, list[tuple[float, Float32]]]:
        """Samples lost since the last look (all older than the blocks), and all blocks."""
        with self._lock:
            lost, self._lost = self._lost, 0
            blocks = list(self._blocks)
            self._blocks.clear()
            self._queued = 0
        return lost, blocks


def frames_of(samples: int) -> int:
    """Samples as frames of 80 ms, rounded up."""
    return -(-samples // FRAME_SAMPLES)


class Reblocker:
    """Cuts a stream into frames of 1920 samples, numbered from 0.

    The sample at position p of the stream always stands in frame p // 1920: lost samples move the
    numbering on, so that a gap in the numbers is a gap in the sound. Where a frame is lost only in
    part, zeros stand in its place. Belongs to one thread.
    """

    def __init__(self, frame_samples: int = FRAME_SAMPLES) -> None:
        self._frame_samples = frame_samples
        self._pending = np.zeros(frame_samples, dtype=np.float32)
        self._filled = 0
        self._number = 0
        self.lost_samples = 0

    @property
    def position(self) -> int:
        """Samples so far, lost ones counted."""
        return self._number * self._frame_samples + self._filled

    @property
    def lost_frames(self) -> int:
        """Lost samples as frames, rounded up."""
        return -(-self.lost_samples // self._frame_samples)

    def push(self, samples: Float32) -> list[tuple[int, Float32]]:
        """Take float32 [n]; return the frames that are now full, each an array of its own."""
        full: list[tuple[int, Float32]] = []
        taken = 0
        while taken < samples.size:
            n = min(self._frame_samples - self._filled, samples.size - taken)
            self._pending[self._filled : self._filled + n] = samples[taken : taken + n]
            taken += n
            self._advance(n, full)
        return full

    def lose(self, samples: int) -> list[tuple[int, Float32]]:
        """Note that `samples` were lost here; return the frame that this completes, if any."""
        self.lost_samples += samples
        return self.skip(samples)

    def skip(self, samples: int) -> list[tuple[int, Float32]]:
        """Move on by `samples` that there never were: nothing to be heard, and nothing lost."""
        full: list[tuple[int, Float32]] = []
        if self._filled:
            n = min(self._frame_samples - self._filled, samples)
            self._pending[self._filled : self._filled + n] = 0.0
            samples -= n
            self._advance(n, full)
        self._number += samples // self._frame_samples
        rest = samples % self._frame_samples
        self._pending[self._filled : self._filled + rest] = 0.0
        self._filled += rest
        return full

    def flush(self) -> list[tuple[int, Float32]]:
        """The last, partly filled frame, padded with zeros; nothing where there is none."""
        if not self._filled:
            return []
        return self.push(np.zeros(self._frame_samples - self._filled, dtype=np.float32))

    def _advance(self, n: int, full: list[tuple[int, Float32]]) -> None:
        self._filled += n
        if self._filled == self._frame_samples:
            full.append((self._number, self._pending))
            self._pending = np.zeros(self._frame_samples, dtype=np.float32)
            self._number += 1
            self._filled = 0
