"""Packet loss concealment: what a voice would have gone on to say for some hundredths of a second.

In the manner of ITU-T G.711 Appendix I (packet loss concealment by pitch waveform replication): the
last pitch period is repeated with overlap-add, after 10 ms the last two and after 20 ms the last
three of them, so that it does not buzz, and from 10 ms on it sinks to silence. Unlike there nothing
is delayed: the first period is led over from the last sample that was played instead of blending
into sound that is held back, and the sound that follows is entered where it is in step.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

Float64 = NDArray[np.float64]


def _samples(milliseconds: float) -> int:
    return round(SAMPLE_RATE * milliseconds / 1000)


CONCEAL_SAMPLES = _samples(70)
"""Length of a concealment: 70 ms."""
_FULL = _samples(10)
"""It has its full level for so long."""
_SHORTEST, _LONGEST = _samples(2.5), _samples(15)
"""Pitch periods: 400 to 67 Hz."""
_LOOK = _samples(20)
"""What of the past has to be voiced, and is compared with what was before it."""
HISTORY_SAMPLES = 3 * _LONGEST + _LONGEST // 4 + 1
"""Samples of the past that are looked at: 49 ms."""
_QUIET = 10 ** (-40 / 20)
"""RMS of 5 ms that are not voiced any more: the end of a word, not the middle."""
_FADING = 10 ** (-8 / 20)
"""The last 10 ms are so much fainter than the 10 ms before where a word dies away."""
_ALIKE = 0.6
"""Correlation of a voice with itself a period ago, from which it is voiced."""
_MATCH = _samples(5)
_LEAD = _samples(1)


def continuation(past: Float32) -> tuple[Float32, int] | None:
    """What could follow `past`, float32 [≥ HISTORY_SAMPLES] up to the very last sample played.

    Returns float32 [CONCEAL_SAMPLES] that ends in silence, and its pitch period in samples; None
    where the last 20 ms are not voiced throughout (a pause, the end of a clause, a hiss).
    """
    power = (past[-_LOOK:].astype(np.float64) ** 2).reshape(4, -1).mean(axis=1)
    if power.min() < _QUIET**2 or power[2:].sum() < _FADING**2 * power[:2].sum():
        return None
    history = past[-HISTORY_SAMPLES:].astype(np.float64)
    period, likeness = _pitch_period(history)
    if likeness < _ALIKE:
        return None
    return (_repeat(history, period) * _sinking()).astype(np.float32), period


def mirrored(past: Float32, n: int) -> Float32:
    """`n` samples that go on from `past`, float32 [> n], in its own colour: it turned back."""
    turned = past[-2 : -n - 2 : -1].astype(np.float64)
    # Turned in time alone it would have a corner: at first it is turned about its last sample too.
    lead = min(3 * _LEAD, n)
    turned[:lead] += 2 * (past[-1] - turned[:lead]) * _leaving(lead)
    return turned.astype(np.float32)


def in_step(concealment: Float32, real: Float32, period: int) -> int:
    """After how many samples of `concealment`, up to a pitch period, `real` is best entered."""
    length = min(_MATCH, real.size, concealment.size)
    steps = min(period, concealment.size - length + 1)
    if length < _MATCH // 2 or steps <= 1:
        return 0
    windows = np.lib.stride_tricks.sliding_window_view(concealment, length)[:steps]
    energy = np.sqrt((windows**2).sum(axis=1))
    return int((windows @ real[:length] / np.maximum(energy, 1e-6)).argmax())


def _pitch_period(past: Float64) -> tuple[int, float]:
    """The lag at which the last 20 ms are most like what was before, and how alike: −1 to 1."""
    last = past[-_LOOK:]
    before = past[-_LOOK - _LONGEST : -_SHORTEST]
    products = np.correlate(before, last, "valid")
    squares = np.concatenate([[0.0], np.cumsum(before**2)])
    energy = squares[_LOOK:] - squares[:-_LOOK]
    likeness = products / np.sqrt(np.maximum(energy * (last**2).sum(), 1e-12))
    # Two periods are as good as one: of nearly equals the last, that is the shortest.
    best = int(np.flatnonzero(likeness >= 0.95 * likeness.max())[-1])
    best = _climb(likeness, best)
    return _LONGEST - best, float(likeness[best])


def _climb(values: Float64, at: int) -> int:
    """The top of the hill that `at` is on."""
    while at > 0 and values[at - 1] > values[at]:
        at -= 1
    while at + 1 < values.size and values[at + 1] > values[at]:
        at += 1
    return at


def _repeat(past: Float64, period: int) -> Float64:
    """CONCEAL_SAMPLES of the last one, then two, then three periods, over and over."""
    overlap = max(period // 4, _LEAD)
    rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, overlap + 1) / (overlap + 1))
    at = np.arange(CONCEAL_SAMPLES)
    out = np.zeros(CONCEAL_SAMPLES)
    # Each goes over into the next where a period is complete, so that they are in step.
    begins = [-(-_samples(ms) // period) * period for ms in (0, 10, 20)]
    for periods, begin in zip((1, 2, 3), begins, strict=True):
        length = periods * period
        cycle = past[-length:].copy()
        # The end of the cycle becomes what led into it, so that it joins its own beginning.
        cycle[-overlap:] += rise * (past[-length - overlap : -length] - cycle[-overlap:])
        sound = cycle[(at - begin) % length]
        out += (_entering(at - begin, overlap) if begin else 1.0) * (sound - out)
    # The sound is not quite where it was a period ago: what lies between goes on as it was and
    # vanishes, so that height and slope are kept.
    apart = (past[period:] - past[:-period])[: -_LEAD - 2 : -1]
    out[:_LEAD] += (2 * apart[0] - apart[1:]) * _leaving(_LEAD)
    return np.clip(out, -1.0, 1.0)


def _entering(at: NDArray[np.int_], n: int) -> Float64:
    """From 0 before the place `at` 0 to 1 after `n` more, without a corner: of what was written
    lately one period may be in the sound and the one before it not."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip((at + 1) / (n + 1), 0.0, 1.0))


def _leaving(n: int) -> Float64:
    """From just below 1 to just above 0."""
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.arange(1, n + 1) / (n + 1)))


@cache
def _sinking() -> Float64:
    at = np.arange(CONCEAL_SAMPLES - _FULL)
    falling = 0.5 + 0.5 * np.cos(np.pi * (at + 1) / (CONCEAL_SAMPLES - _FULL))
    return np.concatenate([np.ones(_FULL), falling])


# Fades: edges without clicks, how sound starts, stops, runs dry and changes its volume.

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
