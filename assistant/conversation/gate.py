"""What the backend hears of the microphone: mute, push-to-talk and the half-duplex guard.

The guard is the default against an assistant that talks to itself: while its own voice sounds, and
for a moment after (the room's echo and the device's own delay), the backend hears silence. An echo
canceller will stand in this place one day and make the guard needless; the session only asks
`is_open`.
"""

from __future__ import annotations

TAIL_SECONDS = 0.25
"""The longest echo of a living room that speech recognition takes for words."""


class MicrophoneGate:
    """Decides frame by frame. Times are seconds on the session's clock."""

    def __init__(self, *, guard: bool, push_to_talk: bool) -> None:
        self.guard = guard
        self.push_to_talk = push_to_talk
        self.muted = False
        self.key_down = False
        self._sounded_until = float("-inf")

    def voice_sounds(self, now: float, output_delay: float) -> None:
        """The assistant's voice sounds at this moment."""
        self._sounded_until = now + output_delay + TAIL_SECONDS

    def is_open(self, now: float) -> bool:
        if self.muted or (self.push_to_talk and not self.key_down):
            return False
        return not (self.guard and now < self._sounded_until)
