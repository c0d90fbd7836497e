"""Microphone gate: mute, push-to-talk, and whose voice may be in what the backend hears.

Against an assistant that talks to itself: while its own voice sounds, and for a moment after (the
room's echo and the device's own delay), what the microphone hears is trusted only where that voice
is known to be out of it (`FrontEnd.clean`). Elsewhere the backend listens for nothing but "stop".
"""

from __future__ import annotations

TAIL_SECONDS = 0.25
"""The longest echo of a living room that speech recognition takes for words."""


class MicrophoneGate:
    """Decides frame by frame. Times are seconds on the session's clock."""

    def __init__(self, *, guard: bool, push_to_talk: bool) -> None:
        self.guard = guard
        """Whether the microphone may hear the speaker at all; off with headphones."""
        self.push_to_talk = push_to_talk
        self.muted = False
        self.key_down = False
        self._sounded_until = float("-inf")

    def voice_sounds(self, now: float, output_delay: float) -> None:
        """The assistant's voice sounds at this moment."""
        self._sounded_until = now + output_delay + TAIL_SECONDS

    @property
    def is_open(self) -> bool:
        """Whether the user wants to be heard."""
        return not self.muted and (self.key_down or not self.push_to_talk)

    def speaks(self, now: float) -> bool:
        """Whether the assistant's voice, or its echo, is in the room."""
        return now < self._sounded_until
