"""Meaning as a vector, without a model to run: the mean of a table's rows for a text's tokens.

The table is WordLlama's `l2_supercat_256` (MIT) in short: 32,000 tokens of Llama 2's vocabulary,
trained so that a vector's first 64, 128, … numbers are a vector too (Matryoshka; Kusupati et al.
2022, section 3), of which the first 128 are kept, a byte each. `word_table` finds it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np

from assistant.audio.types import Float32
from assistant.language.lexicon import STOP_WORDS
from assistant.memory.retrieval.word_table import DIMENSIONS, WordTable, read_table, table_package

_SPACE = "▁"
_NOT_LETTERS = re.compile(r"\W+")
_LONGEST = 40
"""Characters of a word: what is longer is no word, and its merging takes the square of them."""
_WORDS = 4_096
"""Of which the pieces are kept: in what people say, nearly all words are among the commonest."""
_log = logging.getLogger(__name__)


class Embedder:
    """Turns text into vectors; nothing but a table and numpy."""

    def __init__(self, table: WordTable) -> None:
        self.name = table.name
        """Vectors of another name cannot be compared with these."""
        self._vocabulary = table.vocabulary
        self._rows = table.rows
        self._scales = table.scales
        self._word = lru_cache(maxsize=_WORDS)(self._ids)

    def sums(self, texts: Sequence[str]) -> Float32:
        """A row for each text: the sum of the vectors of its words, zero where there are none.
        Sums can be added up, and become vectors to compare by `units`. Words without meaning of
        their own ("the", "did") are left out while there are others."""
        ids = [self._text(text) for text in texts]
        ends = np.cumsum([len(row) for row in ids])
        flat = [id for row in ids for id in row]
        rows = self._rows[flat] * self._scales[flat][:, None]
        total = np.zeros((len(texts), DIMENSIONS), np.float32)
        filled = [place for place, row in enumerate(ids) if row]
        if filled:
            starts = [ends[place] - len(ids[place]) for place in filled]
            total[filled] = np.add.reduceat(rows, starts, axis=0)
        return total

    def _text(self, text: str) -> list[int]:
        words = [self._word(word) for word in text.split()]
        ids = [id for telling, ids in words if telling for id in ids]
        return ids or [id for _, ids in words for id in ids]

    def tokens(self, word: str) -> list[int]:
        """The ids of a word's pieces: byte-pair merging (Sennrich et al. 2016, section 3.2). In
        this vocabulary the piece learnt earlier has the lower id, so the ids are the order."""
        pieces = list(_SPACE + word)
        while len(pieces) > 1:
            pairs = (
                (self._vocabulary[pair], at)
                for at in range(len(pieces) - 1)
                if (pair := pieces[at] + pieces[at + 1]) in self._vocabulary
            )
            best = min(pairs, default=None)
            if best is None:
                break
            at = best[1]
            pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
        return [self._vocabulary[piece] for piece in pieces if piece in self._vocabulary]

    def _ids(self, word: str) -> tuple[bool, list[int]]:
        """And whether the word has a meaning of its own."""
        telling = _NOT_LETTERS.sub("", word.lower()) not in STOP_WORDS
        return telling, self.tokens(word[:_LONGEST])


def units(rows: Float32) -> Float32:
    """Each at length 1; zero stays zero."""
    lengths: Float32 = np.linalg.norm(rows, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    return rows / lengths


@cache
def load_embedder() -> Embedder | None:
    """None where `wordllama` is not installed or not as it is known: words alone are gone by."""
    folder = table_package()
    if folder is None:
        _log.info("no vectors in the index: wordllama is not installed")
        return None
    try:
        return Embedder(read_table(folder))
    except (OSError, ValueError) as error:
        _log.warning("no vectors in the index: %s", error)
        return None


def encode(rows: Float32) -> list[bytes]:
    """As the index stores them: two bytes a number."""
    width = 2 * DIMENSIONS
    data = rows.astype("<f2").tobytes()
    return [data[start : start + width] for start in range(0, len(data), width)]


def decode(blobs: Sequence[bytes]) -> Float32:
    """A matrix with a row for each stored vector."""
    data = np.frombuffer(b"".join(blobs), "<f2").reshape(len(blobs), DIMENSIONS)
    return data.astype(np.float32)
