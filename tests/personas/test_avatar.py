from __future__ import annotations

import struct
import zlib

import numpy as np

from assistant.personas.avatar import SIZE, avatar
from assistant.personas.loading import load_personas


def pixels_of(png: bytes) -> np.ndarray:
    """Read by the chunks of the format: uint8 [height, width, 3]."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, size = 8, b"", (0, 0)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length)[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            size = struct.unpack_from(">II", body)
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(size[1], 1 + 3 * size[0])
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(size[1], size[0], 3)


def test_each_persona_has_a_picture_of_its_own_in_its_colours() -> None:
    pictures = {}
    for persona in load_personas().loaded.values():
        pixels = pixels_of(avatar(persona.colors))
        assert pixels.shape == (SIZE, SIZE, 3)
        assert (
            bytes(pixels[SIZE // 2, SIZE // 2]).hex() == persona.colors.accent.lstrip("#").lower()
        )
        assert bytes(pixels[0, 0]).hex() == persona.colors.background.lstrip("#").lower()
        pictures[persona.slug] = pixels.tobytes()
    assert len(set(pictures.values())) == len(pictures)
