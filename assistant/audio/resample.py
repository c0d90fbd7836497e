"""Between the device's rate and ours, block by block, without a seam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import soxr  # type: ignore[import-untyped]

from assistant.audio.types import Float32

Quality = Literal["LQ", "MQ", "HQ", "VHQ"]

LIVE: Quality = "LQ"
"""For devices: flat to 9 kHz, images below −100 dB, delay under 13 ms (HQ: 12–29 ms)."""
OFFLINE: Quality = "HQ"
"""For files, where delay costs nothing: flat to 11 kHz."""


class StreamResampler:
    """Turns a stream of one rate into a stream of another; float32, one channel."""

    def __init__(self, rate_in: int, rate_out: int, quality: Quality = LIVE) -> None:
        self.rate_in = rate_in
        self.rate_out = rate_out
        self._stream = (
            None
            if rate_in == rate_out
            else soxr.ResampleStream(rate_in, rate_out, 1, dtype="float32", quality=quality)
        )
        self._given = 0
        self._made = 0

    def process(self, samples: Float32, *, last: bool = False) -> Float32:
        """float32 [n] → float32 [m], with m/n the ratio of the rates over time.

        `last` flushes what the filter still holds; nothing may follow.
        """
        if self._stream is None:
            return samples
        made: Float32 = self._stream.resample_chunk(np.ascontiguousarray(samples), last=last)
        self._given += samples.size
        self._made += made.size
        return made

    @property
    def delay(self) -> float:
        """Seconds of sound that went in and did not come out yet."""
        if self._stream is None:
            return 0.0
        return max(0.0, self._given / self.rate_in - self._made / self.rate_out)


class PullResampler:
    """The other way round, for a speaker: asks `source(n)` for as much as a block needs."""

    def __init__(self, source: Callable[[int], Float32], rate_in: int, rate_out: int) -> None:
        self._source = source
        self._resampler = StreamResampler(rate_in, rate_out)
        self._ratio = rate_in / rate_out
        self._direct = rate_in == rate_out
        self._ready: Float32 = np.zeros(0, dtype=np.float32)

    def read(self, n: int) -> Float32:
        """Exactly `n` samples of the outgoing rate."""
        if self._direct:
            return self._source(n)
        while self._ready.size < n:
            wanted = max(1, round((n - self._ready.size) * self._ratio))
            made = self._resampler.process(self._source(wanted))
            self._ready = np.concatenate((self._ready, made))
        block, self._ready = self._ready[:n], self._ready[n:]
        return block

    @property
    def delay(self) -> float:
        """Seconds from `source` to the block that is handed out."""
        return self._resampler.delay + self._ready.size / self._resampler.rate_out


# Sound is cleaned at the door: one NaN would spread through every filter behind it.


def clean(samples: Float32) -> tuple[Float32, int]:
    """NaN and infinities become 0, everything else is clipped to −1…1.

    Returns the samples (float32, same shape; the very same array where nothing was wrong) and how
    many of them were changed.
    """
    if samples.size == 0 or np.abs(samples).max() <= 1.0:  # False where there is a NaN
        return samples, 0
    finite = np.isfinite(samples)
    cleaned = np.clip(np.where(finite, samples, np.float32(0.0)), -1.0, 1.0)
    return cleaned.astype(np.float32, copy=False), int(np.count_nonzero(cleaned != samples))


def mixdown(samples: Float32) -> Float32:
    """float32 [n, channels] or [n] → [n], the mean of the channels."""
    if samples.ndim == 1:
        return samples
    if samples.shape[1] == 1:
        return samples[:, 0]
    mixed: Float32 = samples.mean(axis=1, dtype=np.float32)
    return mixed
