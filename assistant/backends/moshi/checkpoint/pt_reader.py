"""Tensors of a `torch.save` file, without torch and without running what the file says.

Such a file is a zip with a pickle program and one raw file for each storage. Pickle can call
anything; so no unpickler is run here: of its instructions only those that a dictionary of tensors
needs are understood, and the only thing that can be "called" makes an array out of a storage.
"""

from __future__ import annotations

import io
import os
import pickletools
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

_STORAGES = {
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "DoubleStorage": "<f8",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
}
_MOST_FILE = 100_000_000
"""Bytes of a file; NVIDIA's voices have one or two million."""
_MOST_DIRECTORY = 1 << 20
"""Bytes of the zip's list of members."""
_LONGEST_PROGRAM = 1 << 20
_MOST_INSTRUCTIONS = 20_000
"""Of the program; a voice has some hundred. None takes longer than the others."""
_MOST_BYTES = 1 << 26
"""Of all that is read from one file and made of it, together."""
_MOST_TENSORS = 64
_MOST_DIMENSIONS = 8


class NotTensors(Exception):
    """The file is no zip of `torch.save`, or holds something else than tensors."""


@dataclass(frozen=True, slots=True)
class _Global:
    """What the program names but never gets: a function or class of Python's."""

    name: str


@dataclass(frozen=True, slots=True)
class _Storage:
    values: NDArray[Any]
    bfloat16: bool


