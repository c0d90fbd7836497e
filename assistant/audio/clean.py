"""Sound is cleaned at the door: one NaN would spread through every filter behind it."""

from __future__ import annotations

import numpy as np

from assistant.audio.types import Float32


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
