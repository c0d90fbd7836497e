"""What a GGUF file says of its model: name, size, licence. Reads its head only, and no weights."""

from __future__ import annotations

import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from assistant.brain.base import BrainError

SMALL = 3_000_000_000
"""Parameters under which a model is too small for tools: it claims to have done what it has not."""

_MAGIC = b"GGUF"
_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
_MOST_ENTRIES = 10_000
_LONGEST_ARRAY = 4_000_000
_LONGEST_TEXT = 4_000_000


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model in one GGUF file."""

    path: Path
    size: int
    """Bytes."""
    parameters: int
    """Numbers that its tensors hold."""
    context: int
    """Tokens that it was trained on at once; 0 where it does not say."""
    licence: str = ""

    @property
    def name(self) -> str:
        """The file's, without its ending: what people call it by."""
        return self.path.name.removesuffix(".gguf")

    @property
    def is_small(self) -> bool:
        return self.parameters < SMALL


def read_model_file(path: Path) -> ModelFile:
    """Raises `BrainError` where there is no such file, or it is no whole GGUF file."""
    try:
        with path.open("rb") as file:
            return _read(path, file)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise BrainError(f"The model {path} cannot be read: {why}.", _REMEDY) from error
    except (EOFError, ValueError, struct.error, OverflowError, MemoryError) as error:
        raise BrainError(f"{path} is no whole GGUF file.", _REMEDY) from error


_REMEDY = "Fetch one with assistant setup brain, or choose another: assistant brain list"


def _read(path: Path, file: BinaryIO) -> ModelFile:
    size = os.fstat(file.fileno()).st_size
    if file.read(4) != _MAGIC:
        raise ValueError("not GGUF")
    version, tensors, entries = _unpack(file, "IQQ")
    if version not in (2, 3) or max(tensors, entries) > _MOST_ENTRIES:
        raise ValueError("no known GGUF")
    told: dict[str, Any] = {}
    for _ in range(entries):
        key = _text(file)
        told[key] = _value(file, _unpack(file, "I")[0])
    found = [_tensor(file) for _ in range(tensors)]
    if not found or file.tell() + max(offset for _, offset in found) >= size:
        raise ValueError("cut off")
    architecture = told.get("general.architecture")
    context = told.get(f"{architecture}.context_length")
    licence = told.get("general.license")
    return ModelFile(
        path,
        size,
        sum(count for count, _ in found),
        context if isinstance(context, int) else 0,
        licence if isinstance(licence, str) else "",
    )


def _tensor(file: BinaryIO) -> tuple[int, int]:
    """How many numbers a tensor holds, and where they begin behind the head."""
    _text(file)
    dimensions = _unpack(file, "I")[0]
    if dimensions > 8:
        raise ValueError("dimensions")
    shape = _unpack(file, f"{dimensions}Q")
    _, offset = _unpack(file, "IQ")
    return math.prod(shape), int(offset)


def _value(file: BinaryIO, kind: int) -> Any:
    """One value of the head; of arrays only that they are there."""
    if kind == _STRING:
        return _text(file)
    if kind != _ARRAY:
        if kind not in _SCALARS:
            raise ValueError("kind of value")
        return _unpack(file, _SCALARS[kind])[0]
    of, count = _unpack(file, "IQ")
    if count > _LONGEST_ARRAY:
        raise ValueError("array")
    if of in _SCALARS:
        _exactly(file, count * struct.calcsize(f"<{_SCALARS[of]}"))
        return None
    if of != _STRING:
        raise ValueError("kind of value")
    for _ in range(count):
        _text(file)
    return None


def _text(file: BinaryIO) -> str:
    length = _unpack(file, "Q")[0]
    if length > _LONGEST_TEXT:
        raise ValueError("text")
    return _exactly(file, length).decode("utf-8", "replace")


def _unpack(file: BinaryIO, form: str) -> tuple[Any, ...]:
    """Little-endian, without gaps."""
    return struct.unpack(f"<{form}", _exactly(file, struct.calcsize(f"<{form}")))


def _exactly(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) < length:
        raise EOFError
    return data
