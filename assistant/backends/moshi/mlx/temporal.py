"""The two transformers of moshi_mlx's model, without upstream's generator round them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mlx.core as mx
import numpy as np
from moshi_mlx.models import Lm
from moshi_mlx.models.lm import ScaledEmbedding
from moshi_mlx.modules.transformer import LayerCache

from assistant.backends.moshi.contract import Codes
from assistant.backends.moshi.mlx.sampling import Dice, choose
from assistant.backends.moshi.mlx.state import RingCache, StepCache, window_mask

Lookup = Callable[[Any], Any]


class Temporal:
    """The large transformer over positions: tokens in, one vector for each position out."""

    def __init__(self, model: Lm) -> None:
        self._model = model
        self._context = int(model.cfg.transformer.context)
        self._tables = [_lookup(table) for table in (model.text_emb, *model.audio_embs)]

    def caches(self) -> list[RingCache]:
        """The memory of a conversation that has not begun."""
        return [RingCache(self._context) for _ in self._model.transformer.layers]

    def embed(self, columns: Codes) -> Any:
        """Tokens [1 + codebooks, positions] → [1, positions, dim], summed over the tables."""
        tokens = mx.array(columns.astype(np.int32))
        total = self._tables[0](tokens[0:1])
        for row, table in enumerate(self._tables[1:], start=1):
            total = total + table(tokens[row : row + 1])
        return total

    def run(self, inputs: Any, caches: Sequence[RingCache]) -> Any:
        """The next positions [1, positions, dim] in one pass → the same, before the last norm.

        Upstream's layers pass no mask to their attention, which one position does not need and
        several do; so that the layers are gone through here, exact across the window's end.
        """
        count, offset = inputs.shape[1], caches[0].offset
        mask = window_mask(offset, count, self._context) if count > 1 else None
        for layer, cache in zip(self._model.transformer.layers, caches, strict=True):
            attended = layer.self_attn(layer.norm1(inputs), cache=cache, mask=mask)
            inputs = inputs + layer.layer_scale_1(attended)
            inputs = inputs + layer.layer_scale_2(layer.gating(layer.norm2(inputs)))
        return inputs


class Depformer:
    """The small transformer over the codebooks of one position."""

    def __init__(self, model: Lm) -> None:
        self._slices = model.depformer.slices
        self._tables = [_lookup(slice_.emb) for slice_ in self._slices]
        layers = self._slices[0].transformer.layers if self._slices else []
        self._caches = [LayerCache(StepCache()) for _ in layers]

    def sample(
        self, hidden: Any, text: Any, count: int, temperature: float, top_k: int, dice: Dice
    ) -> Any:
        """The first `count` codes of the column that goes with `text` [1, 1] → [1, count]."""
        for cache in self._caches:
            cache.reset()
        codes, last = [], text
        for slice_, table in zip(self._slices[:count], self._tables[:count], strict=True):
            inputs = slice_.linear_in(hidden) + table(last)
            outputs = slice_.transformer(inputs, cache=self._caches)
            last = choose(slice_.linear_out(outputs), temperature, top_k, dice)
            codes.append(last)
        return mx.concatenate(codes, axis=1)


def _lookup(table: Any) -> Lookup:
    """Upstream's table looks for the token −1, which stands for nothing and never comes here."""
    plain = isinstance(table, ScaledEmbedding) and table.low_rank is None
    if plain and not table.demux_second_stream:
        return lambda tokens: table.weight[tokens]
    found: Lookup = table
    return found
