"""The table of word vectors, taken from the files of an installed `wordllama` package.

The package itself is never imported: it would load libraries for the network and set up logging.
Its two files are read as what they are: safetensors (8 bytes of length, little-endian, then JSON
that tells where each tensor lies, then the bytes) and the JSON of a tokenizer.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

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
