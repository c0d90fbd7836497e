"""Tensors of a `torch.save` file, without torch and without running what the file says.

Such a file is a zip with a pickle program and one raw file for each storage. Pickle can call
anything; so no unpickler is run here: of its instructions only those that a dictionary of tensors
needs are understood, and the only thing that can be "called" makes an array out of a storage.
"""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
_LONGEST_PROGRAM = 1 << 20
_MOST_BYTES = 1 << 26
"""Of one storage, and of one tensor."""
_MOST_TENSORS = 64


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


class _Mark:
    """Where a tuple, or the entries of a dictionary, begin on the stack."""


_MARK = _Mark()


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a saved dictionary, by name; bfloat16 and float16 come as float32.

    Raises `NotTensors`, and `OSError` where the file cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            program = next((n for n in archive.namelist() if n.endswith("/data.pkl")), None)
            if program is None:
                raise NotTensors("it holds no saved tensors")
            folder = program.removesuffix("data.pkl")
            loaded = _interpret(
                _member(archive, program, _LONGEST_PROGRAM),
                lambda kind, key: _storage(archive, folder, kind, key),
            )
    except (zipfile.BadZipFile, ValueError, LookupError, TypeError, AttributeError) as error:
        # All that a program can do wrong in `_interpret`: too few values, wrong ones, no sense.
        raise NotTensors(str(error) or "it is damaged") from error
    except RuntimeError as error:  # encrypted
        raise NotTensors(str(error)) from error
    if not isinstance(loaded, dict):
        raise NotTensors("it holds no dictionary")
    return {k: v for k, v in loaded.items() if isinstance(k, str) and isinstance(v, np.ndarray)}


def _interpret(program: bytes, storage: Callable[[str, str], _Storage]) -> object:
    """Run the pickle program; anything but plain values, dictionaries and tensors ends it."""
    stack: list[Any] = []
    memo: dict[Any, Any] = {}
    tensors = 0

    def since_mark() -> list[Any]:
        at = max(i for i, value in enumerate(stack) if value is _MARK)
        values = stack[at + 1 :]
        del stack[at:]
        return values

    def entries(values: list[Any]) -> None:
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, str):  # a tuple of tuples of tuples takes for ever to hash
                raise NotTensors("its entries have no names")
            stack[-1][key] = value

    for instruction, argument, _ in pickletools.genops(program):
        match instruction.name:
            case "PROTO" | "FRAME":
                pass
            case "MARK":
                stack.append(_MARK)
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_TUPLE":
                stack.append(())
            case "NEWFALSE" | "NEWTRUE" | "NONE":
                stack.append({"NEWFALSE": False, "NEWTRUE": True}.get(instruction.name))
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINUNICODE" | "SHORT_BINUNICODE":
                stack.append(argument)
            case "GLOBAL":
                stack.append(_Global(str(argument)))
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "TUPLE":
                stack.append(tuple(since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(instruction.name[-1])
                stack[-count:] = [tuple(stack[-count:])]
            case "SETITEM":
                entries([stack.pop(-2), stack.pop()])
            case "SETITEMS":
                entries(since_mark())
            case "BINPERSID":
                what, kind, key, *_ = stack.pop()
                if what != "storage":
                    raise NotTensors("it refers to something that is not in it")
                stack.append(storage(kind.name, key))
            case "REDUCE":
                tensors += 1
                if tensors > _MOST_TENSORS:
                    raise NotTensors("it holds far too many tensors")
                arguments = stack.pop()
                stack.append(_called(stack.pop().name, arguments))
            case "STOP":
                return stack.pop()
            case _:
                raise NotTensors(f"it wants to do more than hold tensors ({instruction.name})")
    raise NotTensors("it is cut short")


def _called(name: str, arguments: tuple[Any, ...]) -> object:
    if name == "collections OrderedDict" and not arguments:
        return {}
    if name != "torch._utils _rebuild_tensor_v2":
        raise NotTensors(f"it wants to call {name.replace(' ', '.')}")
    storage, offset, shape, strides, *_ = arguments
    return _tensor(storage, offset, shape, strides)


def _tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> NDArray[Any]:
    if len(shape) != len(strides) or min((offset, *shape, *strides)) < 0:
        raise NotTensors("one of its tensors has no sensible shape")
    count, last = 1, offset
    for size, stride in zip(shape, strides, strict=True):
        count *= size
        last += (size - 1) * stride
    width = storage.values.itemsize
    if (count and last >= storage.values.size) or count * width > _MOST_BYTES:
        raise NotTensors("one of its tensors is larger than what is stored of it")
    view = np.lib.stride_tricks.as_strided(
        storage.values[offset:], shape, [stride * width for stride in strides], writeable=False
    )
    if storage.bfloat16:
        return (view.astype("<u4") << 16).view("<f4")
    return view.astype(np.float32) if view.dtype == np.float16 else view.copy()


def _storage(archive: zipfile.ZipFile, folder: str, kind: str, key: str) -> _Storage:
    name = kind.removeprefix("torch ")
    if name not in _STORAGES:
        raise NotTensors(f"it holds {name}, which is not known")
    if "/" in key or f"{folder}data/{key}" not in archive.namelist():
        raise NotTensors("a part of it is missing")
    data = _member(archive, f"{folder}data/{key}", _MOST_BYTES)
    values = np.frombuffer(data, np.dtype(_STORAGES[name]))
    return _Storage(values, bfloat16=name == "BFloat16Storage")


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    found = archive.getinfo(name)
    if found.compress_type != zipfile.ZIP_STORED or found.file_size > most:
        raise NotTensors("a part of it is compressed or far too large")
    with archive.open(name) as file:
        return file.read(most)
