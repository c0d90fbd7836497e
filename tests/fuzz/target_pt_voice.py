"""`.pt` voices: any bytes are tensors or `NotTensors`, within a bounded amount of memory."""

from __future__ import annotations

import contextlib
import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from assistant.backends.moshi.checkpoint.pt_reader import NotTensors, read_tensors

NAME = "pt-voice"


def _tensor(shape: bytes, strides: bytes, kind: bytes = b"Float") -> bytes:
    return (
        b"\x80\x02}q\x00(X\n\x00\x00\x00embeddingsq\x01ctorch._utils\n_rebuild_tensor_v2\nq\x02(("
        b"X\x07\x00\x00\x00storageq\x03ctorch\n"
        + kind
        + b"Storage\nq\x04X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQK\x00"
        + shape
        + strides
        + b"\x89ccollections\nOrderedDict\n)RtRu."
    )


def _archive(program: bytes, part: bytes = np.arange(8, dtype="<f4").tobytes()) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr(zipfile.ZipInfo("archive/data.pkl"), program)
        file.writestr(zipfile.ZipInfo("archive/data/0"), part)
    return data.getvalue()


SEEDS = [
    _archive(_tensor(b"(K\x02K\x02t", b"(K\x02K\x01t")),
    _archive(_tensor(b"(K\x02K\x01K\x01K\x02tq\x05", b"(K\x02K\x01K\x01K\x01tq\x06", b"BFloat16")),
    _archive(_tensor(b"K\x04\x85", b"K\x01\x85", b"Half")),
    _archive(_tensor(b"K\x03\x85", b"\x8a\x02\x00\x01\x85", b"Long")),
    _archive(b"\x80\x02}."),
    b"PK\x05\x06" + bytes(18),
]


def one(data: bytes) -> None:
    """Raises only where something else than `NotTensors` comes out, or too much."""
    with tempfile.NamedTemporaryFile(suffix=".pt") as file:
        file.write(data)
        file.flush()
        with contextlib.suppress(NotTensors):
            tensors = read_tensors(Path(file.name))
            assert sum(tensor.nbytes for tensor in tensors.values()) <= 1 << 26
