"""A `.pt` file costs no more memory and no more work than a voice, whatever stands in it."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from assistant.backends.moshi.checkpoint import pt_reader
from assistant.backends.moshi.checkpoint.pt_reader import NotTensors, read_tensors
from tests.backends.moshi.prompts.test_voices import STORED, archive, tensor_program
from tests.fuzz import target_pt_voice

MOST = 3 * (1 << 26)
"""Bytes at the highest: the budget, and what NumPy needs beside it for a moment."""
SIDE = 1 << 12


def tensors(count: int, side: int) -> bytes:
    """A dictionary of many tensors over one small storage."""
    one = tensor_program((side, side), (0, 0))
    entry = one[one.index(b"X\n") : -2]
    entries = (entry.replace(b"embeddings", f"{n:010d}".encode()) for n in range(count))
    return b"\x80\x02}(" + b"".join(entries) + b"u."


def refused(path: Path) -> str:
    """Why; within the budget of memory."""
    tracemalloc.start()
    try:
        with pytest.raises(NotTensors) as why:
            read_tensors(path)
        assert tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()
    return str(why.value)


def test_many_large_tensors_over_one_small_storage_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.pt", tensors(60, SIDE), STORED)
    assert path.stat().st_size < 12_000
    assert "memory" in refused(path)
    assert set(read_tensors(archive(path, tensors(3, 100), STORED))) == {
        f"{n:010d}" for n in range(3)
    }


@pytest.mark.parametrize(
    "program",
    [
        b"}" + b"(" * 300_000 + b"t" * 300_000 + b".",
        b"(" + b"K\x01" * 400_000 + b"t.",
        b"}" + b"(K\x01t" * 200_000 + b".",
        b")" + b"\x85" * 1_000_000 + b".",
        b"}" + b"q\x00" * 500_000 + b".",
        b"}" + b"".join(b"r" + n.to_bytes(4, "little") for n in range(100_000)) + b".",
        b"N" * 1_000_000 + b".",
    ],
)
def test_a_long_program_is_not_run_to_its_end(tmp_path: Path, program: bytes) -> None:
    assert "work" in refused(archive(tmp_path / "a.pt", program))


@pytest.mark.parametrize("number", [1 << 31, 1 << 63, 1 << 64, (1 << 71) - 1])
def test_numbers_that_nothing_can_hold_are_refused_in_words(tmp_path: Path, number: int) -> None:
    for shape, strides, offset in [
        ((number, 0), (1, 1), 0),
        ((0,), (number,), 0),
        ((1,), (number,), 0),
        ((1,), (1,), number),
        ((1,), (1,), -number),
    ]:
        program = tensor_program(shape, strides, offset)
        refused(archive(tmp_path / "a.pt", program, STORED))


def test_a_shape_that_is_no_shape_is_refused(tmp_path: Path) -> None:
    refused(archive(tmp_path / "a.pt", tensor_program((1,) * 40, (0,) * 40), STORED))
    for wrong in (b"N", b"\x88", b"}", b")", b"X\x01\x00\x00\x000", b"(K\x01K\x01t"):
        program = tensor_program((7,), (1,)).replace(b"\x8a\x09" + (7).to_bytes(9, "little"), wrong)
        refused(archive(tmp_path / "a.pt", program, STORED))


def test_a_list_of_a_million_members_is_not_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.pt", tensor_program((2,), (1,)), STORED)
    data = path.read_bytes()
    at = data.index(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    listed = data[at:end] * 15_000
    tail = bytearray(data[end:])
    tail[12:16] = len(listed).to_bytes(4, "little")
    path.write_bytes(data[:at] + listed + bytes(tail))
    assert "too large" in refused(path)


def test_a_member_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.pt", tensor_program((2,), (1,)), STORED)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    for size in (17, 1 << 20, 0xFFFFFFFE):
        data[at + 20 : at + 28] = size.to_bytes(4, "little") * 2
        path.write_bytes(bytes(data))
        refused(path)


def test_a_file_that_is_far_too_large_is_not_even_opened_as_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    with path.open("wb") as file:
        file.truncate(pt_reader._MOST_FILE + 1)  # takes no room on disk
    assert "too large" in refused(path)


def test_damage_anywhere_is_told_in_words() -> None:
    """Bytes changed at random: the runner of `tests/fuzz` does this for longer."""
    chance = random.Random(20)
    for _ in range(1_500):
        data = bytearray(chance.choice(target_pt_voice.SEEDS))
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 127, 128, 255))
        target_pt_voice.one(bytes(data))


def test_safetensors_of_no_columns_and_a_billion_rows_are_no_voice(tmp_path: Path) -> None:
    from safetensors.numpy import save

    from assistant.backends.moshi.prompts.voices import _read

    header = b'{"codes":{"dtype":"I64","shape":[1000000000,0],"data_offsets":[0,0]}}'
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    wrong = [
        {"codes": np.zeros((2, 3), np.float32)},
        {"codes": np.zeros((5_000, 8), np.int64)},
        {"embeddings": np.zeros((2, 2), np.int8), "following": np.zeros((17, 2), np.int64)},
    ]
    for tensors_ in wrong:
        with pytest.raises(NotTensors):
            _read(tmp_path / "a.safetensors")
        (tmp_path / "a.safetensors").write_bytes(save(tensors_))
    with pytest.raises(NotTensors):
        _read(tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").write_bytes((1 << 40).to_bytes(8, "little") + b"{}")
    with pytest.raises(NotTensors, match="far too long"):
        _read(tmp_path / "a.safetensors")
