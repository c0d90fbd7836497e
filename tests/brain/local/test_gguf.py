"""What a GGUF file says of its model, and files that say nothing."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.brain.base import BrainError
from assistant.brain.local.gguf import read_model_file


def text(words: str) -> bytes:
    return struct.pack("<Q", len(words)) + words.encode()


def gguf(count: int = 64, *, weights: int = 256, context: int = 2048) -> bytes:
    """A whole file with one tensor of `count` × 2 numbers, in `weights` bytes."""
    entries = [
        text("general.architecture") + struct.pack("<I", 8) + text("llama"),
        text("general.license") + struct.pack("<I", 8) + text("mit"),
        text("llama.context_length") + struct.pack("<II", 4, context),
        text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b"),
        text("scores") + struct.pack("<IIQff", 9, 6, 2, 0.5, 0.5),
    ]
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(entries)) + b"".join(entries)
    tensor = text("blk") + struct.pack("<IQQIQ", 2, count, 2, 0, 0)
    return head + tensor + bytes(weights)


def test_it_tells_size_context_and_licence(tmp_path: Path) -> None:
    path = tmp_path / "small-q4.gguf"
    path.write_bytes(gguf())
    found = read_model_file(path)
    assert (found.name, found.parameters, found.context, found.licence) == (
        "small-q4",
        128,
        2048,
        "mit",
    )
    assert found.size == path.stat().st_size
    assert found.is_small


def test_three_billion_numbers_are_not_small(tmp_path: Path) -> None:
    path = tmp_path / "large.gguf"
    path.write_bytes(gguf(1_600_000_000))
    assert not read_model_file(path).is_small


@pytest.mark.parametrize(
    "content", [b"", b"GGUF", b"not a model" * 50, gguf()[:200], gguf(weights=0)]
)
def test_what_is_no_whole_model_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(BrainError, match="no whole GGUF file") as caught:
        read_model_file(path)
    assert "assistant setup brain" in caught.value.remedy


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BrainError, match="no such file"):
        read_model_file(tmp_path / "none.gguf")
    with pytest.raises(BrainError, match="cannot be read"):
        read_model_file(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 300), st.binary(min_size=1, max_size=24))
def test_changed_bytes_are_never_a_traceback(tmp_path: Path, place: int, change: bytes) -> None:
    whole = gguf()
    path = tmp_path / "changed.gguf"
    path.write_bytes(whole[:place] + change + whole[place + len(change) :])
    with suppress(BrainError):
        read_model_file(path)
