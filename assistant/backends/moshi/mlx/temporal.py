"""The two transformers of moshi_mlx's model, without upstream's generator round them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import mlx.core as mx
import numpy as np
from moshi_mlx.models import Lm
from moshi_mlx.models.lm import ScaledEmbedding
from moshi_mlx.modules.transformer import LayerCache

from assistant.backends.moshi.contract import Codes, KnownStep, ModelShape
from assistant.backends.moshi.mlx.state import (
    MlxSnapshot,
    RingCache,
    StepCache,
    TokenWindow,
    evaluate,
    take_snapshot,
    window_mask,
)
from assistant.backends.moshi.prompts.prompting import PromptPlan

# Choosing tokens, with chance that belongs to one conversation.


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


# A prompt on its way through the model, beside the conversation.

Computing = Callable[[str], AbstractContextManager[None]]


class MlxPrefill:
    """Runs `prompt` on caches of its own, `chunk` positions a pass; see `contract.Prefill`."""

    def __init__(
        self,
        temporal: Temporal,
        shape: ModelShape,
        dtype: Any,
        computing: Computing,
        prompt: PromptPlan,
        chunk: int,
    ) -> None:
        self._temporal = temporal
        self._dtype = dtype
        self._computing = computing
        self._chunk = max(1, chunk)
        self._caches = temporal.caches()
        self._voice = (
            prompt.voice.embeddings if prompt.voice is not None else np.zeros((0, 0), np.float32)
        )
        self._columns = prompt.columns(shape.delays, shape.text_card, shape.card)
        self._end: int = len(self._voice) + self._columns.shape[1]
        self._position = 0
        self._window = _window_after(prompt, shape)
        self._snapshot: MlxSnapshot | None = None

    @property
    def done(self) -> bool:
        return self._position >= self._end

    def advance(self) -> None:
        if self.done:
            return
        with self._computing("running the prompt"):
            end = min(self._position + self._chunk, self._end)
            self._temporal.run(self._inputs(self._position, end), self._caches)
            # The vectors themselves are not asked for, nor what only they need: no heads, no last
            # feed-forward.
            evaluate(self._caches)
            self._position = end
            if self.done:
                self.snapshot()

    def snapshot(self) -> MlxSnapshot:
        if not self.done:
            raise RuntimeError("the prompt has not been run to its end")
        if self._snapshot is None:
            with self._computing("keeping the prompt"):
                self._snapshot = take_snapshot(self._caches, self._window)
                self._caches = []
                mx.clear_cache()
        return self._snapshot

    def _inputs(self, first: int, end: int) -> Any:
        """What the model takes in at positions `first` … `end` − 1: [1, positions, dim]."""
        voice = self._voice[first:end]
        start = len(self._voice)
        parts = []
        if len(voice):
            parts.append(mx.array(voice)[None].astype(self._dtype))
        if end > start:
            parts.append(
                self._temporal.embed(self._columns[:, max(first - start, 0) : end - start])
            )
        return mx.concatenate(parts, axis=1)


class MlxReplay:
    """See `contract.Replay`."""

    def __init__(
        self, temporal: Temporal, computing: Computing, snapshot: MlxSnapshot, chunk: int
    ) -> None:
        self._temporal = temporal
        self._computing = computing
        self._chunk = max(1, chunk)
        self._caches = temporal.caches()
        for cache, held in zip(self._caches, snapshot.layers, strict=True):
            cache.put_back(held, snapshot.positions)
        self._window = snapshot.window.copy()
        self._columns: list[Codes] = []
        evaluate(self._caches)

    @property
    def waiting(self) -> int:
        return len(self._columns)

    def add(self, steps: Sequence[KnownStep]) -> None:
        for step in steps:
            self._window.hear(step.user)
            self._columns.append(self._window.column())
            self._window.advance(step.text, step.column)

    def advance(self) -> None:
        if not self._columns:
            return
        columns, self._columns = self._columns[: self._chunk], self._columns[self._chunk :]
        with self._computing("taking in what was said"):
            self._temporal.run(self._temporal.embed(np.stack(columns, axis=1)), self._caches)
            evaluate(self._caches)

    def snapshot(self) -> MlxSnapshot:
        while self._columns:
            self.advance()
        with self._computing("keeping the conversation"):
            return take_snapshot(self._caches, self._window)


def _window_after(prompt: PromptPlan, shape: ModelShape) -> TokenWindow:
    """The tokens that are known when all of the prompt but its last position has run."""
    window = TokenWindow(shape)
    if prompt.voice is not None:
        window.follow(prompt.voice.following, prompt.start)
    agents = shape.delays[1 : 1 + shape.agent_codebooks]
    # Nobody reads the user's column of the first position again: it is among the columns run.
    for frame, position in zip(prompt.frames, range(prompt.start, len(prompt) - 1), strict=False):
        window.hear(frame.user)
        following = prompt.text(position + 1)
        assert following is not None
        window.advance(following, prompt.agent_column(position + 1, agents))
    return window
