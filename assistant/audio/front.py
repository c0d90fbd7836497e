"""The front end of the ears: from the device's samples to what the backend may hear.

    microphone ─► echo canceller ─► (noise suppression) ─► frames
    speaker ────────┘ far end             └─► voice: does the user speak, just now?

Whatever owns a microphone owns one of these and hands it both sides, in blocks of any size, as they
are heard and played. It belongs to one thread (the event loop's).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from assistant.config import AudioConfig

Float32 = NDArray[np.float32]


class FrontEnd:
    """Takes the assistant's own voice out of the microphone, and notices at once when the user
    begins to speak (long before the backend has words)."""

    def __init__(self, config: AudioConfig) -> None:
        self.on_voice: Callable[[bool], None] = lambda speaking: None
        """Told, from within `heard`, when the user's voice begins (within 64 ms of its first sample
        under good conditions) and when it has ended."""
        self.voice = False
        """The user's voice is there now. Never the assistant's own, as far as can be known."""
        self.clean = config.headset
        """The assistant's own voice is not in what `heard` returns: there is a headset, or the
        canceller has proved itself in this room. False until that is known."""

    def played(self, pcm: Float32) -> None:
        """What left for the speaker: float32 [n], 24 kHz mono, silence included."""

    def heard(self, pcm: Float32) -> Float32:
        """float32 [n] at 24 kHz from the microphone → the same stream without the assistant's own
        voice, at most 20 ms late. The lengths agree over time, not call by call."""
        return pcm

    def restart(self) -> None:
        """Another device, another room, or a gap in the sound: forget what was learnt of it."""

    def describe(self) -> str:
        """For the status line: "echo −38 dB", "headset", "guarded" … empty where nothing is to be
        said."""
        return "headset" if self.clean else ""
