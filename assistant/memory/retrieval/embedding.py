"""Meaning as a vector, without a model to run: the mean of a table's rows for a text's tokens.

The table is WordLlama's `l2_supercat_256` (MIT) in short: 32,000 tokens of Llama 2's vocabulary,
trained so that a vector's first 64, 128, … numbers are a vector too (Matryoshka; Kusupati et al.
2022, section 3), of which the first 128 are kept, a byte each. `read_table` reads it.
"""

from __future__ import annotations

import logging
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.language.lexicon import STOP_WORDS

# The table of word vectors, taken from the files of an installed `wordllama` package.

PACKAGE = "wordllama"
DIMENSIONS = 128
_TABLE = Path("weights", "l2_supercat_256.safetensors")
_TOKENIZER = Path("tokenizers", "l2_supercat_tokenizer_config.json")
_MAX_HEAD = 1_000_000
"""Bytes of a head past which the file is not what it should be."""
_AT_A_TIME = 4096
"""Rows that are rounded at once, so that little memory is taken meanwhile."""


@dataclass(frozen=True, slots=True)
class WordTable:
    """A vector for each token, a byte a number."""

    name: str
    """Of what it was made from, and how."""
    vocabulary: dict[str, int]
    rows: NDArray[np.int8]
    scales: NDArray[np.float32]
    """What the numbers of a row have to be multiplied by."""


class _Tensor(msgspec.Struct):
    dtype: str
    shape: tuple[int, int]
    data_offsets: tuple[int, int]


class _Model(msgspec.Struct):
    vocab: dict[str, int]


class _Tokenizer(msgspec.Struct):
    model: _Model


def table_package() -> Path | None:
    """The folder of the installed package; None where there is none."""
    try:
        spec = find_spec(PACKAGE)
    except (ImportError, ValueError):
        return None
    places = spec.submodule_search_locations if spec else None
    return next((Path(place) for place in places or ()), None)


def read_table(package: Path) -> WordTable:
    """Raises `OSError`, or `ValueError` where the files are others than those that are known."""
    try:
        tokenizer = msgspec.json.decode((package / _TOKENIZER).read_bytes(), type=_Tokenizer)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{package / _TOKENIZER}: {error}") from None
    numbers = _numbers(package / _TABLE)
    vocabulary = tokenizer.model.vocab
    if sorted(vocabulary.values()) != list(range(len(numbers))):
        raise ValueError(f"{package}: {len(vocabulary)} tokens for {len(numbers)} rows")
    rows = np.empty((len(numbers), DIMENSIONS), np.int8)
    scales = np.empty(len(numbers), np.float32)
    for start in range(0, len(numbers), _AT_A_TIME):
        part = numbers[start : start + _AT_A_TIME, :DIMENSIONS].astype(np.float32)
        scale = np.abs(part).max(axis=1) / 127
        rows[start : start + len(part)] = np.rint(part / np.where(scale > 0, scale, 1)[:, None])
        scales[start : start + len(part)] = scale
    return WordTable(_name(), vocabulary, rows, scales)


def _numbers(path: Path) -> NDArray[np.float16]:
    """The one tensor of the file, mapped and not read."""
    with path.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8).ljust(8, b"\0"))
        head = stream.read(min(length, _MAX_HEAD))
    try:
        (tensor,) = (
            msgspec.convert(each, _Tensor)
            for name, each in msgspec.json.decode(head, type=dict[str, object]).items()
            if name != "__metadata__"
        )
    except (msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"{path}: no safetensors with one table ({error})") from None
    count, width = tensor.shape
    start, end = tensor.data_offsets
    if tensor.dtype != "F16" or width < DIMENSIONS or start < 0 or end - start != 2 * count * width:
        raise ValueError(f"{path}: a table of {tensor.dtype}, {count} x {width}")
    mapped = np.memmap(path, "<f2", mode="r", offset=8 + length + start, shape=(count, width))
    return mapped.view(np.ndarray)


def _name() -> str:
    try:
        made = version(PACKAGE)
    except PackageNotFoundError:
        made = "unknown"
    return f"{PACKAGE}-{made}-l2-supercat-{DIMENSIONS}-int8"


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
