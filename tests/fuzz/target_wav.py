"""WAV files: any bytes are sound or an `AudioFileError`, and no more sound than was in them."""

from __future__ import annotations

import contextlib
import struct
import tempfile
from pathlib import Path

from assistant.audio.wav import AudioFileError, WavReader

NAME = "wav"


def _wav(tag: int, channels: int, width: int, sound: bytes, *before: bytes) -> bytes:
    block = channels * width
    form = struct.pack("<HHIIHH", tag, channels, 24_000, 24_000 * block, block, 8 * width)
    if tag == 0xFFFE:
        form += struct.pack("<HHIH", 22, 8 * width, 0, 1) + bytes(14)
    chunks = b"".join(before) + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(sound)) + sound
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


SEEDS = [
    _wav(1, 1, 2, bytes(64)),
    _wav(1, 2, 3, bytes(range(60))),
    _wav(3, 1, 4, struct.pack("<4f", 0.5, float("nan"), float("inf"), -1e38)),
    _wav(3, 2, 8, struct.pack("<4d", 0.5, float("nan"), 1e308, -1.0)),
    _wav(0xFFFE, 1, 4, bytes(range(64)), b"LIST" + struct.pack("<I", 3) + b"abc\0"),
    _wav(1, 1, 1, bytes(range(64)))[:-10],
]


def one(data: bytes) -> None:
    """Raises only where something else than `AudioFileError` comes out, or sound from nowhere."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        file.write(data)
        file.flush()
        with contextlib.suppress(AudioFileError):
            reader = WavReader(Path(file.name))
            try:
                count = sum(len(block) for block in reader.blocks())
            finally:
                reader.close()
            assert count * reader.format.block_bytes <= len(data)
