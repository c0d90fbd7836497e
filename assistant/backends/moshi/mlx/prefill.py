"""A prompt on its way through the model, beside the conversation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import mlx.core as mx
import numpy as np

from assistant.backends.moshi.contract import ModelShape
from assistant.backends.moshi.mlx.state import MlxSnapshot, evaluate, take_snapshot
from assistant.backends.moshi.mlx.temporal import Temporal
from assistant.backends.moshi.mlx.window import TokenWindow
from assistant.backends.moshi.prompts.prompting import PromptPlan

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
