"""Barge-in by a command: listens through the assistant's own voice, for nothing but a word to stop.

Where that voice cannot be taken out of the microphone, the turns of `hearing` would be full of it.
What remains possible is to read the last two seconds now and then and to look for a sentence that
asks for silence: a person who wants that says it loudly, and says it again.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

import numpy as np

from assistant.audio.types import Float32
from assistant.audio.vad import Downsampler
from assistant.backends.base import Emit
from assistant.frames import FRAME_SECONDS, Overheard

WINDOW_SECONDS = 2.0
"""Sound that is read at a time: "be quiet" with room on either side."""
STEP_SECONDS = 0.8
"""From one look to the next; reading two seconds costs a small processor an eighth of one."""
_QUIET = 0.004
"""RMS under which nobody says "stop" loudly enough."""

ReadAside = Callable[[Float32, Callable[[str], None]], None]
"""Transcribe float32 [n] at 16 kHz when there is time, and hand the words to the callback."""


class StopListener:
    """Frames in, `Overheard` out."""

    def __init__(self, read: ReadAside, is_stop: Callable[[str], bool], emit: Emit) -> None:
        self._read = read
        self._is_stop = is_stop
        self._emit = emit
        self._sound: deque[Float32] = deque(maxlen=round(WINDOW_SECONDS / FRAME_SECONDS))
        self._down = Downsampler()
        self._since = 0
        self._reading = False

    def push(self, frame: Float32) -> None:
        """One frame, float32 [1920] at 24 kHz, that holds the assistant's own voice."""
        self._sound.append(self._down(frame))
        self._since += 1
        if self._since * FRAME_SECONDS < STEP_SECONDS or self._reading:
            return
        self._since = 0
        sound = np.concatenate(self._sound)
        if float(np.sqrt(np.mean(sound * sound))) >= _QUIET:
            self._reading = True
            self._read(sound, self._heard)

    def rest(self) -> None:
        """The sound is the user's own again."""
        if self._sound:
            self._sound.clear()
            self._since = 0

    def _heard(self, text: str) -> None:
        self._reading = False
        for sentence in re.split(r"[.!?,;]+", text):
            if sentence.strip() and self._is_stop(sentence):
                self._sound.clear()
                self._emit(Overheard(sentence.strip()))
                return
