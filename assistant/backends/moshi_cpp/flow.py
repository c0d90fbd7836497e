"""Frames in and out of the program: what of the sound that comes out is the model's, how far it is
behind, and what it never heard.

The program says nothing of its delay, and drops what it cannot take in (its queue holds three
frames) without a word. But it makes one frame of each that it takes: frames in, less frames out,
less those that its delays keep for good, is what is under way or was dropped.
"""

from __future__ import annotations

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import FRAME_BYTES, FRAME_SAMPLES, FRAME_SECONDS, Lag

FILLER = bytes(FRAME_BYTES)
"""What SDL plays while the model has nothing: exact zeros, which no decoder puts out."""
MOST_KEPT = 4
"""Frames at a conversation's beginning that the model's delays may keep."""
MOST_UNDER_WAY = 8
"""Frames between a pipe's end and the other: three in its queue, one each in both pipes, in its
capture, in the model and in its playback. What is more was dropped."""
WINDOW = 50
"""Frames (4 s) after which those that are still missing count as dropped: it would have caught up,
or answered them."""
WORTH_TELLING = 4
"""Frames under way that count as lag: two are usual."""
REPORT_EVERY = 12
"""Frames between two reports of lag: about a second."""
RECOVERED = 25
"""Frames without lag (2 s) after which it is told to be over."""


class FrameSplitter:
    """Bytes of its playback in, in whatever pieces; the model's frames out."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def take(self, data: bytes) -> list[Float32]:
        """float32 [1920] each; filler is left out, and so is what is no number."""
        self._rest += data
        whole = len(self._rest) // FRAME_BYTES * FRAME_BYTES
        block, self._rest = bytes(self._rest[:whole]), self._rest[whole:]
        pieces = (block[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES))
        return [_as_frame(piece) for piece in pieces if piece != FILLER]


def _as_frame(piece: bytes) -> Float32:
    frame = np.frombuffer(piece, dtype="<f4", count=FRAME_SAMPLES).astype(np.float32)
    return np.clip(np.nan_to_num(frame, posinf=0.0, neginf=0.0), -1.0, 1.0)


class FrameBalance:
    """One conversation's, from its first frame on. Counts frames, never time."""

    def __init__(self) -> None:
        self._sent = 0
        self._answered = 0
        self._kept: int | None = None
        """Frames that are never answered because of the model's delays; None: not known yet."""
        self._in_window = 0
        self._lowest: int | None = None
        """Fewest frames under way at an answer in this window; None: there was none."""
        self._full = False
        """Its queue was full in this window, so that what is missing may wait there."""
        self._since_report = REPORT_EVERY
        self._since_lag: int | None = None
        """Frames sent since there was lag; None: there is none."""
        self.dropped = 0
        """Frames in all that it never heard."""
        self.unanswered = 0
        """Frames sent since the last answer."""

    @property
    def under_way(self) -> int:
        """Frames that were sent and are neither answered nor given up."""
        return self._sent - self._answered - (self._kept or 0) - self.dropped

    @property
    def seconds(self) -> float:
        """How far it is behind; 0 where no more frames are under way than usual."""
        behind = self.under_way - (MOST_KEPT if self._kept is None else 0)
        return behind * FRAME_SECONDS if behind >= WORTH_TELLING else 0.0

    def sent(self) -> Lag | None:
        """One more frame goes in. Returns what is worth telling."""
        self._sent += 1
        self._in_window += 1
        self.unanswered += 1
        most = MOST_UNDER_WAY + (MOST_KEPT if self._kept is None else 0)
        if self.under_way > most:
            self._drop(self.under_way - most)
            self._full = True
        if self._in_window >= WINDOW:
            if self._lowest is not None and not self._full:
                self._settle(self._lowest)
            self._in_window, self._lowest, self._full = 0, None, False
        return self._worth_telling()

    def answered(self) -> None:
        """One more frame of the model's came out."""
        self._answered += 1
        self.unanswered = 0
        if self.under_way < 0:  # one that had been given up
            self.dropped = max(0, self.dropped + self.under_way)
            self._kept = max(0, (self._kept or 0) + min(0, self.under_way))
        lowest = self.under_way if self._lowest is None else self._lowest
        self._lowest = min(lowest, self.under_way)

    def _settle(self, missing: int) -> None:
        """So many were missing all through a window."""
        if self._kept is None:
            self._kept = min(missing, MOST_KEPT)
            missing -= self._kept
        if missing > 1:  # one may be the delay of a machine that is slower now
            self._drop(missing)

    def _drop(self, count: int) -> None:
        self.dropped += count
        self._since_lag = 0

    def _worth_telling(self) -> Lag | None:
        self._since_report += 1
        if self.seconds:
            self._since_lag = 0
        if self._since_lag is None:
            return None
        if self._since_lag == 0:
            self._since_lag = 1
            if self._since_report >= REPORT_EVERY:
                self._since_report = 0
                return Lag(self.seconds, self.dropped)
            return None
        self._since_lag += 1
        if self._since_lag > RECOVERED:
            self._since_lag = None
            return Lag(0.0, self.dropped)
        return None