class _Budget:
    """Bytes that one file may still cost. What lies about its size is met by what it takes."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise NotTensors("it takes far more memory than a voice")


class _Metered(io.RawIOBase):
    """A file of which no more is read at a time than `most`, whatever its own numbers say."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self.most = most

    def read(self, size: int = -1, /) -> bytes:
        if size > self.most:
            raise NotTensors("a part of it is far too large")
        return self._file.read(self.most if size < 0 else size)

    def seek(self, place: int, whence: int = 0, /) -> int:
        return self._file.seek(place, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a saved dictionary, by name; bfloat16 and float16 come as float32.

    Raises `NotTensors` whatever is wrong with the file, and `OSError` where it cannot be opened.
    """
    with path.open("rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotTensors("it is no plain file")
        if os.fstat(file.fileno()).st_size > _MOST_FILE:
            raise NotTensors("it is far too large")
        try:
            loaded = _loaded(file)
        except NotTensors:
            raise
        except Exception as error:
            # Whatever a stranger's numbers can do wrong: too few values, wrong ones, too large
            # ones, members that are encrypted or lie outside of the file.
            raise NotTensors(str(error)[:200] or "it is damaged") from error
    if not isinstance(loaded, dict):
        raise NotTensors("it holds no dictionary")
    return {k: v for k, v in loaded.items() if isinstance(k, str) and isinstance(v, np.ndarray)}


def _loaded(file: BinaryIO) -> object:
    metered = _Metered(file, _MOST_DIRECTORY)
    with zipfile.ZipFile(cast(BinaryIO, metered)) as archive:
        metered.most = _MOST_BYTES
        program = next((n for n in archive.namelist() if n.endswith("/data.pkl")), None)
        if program is None:
            raise NotTensors("it holds no saved tensors")
        budget = _Budget(_MOST_BYTES)
        parts = _Parts(archive, program.removesuffix("data.pkl"), budget)
        return _Program(parts.storage, budget).run(parts.member(program, _LONGEST_PROGRAM))


class _Program:
    """Runs a pickle program; anything but plain values, dictionaries and tensors ends it."""

    def __init__(self, storage: Callable[[str, str], _Storage], budget: _Budget) -> None:
        self._storage = storage
        self._budget = budget
        self._stack: list[Any] = []
        self._marks: list[int] = []
        """Places on the stack where a tuple, or the entries of a dictionary, begin."""
        self._memo: dict[int, Any] = {}
        self._tensors = 0

    def run(self, program: bytes) -> object:
        for done, (instruction, argument, _) in enumerate(pickletools.genops(program)):
            if done > _MOST_INSTRUCTIONS:
                raise NotTensors("it takes far more work than a voice")
            if instruction.name == "STOP":
                return self._stack.pop()
            self._do(instruction.name, argument)
        raise NotTensors("it is cut short")

    def _do(self, name: str, argument: Any) -> None:
        stack = self._stack
        match name:
            case "PROTO" | "FRAME":
                pass
            case "MARK":
                self._marks.append(len(stack))
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_TUPLE":
                stack.append(())
            case "NEWFALSE" | "NEWTRUE" | "NONE":
                stack.append({"NEWFALSE": False, "NEWTRUE": True}.get(name))
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINUNICODE" | "SHORT_BINUNICODE":
                stack.append(argument)
            case "GLOBAL":
                stack.append(_Global(str(argument)))
            case "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self._memo[argument])
            case _:
                self._combine(name)

    def _combine(self, name: str) -> None:
        stack = self._stack
        match name:
            case "TUPLE":
                stack.append(tuple(self._since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(name[-1])
                stack[-count:] = [tuple(stack[-count:])]
            case "SETITEM":
                self._enter([stack.pop(-2), stack.pop()])
            case "SETITEMS":
                self._enter(self._since_mark())
            case "BINPERSID":
                what, kind, key, *_ = stack.pop()
                if what != "storage":
                    raise NotTensors("it refers to something that is not in it")
                stack.append(self._storage(kind.name, key))
            case "REDUCE":
                self._tensors += 1
                if self._tensors > _MOST_TENSORS:
                    raise NotTensors("it holds far too many tensors")
                arguments = stack.pop()
                stack.append(_called(stack.pop().name, arguments, self._budget))
            case _:
                raise NotTensors(f"it wants to do more than hold tensors ({name})")

    def _since_mark(self) -> list[Any]:
        at = self._marks.pop()
        values = self._stack[at:]
        del self._stack[at:]
        return values

    def _enter(self, values: list[Any]) -> None:
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, str):  # a tuple of tuples of tuples takes for ever to hash
                raise NotTensors("its entries have no names")
            self._stack[-1][key] = value


def _called(name: str, arguments: tuple[Any, ...], budget: _Budget) -> object:
    if name == "collections OrderedDict" and not arguments:
        return {}
    if name != "torch._utils _rebuild_tensor_v2":
        raise NotTensors(f"it wants to call {name[:100].replace(' ', '.')}")
    storage, offset, shape, strides, *_ = arguments
    return _tensor(storage, offset, shape, strides, budget)


def _tensor(
    storage: _Storage,
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    budget: _Budget,
) -> NDArray[Any]:
    numbers = (offset, *shape, *strides)
    sensible = len(shape) == len(strides) and len(shape) <= _MOST_DIMENSIONS
    if not sensible or any(type(n) is not int or not 0 <= n <= _MOST_BYTES for n in numbers):
        raise NotTensors("one of its tensors has no sensible shape")
    count, last = 1, offset
    for size, stride in zip(shape, strides, strict=True):
        count *= size
        last += (size - 1) * stride
    if count and last >= storage.values.size:
        raise NotTensors("one of its tensors is larger than what is stored of it")
    if not count:
        return np.zeros(shape, np.float32)
    # Copied, and twice where it is made wider: strides of 0 make much of little.
    budget.spend(count * max(8, 2 * storage.values.itemsize))
    width = storage.values.itemsize
    view = np.lib.stride_tricks.as_strided(
        storage.values[offset:], shape, [stride * width for stride in strides], writeable=False
    )
    if storage.bfloat16:
        return (view.astype("<u4") << 16).view("<f4")
    return view.astype(np.float32) if view.dtype == np.float16 else view.copy()


class _Parts:
    """Members of the zip: each read once, and no more of all together than the budget allows."""

    def __init__(self, archive: zipfile.ZipFile, folder: str, budget: _Budget) -> None:
        self._archive = archive
        self._folder = folder
        self._budget = budget
        self._read: dict[tuple[str, str], _Storage] = {}

    def storage(self, kind: str, key: str) -> _Storage:
        name = kind.removeprefix("torch ")
        if name not in _STORAGES:
            raise NotTensors(f"it holds {name[:100]}, which is not known")
        if not isinstance(key, str) or "/" in key:
            raise NotTensors("a part of it is missing")
        if (kind, key) not in self._read:
            data = self.member(f"{self._folder}data/{key}", _MOST_BYTES)
            values = np.frombuffer(data, np.dtype(_STORAGES[name]))
            self._read[kind, key] = _Storage(values, bfloat16=name == "BFloat16Storage")
        return self._read[kind, key]

    def member(self, name: str, most: int) -> bytes:
        try:
            found = self._archive.getinfo(name)
        except KeyError:
            raise NotTensors("a part of it is missing") from None
        if found.compress_type != zipfile.ZIP_STORED or found.file_size > most:
            raise NotTensors("a part of it is compressed or far too large")
        self._budget.spend(found.file_size)
        with self._archive.open(found) as file:
            data = file.read(found.file_size)
        if len(data) != found.file_size:
            raise NotTensors("a part of it is cut short")
        return data
