"""This program's word vectors, for mem0 to embed with: no model to run, and no network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mem0.embeddings.base import EmbeddingBase

from assistant.memory.base import MemoryFailure
from assistant.memory.retrieval.embedding import DIMENSIONS, load_embedder, units

_NOTHING = 1e-3
"""Every number of a text without a word that means something: mem0 wants a vector of length."""


class StaticEmbedder(EmbeddingBase):  # type: ignore[misc]
    """Raises `MemoryFailure` where the table of vectors is missing."""

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        embedder = load_embedder()
        if embedder is None:
            raise MemoryFailure("the word vectors are missing", "Install this program again.")
        self._embedder = embedder

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        return self.embed_batch([text])[0]

    def embed_batch(
        self, texts: Sequence[str], memory_action: str | None = None
    ) -> list[list[float]]:
        rows = units(self._embedder.sums([" ".join(text.split()) for text in texts]))
        return [row.tolist() if row.any() else [_NOTHING] * DIMENSIONS for row in rows]
