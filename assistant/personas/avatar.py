"""A persona's picture, where a program shows one: rings in its colours, drawn, no file needed."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from assistant.personas.schema import Colors

SIZE = 256
"""Pixels a side."""
_RINGS = ((1.0, "background"), (0.78, "primary"), (0.66, "background"), (0.42, "accent"))
"""Outer radius, as a share of half a side, and the colour from there inwards."""


def avatar(colors: Colors) -> bytes:
    """A PNG (W3C PNG specification, third edition) of `SIZE` × `SIZE` RGB pixels."""
    axis = (np.arange(SIZE) + 0.5) / (SIZE / 2) - 1
    radius = np.hypot(axis[:, None], axis[None, :])
    pixels = np.empty((SIZE, SIZE, 3))
    pixels[:] = _rgb(colors.background)
    for outer, name in _RINGS:
        edge = np.clip((outer - radius) * SIZE / 2 + 0.5, 0, 1)[..., None]  # smooth within a pixel
        pixels = pixels * (1 - edge) + _rgb(getattr(colors, name)) * edge
    return _png(np.round(pixels).astype(np.uint8))


def _rgb(color: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    digits = color.lstrip("#")
    return np.array([int(digits[at : at + 2], 16) for at in (0, 2, 4)], np.float64)


def _png(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
