"""Where the decoder of a voice is run piece by piece, and how the pieces are joined.

A voice that knows the energy of every frame before the sound is made can be decoded in chunks: the
first is short, so that it sounds soon, and each next one half as long again, so that what sounds
covers what is rendered even on a machine that takes half a second for a second of speech. Chunks
meet where the energy is lowest, overlap there, and are joined by overlap-add at the lag at which
their waves agree (WSOLA; Verhelst and Roelands, 1993).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.backends.cascade.synthesis.speech_engine import Cancellation, SpeechEngine
from assistant.frames import SAMPLE_RATE, VoiceSpec

FRAME = 600
"""Samples that a decoder makes of one frame: 25 ms."""
FIRST = 26
"""Frames of the first chunk, at least: 0.65 s."""
GROWTH = 1.5
"""Times the length of the last chunk that the next one has, at least."""
SEARCHED = 16
"""Frames after the least length among which the quietest is looked for: 0.4 s hold a closure or the
end of a word nearly always."""
LEAST_REST = 18
"""Frames; what is shorter is not worth a chunk of its own."""
SILENCE = 10
"""Frames of the silence at the end that are decoded with each chunk: layers that normalise over
time make something else of speech that has no silence around it. Without these a chunk differs by
4.1 dB (in 40 mel bands) from what it is within the whole, with them by 3.3."""
WARM_UP = 2
"""Frames that are decoded first where a chunk begins within speech: they come out as a click."""
CONTEXT_BEFORE, CONTEXT_AFTER = 6, 4
"""Frames that are decoded beside a chunk and thrown away, but for the overlap: convolutions see
so far, and effects need what came before."""
_NOT_BEGUN, _OVER = 8.0, 6.0
"""Logarithms of power (35 and 26 dB) under the loudest frame: below the first, speech has not begun
(a weak consonant is to be heard), below the second it has ended (breath is not)."""
_LEAD, _TAIL = 3, 4
"""Frames that are kept around speech."""
_WAITING = 0.12
"""Logarithm of power that a frame later costs a seam: of two that are equally quiet the earlier is
taken."""
_BLOCK, _STEP = 16, 4
"""Frames over which loudness is measured, and from one to the next: 400 and 100 ms."""
_OVERLAP = int(0.012 * SAMPLE_RATE)
_LAGS = int(0.007 * SAMPLE_RATE)
"""Samples either way that a chunk is moved: half a period of 70 Hz."""

Energies = NDArray[np.float32]
"""Natural logarithm of the power of each frame: [frames]."""


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """Raw speech of a part of a text, with some of what is beside it."""

    sound: Float32
    """[n], 24 kHz mono."""
    start: int
    """Sample of the whole speech at which `sound` begins."""
    end: int
    """Sample at which the next chunk takes over; the whole's length for the last one."""
    length: int
    """Samples of the whole speech."""
    louder: float = 0.0
    """Decibels by which the whole is louder than what lies between the last chunk's end and this
    one's."""


