"""End of the user's speech → first sample of the answer, per turn, with its stages apart."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stopwatch:
    """One user turn on its way to an answer. Times are seconds on the session's clock."""

    speech_end: float
    text_at: float
    """When its words were there."""
    stages: dict[str, float] = field(default_factory=dict)
    """Milliseconds; the backend's own ("wait", "transcribe") come with the words."""

    def first_sample(
        self, said_at: float | None, sound_at: float | None, now: float, device: float
    ) -> float:
        """The answer was handed to the voice at `said_at`, its sound came back at `sound_at`, its
        first sample left `now` for the ear, `device` seconds away. Returns the latency."""
        said = said_at if said_at is not None else self.text_at
        sound = sound_at if sound_at is not None else said
        self.stages |= {
            "answer": 1000 * (said - self.text_at),
            "voice": 1000 * (sound - said),
            "device": 1000 * (now - sound + device),
        }
        return now + device - self.speech_end


class InputClock:
    """Ties the input's clock (frames) to the session's (seconds since the start).

    A frame cannot arrive before its last sample was heard; the smallest difference seen lately is
    the truest, the others were held up on the way.
    """

    def __init__(self) -> None:
        self._differences: deque[float] = deque(maxlen=125)  # 10 s: follows a drifting clock

    def frame_arrived(self, end_of_frame: float, now: float) -> None:
        self._differences.append(now - end_of_frame)

    def to_session(self, input_seconds: float) -> float:
        return input_seconds + (min(self._differences) if self._differences else 0.0)
