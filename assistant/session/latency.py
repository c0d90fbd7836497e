"""Latency: end of the user's speech → first sample of the answer, per turn with its stages apart,
and over a conversation: the last one, the usual one, the slow ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


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


STAGES = ("wait", "transcribe", "answer", "voice", "device")
"""Of a latency, in the order in which they pass; an engine may tell of others."""

KEPT = 10_000
"""Answers that count: a day and more of talking without a pause."""


class Latencies:
    """Seconds from the end of the user's speech to the first sample of the answer at the speaker,
    and the milliseconds of each stage. All None and empty until there was an answer.

    p50 is the median; p95 is the shortest latency seen that at least 95 of 100 did not exceed, so
    that it is no better than the slowest while there are few (no interpolation).
    """

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)
        self._stages: dict[str, deque[float]] = {}
        self.last: float | None = None
        self.p50: float | None = None
        self.p95: float | None = None
        self.last_stages: dict[str, float] = {}

    @property
    def count(self) -> int:
        return len(self._seconds)

    def add(self, seconds: float, stages: Mapping[str, float]) -> None:
        """One answer; `stages` in milliseconds."""
        self._seconds.append(seconds)
        self.last = seconds
        self.p50 = float(np.median(self._seconds))
        self.p95 = float(np.percentile(self._seconds, 95, method="inverted_cdf"))
        self.last_stages = in_order(stages)
        for name, ms in stages.items():
            self._stages.setdefault(name, deque(maxlen=KEPT)).append(ms)

    def usual_stages(self) -> dict[str, float]:
        """The median of each stage, in milliseconds."""
        return in_order({name: float(np.median(ms)) for name, ms in self._stages.items()})


def in_order(stages: Mapping[str, float]) -> dict[str, float]:
    """The stages as they pass, unknown ones last."""
    known = {name: stages[name] for name in STAGES if name in stages}
    return {**known, **stages}
