"""Speech from a foreign server: a sound without end and pieces of text, cut into utterances.

The same problem as with Moshi on this machine, and the same solution (`moshi.utterances`). What is
to be done first is to find the frame that a piece of text belongs to: servers send it just after
(Kyutai's) or just before (NVIDIA's) the frame's sound.
"""

from __future__ import annotations

import asyncio

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import Emit
from assistant.backends.moshi.monologue import rms
from assistant.backends.moshi.utterances import QUIET, Moment, Utterances
from assistant.frames import FRAME_SAMPLES

TEXT_WAIT = 0.02
"""Seconds that a frame waits for its text: both are sent at once."""
MOST_TEXT = 2_000
"""Characters that wait for a frame."""
REST_AFTER_CUT = 6
"""Silent frames after an interruption that end it: a server cannot be told to stop…"""
LONGEST_CUT = 125
"""…but is heard again after so many frames (10 s) whatever it does."""


class HeardSpeech:
    """Its own utterances are numbered from `first`. Belongs to the connection's event loop, but
    for `interrupt`, which the caller has to keep apart from the rest."""

    def __init__(self, emit: Emit, first: int) -> None:
        self._written = ""
        """In the frame at hand: a server sends text, not tokens."""
        self._utterances = Utterances(emit, lambda token: self._written, lambda number: None, first)
        self._rest: Float32 = np.zeros(0, np.float32)
        self._waiting: Float32 | None = None
        """A frame whose text may be on its way."""
        self._timer: asyncio.TimerHandle | None = None
        self._cut = 0
        """Frames that are still silenced."""
        self._quiet = 0

    def sound(self, pcm: Float32) -> None:
        """float32 [n], whatever length the server's pages have."""
        self._rest = np.concatenate((self._rest, pcm))
        while len(self._rest) >= FRAME_SAMPLES:
            self._decide()
            self._waiting, self._rest = self._rest[:FRAME_SAMPLES], self._rest[FRAME_SAMPLES:]
            if self._written:
                self._decide()
        if self._waiting is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TEXT_WAIT, self._decide)

    def text(self, piece: str) -> None:
        self._written = (self._written + piece)[-MOST_TEXT:]
        if self._waiting is not None:
            self._decide()

    def interrupt(self) -> None:
        """Nothing is heard until the server pauses."""
        self._cut, self._quiet = LONGEST_CUT, 0
        self._utterances.interrupt()

    def close(self) -> None:
        """The connection is gone: what was begun ends here."""
        self._decide()
        self._utterances.interrupt()

    # -- inside ------------------------------------------------------------------------------

    def _decide(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        frame, self._waiting = self._waiting, None
        if frame is None:
            return
        mute = self._cut > 0
        if mute:
            self._quiet = 0 if self._written or rms(frame) >= QUIET else self._quiet + 1
            self._cut = 0 if self._quiet >= REST_AFTER_CUT else self._cut - 1
        moment = Moment(0, None, epoch=self._utterances.epoch, mute=mute)
        self._utterances.take(moment, frame)
        self._written = ""