class StreamingEngine(SpeechEngine, Protocol):
    """One that gives the beginning of its speech before the rest is rendered."""

    def stream(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Iterator[SpeechChunk]:
        """As `synthesize`, chunk by chunk; nothing where there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Span:
    """Frames of a chunk: kept are those from `start` to `stop`, its own are those up to `end`."""

    start: int
    end: int
    stop: int
    decoded: tuple[tuple[int, int], ...] = ()
    """What is decoded for it, one stretch after another."""

    @property
    def skipped(self) -> int:
        """Decoded frames before those that are kept."""
        return self.start - self.decoded[0][0]


def plan(energies: Energies) -> list[Span]:
    """The chunks of a speech, its silence before and after left out; one at least."""
    begin, end = speech_of(energies)
    last = len(energies)
    seams = [begin]
    wanted = FIRST
    while end - seams[-1] >= wanted + LEAST_REST:
        seam = _quietest(energies, seams[-1] + wanted, min(end - LEAST_REST, len(energies)))
        wanted = round(GROWTH * (seam - seams[-1]))
        seams.append(seam)
    seams.append(end)
    spans = []
    for at, stop in pairwise(seams):
        start = max(begin, at - CONTEXT_BEFORE)
        kept = min(stop + CONTEXT_AFTER, end)
        first = 0 if at == begin else max(0, start - WARM_UP)
        decoded: tuple[tuple[int, int], ...] = ((first, last),)
        if stop < end:
            decoded = ((first, kept), (max(end, last - SILENCE), last))
        spans.append(Span(start, stop, kept, decoded))
    return spans


def speech_of(energies: Energies) -> tuple[int, int]:
    """First frame, and that after the last, of what is not silence, with a little around it."""
    loudest = energies.max()
    first = int(np.flatnonzero(energies > loudest - _NOT_BEGUN)[0])
    last = int(np.flatnonzero(energies > loudest - _OVER)[-1])
    return max(0, first - _LEAD), min(len(energies), last + 1 + _TAIL)


def _quietest(energies: Energies, first: int, last: int) -> int:
    """The frame at whose beginning a seam is heard least."""
    among = range(first, min(first + SEARCHED, last) + 1)
    around = [energies[at - 1 : at + 1].mean() + _WAITING * (at - first) for at in among]
    return among[int(np.argmin(around))]


def louder_by(energies: Energies, whole: tuple[int, int], part: tuple[int, int]) -> float:
    """Decibels by which the frames of the whole (from the first to that before the last) are louder
    than those of a part; both gated like loudness (BS.1770-4), as pauses are no speech."""
    return _gated(energies[whole[0] : whole[1]]) - _gated(energies[part[0] : part[1]])


def _gated(energies: Energies) -> float:
    power = np.exp(energies.astype(np.float64))
    if len(power) > _BLOCK:
        total = np.concatenate([[0.0], np.cumsum(power)])
        starts = np.arange(0, len(power) - _BLOCK + 1, _STEP)
        power = (total[starts + _BLOCK] - total[starts]) / _BLOCK
    kept = power[power > power.mean() / 10]
    return float(10 * np.log10(kept.mean()))


class Joiner:
    """Chunks in, the sound that they make together out."""

    def __init__(self) -> None:
        self._overlap: Float32 | None = None
        """End of the last chunk and the beginning of what it goes on with, after its end."""

    def join(self, sound: Float32, before: int, after: int) -> Float32:
        """The part of `sound` that is new: its first `before` samples were in the last chunk, or
        are left out of the first; its last `after` will be in the next, 0 for the last one."""
        begin = before
        if self._overlap is not None:
            begin = max(0, before - _OVERLAP + _best_lag(self._overlap, sound, before - _OVERLAP))
        stop = max(begin, len(sound) - after - _OVERLAP) if after else len(sound)
        part = sound[begin:stop].copy()
        if self._overlap is not None:
            width = min(len(self._overlap), len(part))
            ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(width) + 0.5) / max(width, 1))).astype(
                np.float32
            )
            part[:width] = ramp * part[:width] + ramp[::-1] * self._overlap[:width]
        self._overlap = sound[stop : len(sound) - after + _OVERLAP] if after else None
        return part


def _best_lag(overlap: Float32, sound: Float32, start: int) -> int:
    """Samples by which the wave of `sound` from `start` has to be moved to agree with what it goes
    on from."""
    low = max(-_LAGS, -start)
    wide = sound[start + low : start + _LAGS + len(overlap)].astype(np.float64)
    if len(wide) <= len(overlap) or not overlap.any():
        return 0
    windows = np.lib.stride_tricks.sliding_window_view(wide, len(overlap))
    norms = np.sqrt((windows**2).sum(axis=1)) + 1e-9
    return low + int(((windows @ overlap.astype(np.float64)) / norms).argmax())
