"""Fades: edges without clicks, how sound starts, stops, runs dry and changes its volume.

All ramps are raised cosines (a straight line has corners, and a corner ticks), but for changes of
volume, which are slow.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from assistant.audio.playback.conceal import HISTORY_SAMPLES, continuation, in_step, mirrored
from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

FADE_SAMPLES = SAMPLE_RATE * 5 // 1000
"""Length of a fade: 5 ms."""
SOFT_SAMPLES = SAMPLE_RATE * 25 // 1000
"""Length of the fade with which a voice comes back after a pause: 25 ms."""
GAIN_SAMPLES = SAMPLE_RATE * 20 // 1000
"""Samples that a change of volume from 0 to 1 takes: 20 ms."""

_NOTHING: Float32 = np.zeros(0, dtype=np.float32)


class Edges:
    """Leads over from silence to sound and back. It knows what was heard last.

    What sounds is either the sound itself, while it rises and afterwards (`enter`), or a *tail*:
    what is heard when there is no sound. One that is `closing` runs to its end before anything
    else; a `bridge` is concealment, which sinks below the sound that comes after it.
    """

    def __init__(self) -> None:
        self.closing = False
        """A tail of at most 5 ms has to be taken before anything else."""
        self._past: Float32 = np.zeros(HISTORY_SAMPLES, dtype=np.float32)
        self._tail = _NOTHING
        self._rising = _ramp(FADE_SAMPLES)
        self._risen = 0
        self._next_rise = FADE_SAMPLES
        self._period = 0
        self._wait: int | None = None

    @property
    def silent(self) -> bool:
        """There is nothing to fade out."""
        return self._risen == 0 and self._tail.size == 0

    @property
    def bridging(self) -> bool:
        """Concealment sounds alone."""
        return self._tail.size > 0 and self._risen == 0 and not self.closing

    def soften(self) -> None:
        """The next sound rises slowly."""
        self._next_rise = SOFT_SAMPLES

    def heard(self, block: Float32) -> None:
        """`block` left for the speaker; to be told of all that does, in order."""
        if block.size >= HISTORY_SAMPLES:
            self._past = block[-HISTORY_SAMPLES:].copy()
        elif block.size:
            self._past = np.concatenate((self._past[block.size :], block))

    def wait(self, upcoming: Float32) -> int:
        """How many samples of the bridge come before `upcoming`, so that they are in step."""
        if not self.bridging:
            return 0
        if self._wait is None:
            self._wait = in_step(self._tail, upcoming, self._period)
        return self._wait

    def enter(self, block: Float32) -> None:
        """Apply to `block` of the sound, in place, what there is of a rise, over what is left of
        the bridge."""
        if self._risen == 0:
            self._rising = _ramp(self._next_rise)
            self._next_rise = FADE_SAMPLES
        n = min(block.size, self._rising.size - self._risen)
        if n <= 0:
            return
        block[:n] *= self._rising[self._risen : self._risen + n]
        under = self._tail[:n]
        block[: under.size] += under * (1 - self._rising[self._risen :][: under.size])
        self._tail = self._tail[n:]
        self._risen += n
        if self._risen == self._rising.size:
            self._tail = _NOTHING

    def run_dry(self, *, conceal: bool) -> None:
        """There is nothing to come: conceal it, where that is wanted and possible, or stop."""
        found = continuation(self._past) if conceal else None
        if found is None:
            self.stop(_NOTHING)
            return
        self._tail, self._period = found
        self._rest()

    def stop(self, upcoming: Float32) -> None:
        """Fade out in 5 ms: over `upcoming`, what would have been next (as much as there is)."""
        if self.silent or self.closing:
            return
        if self.bridging:
            ahead = self._tail[:FADE_SAMPLES].copy()
        else:
            ahead = upcoming[:FADE_SAMPLES].copy()
            self.enter(ahead)
        if ahead.size < FADE_SAMPLES:
            past = np.concatenate((self._past[-FADE_SAMPLES - 1 :], ahead))
            ahead = np.concatenate((ahead, mirrored(past, FADE_SAMPLES - ahead.size)))
        self._tail = ahead * (1 - _ramp(FADE_SAMPLES))
        self._rest()
        self.closing = True

    def take_tail(self, out: Float32) -> int:
        """Copy what is left of the tail into `out`; returns how many samples that were."""
        n = min(self._tail.size, out.size)
        out[:n] = self._tail[:n]
        self._tail = self._tail[n:]
        if self._wait is not None:
            self._wait = max(0, self._wait - n)
        if self._tail.size == 0:
            self._rest()
        return n

    def _rest(self) -> None:
        self.closing = False
        self._risen = 0
        self._wait = None


class SmoothGain:
    """A volume that moves to its target along a straight line."""

    def __init__(self) -> None:
        self.target = 1.0
        self._now = 1.0

    def apply(self, block: Float32) -> None:
        """Multiply `block`, in place."""
        target = self.target
        if self._now == target:
            if target != 1.0:
                block *= np.float32(target)
            return
        steps = np.arange(1, block.size + 1) / GAIN_SAMPLES
        if target > self._now:
            ramp = np.minimum(self._now + steps, target)
        else:
            ramp = np.maximum(self._now - steps, target)
        block *= ramp.astype(np.float32)
        self._now = float(ramp[-1]) if block.size else self._now


@cache
def _ramp(samples: int) -> Float32:
    """From just above 0 to exactly 1."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(1, samples + 1) / samples)).astype(np.float32)
