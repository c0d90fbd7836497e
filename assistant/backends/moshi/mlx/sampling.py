"""Choosing tokens, with chance that belongs to one conversation.

Upstream's samplers are compiled with the global random state of the thread that imported them: on
any other thread they draw the same noise at each step. Here each draw has its own key.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np


class Dice:
    """Keys for `choose`, one after another; the same seed, the same row of keys."""

    def __init__(self, seed: int | None) -> None:
        self._numbers = np.random.default_rng(seed)

    def key(self) -> Any:
        return mx.random.key(int(self._numbers.integers(2**63)))


def choose(logits: Any, temperature: float, top_k: int, dice: Dice) -> Any:
    """One token of logits [..., tokens] → [...]: the likeliest at a temperature of 0, else drawn
    from the `top_k` likeliest (from all where `top_k` is 0 or more than there are)."""
    if temperature <= 0:
        return mx.argmax(logits, axis=-1)
    # Noise in bfloat16 would be too coarse to choose among thousands.
    logits = logits.astype(mx.float32) * (1 / temperature)
    if not 0 < top_k < logits.shape[-1]:
        return mx.random.categorical(logits, key=dice.key())
    likeliest = mx.argpartition(-logits, kth=top_k - 1, axis=-1)[..., :top_k]
    drawn = mx.random.categorical(mx.take_along_axis(logits, likeliest, axis=-1), key=dice.key())
    return mx.take_along_axis(likeliest, drawn[..., None], axis=-1)[..., 0]
