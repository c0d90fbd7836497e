"""A small picture made of character cells: painted with soft edges, then turned into text.

Three ways of turning it into text. *Blocks*: each cell is two square pixels, one above the other
("▀"), each with its own colour. *Dots*: each cell is 2 by 4 dots (braille) of one colour: finer
lines, and the only way where there is no colour. *Letters*, where a terminal can write neither: a
character of about the right darkness.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Writing = Literal["blocks", "dots", "letters"]
"""How a picture is turned into text."""

_ROWS = {"blocks": 2, "dots": 4, "letters": 1}
_COLUMNS = {"blocks": 1, "dots": 2, "letters": 1}
_LETTERS = " .:-=+*#%@"
"""From nothing to all of the cell, for terminals of few characters."""
_LEAST = 0.08
"""Less than this of a pixel is the ground."""
_STEP = 8
"""Colours are told apart in steps of 8 of 255: fewer changes of colour in a row, less to draw."""
_BAYER = (
    np.array(
        [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]],
        dtype=np.float32,
    )
    + 0.5
) / 16.0
"""Ordered dithering (Bayer 1973): greys out of dots."""
_DOT_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.int32)


class Run(NamedTuple):
    """Cells of one colour in a row."""

    text: str
    ink: int | None
    """0xRRGGBB of the characters; None: the terminal's own."""
    ground: int | None
    """The same behind them; None: the widget's."""


Codes = NDArray[np.int32]
"""0xRRGGBB each, -1 for none."""
Picture = list[list[Run]]
"""Rows of runs; every row is as wide as the picture."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a figure, each 0xRRGGBB."""

    color: int
    light: int
    shade: int
    ground: int


@lru_cache(maxsize=64)
def _grid(width: int, height: int, writing: Writing) -> tuple[Array, Array, float]:
    """x, y of each pixel's middle, and the size of a pixel, in units of half the shorter side."""
    columns, rows = width * _COLUMNS[writing], height * _ROWS[writing]
    wide = 2.0 * width / columns / 2.0  # in halves of a cell's width: a cell is twice as high
    high = 2.0 * height / rows
    half = min(width, 2.0 * height) / 2.0
    x = ((np.arange(columns) + 0.5) * wide - width / 2.0) / half
    y = ((np.arange(rows) + 0.5) * high - height) / half
    xs, ys = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    return xs, ys, max(wide, high) / half


@lru_cache(maxsize=64)
def _polar(width: int, height: int, writing: Writing) -> tuple[Array, Array]:
    """Angle (radians, from the right, clockwise) and distance of each pixel from the middle."""
    x, y, _ = _grid(width, height, writing)
    return np.arctan2(y, x), np.hypot(x, y)


class Canvas:
    """A picture of `width` by `height` cells that figures are painted on.

    `x` and `y` are float32 [rows, columns], the middle of each pixel; the shorter side reaches from
    -1 to 1, y grows downwards. `angle` (radians) and `away` are the same as seen from the middle.
    `reach` is how far x goes, `drop` how far y.
    """

    def __init__(self, width: int, height: int, palette: Palette, writing: Writing) -> None:
        self.x, self.y, self.pixel = _grid(width, height, writing)
        self.angle, self.away = _polar(width, height, writing)
        self.reach = width / min(width, 2.0 * height)
        self.drop = 2.0 * height / min(width, 2.0 * height)
        self._writing = writing
        self._colors = {
            name: _rgb(getattr(palette, name)) for name in ("color", "light", "shade", "ground")
        }
        shape = self.x.shape
        self._ink: Array = np.zeros((*shape, 3), dtype=np.float32)
        self._cover: Array = np.zeros(shape, dtype=np.float32)

    def paint(self, cover: Array, role: str) -> None:
        """Lay the colour of this role over what is there: `cover` 0…1 a pixel."""
        cover = np.clip(cover, 0.0, 1.0)
        self._ink += (self._colors[role] - self._ink) * cover[..., None]
        self._cover += (1.0 - self._cover) * cover

    def inside(self, distance: Array) -> Array:
        """How much of each pixel lies where the signed distance is negative."""
        covered: Array = np.clip(0.5 - distance / self.pixel, 0.0, 1.0)
        return covered

    def distance(self, x: float, y: float) -> Array:
        """Of each pixel from a point."""
        if x == 0 and y == 0:
            return self.away
        from_it: Array = np.hypot(self.x - x, self.y - y)
        return from_it

    def disc(self, x: float, y: float, radius: float) -> Array:
        return self.inside(self.distance(x, y) - radius)

    def ellipse(self, x: float, y: float, wide: float, high: float) -> Array:
        """Half axes `wide` and `high`; the distance is that of the nearest circle."""
        wide, high = max(wide, 1e-3), max(high, 1e-3)
        scaled = np.hypot((self.x - x) / wide, (self.y - y) / high)
        return self.inside((scaled - 1.0) * min(wide, high))

    def ring(self, x: float, y: float, radius: float, thickness: float) -> Array:
        """At least as thick as a pixel, so that it never breaks up."""
        half = max(thickness, self.pixel) / 2.0
        return self.inside(np.abs(self.distance(x, y) - radius) - half)

    def box(self, x: float, y: float, wide: float, high: float) -> Array:
        """Half sides `wide` and `high`."""
        return self.inside(np.maximum(np.abs(self.x - x) - wide, np.abs(self.y - y) - high))

    def line(self, start: tuple[float, float], end: tuple[float, float], thickness: float) -> Array:
        """A stroke with round ends."""
        (x, y), (to_x, to_y) = start, end
        along_x, along_y = to_x - x, to_y - y
        length = max(along_x * along_x + along_y * along_y, 1e-6)
        part = np.clip(((self.x - x) * along_x + (self.y - y) * along_y) / length, 0.0, 1.0)
        apart = np.hypot(self.x - x - part * along_x, self.y - y - part * along_y)
        return self.inside(apart - max(thickness, self.pixel) / 2.0)

    def picture(self, *, colorless: bool) -> Picture:
        """The text. `colorless`: strength is told by the number of dots, not by colour."""
        if self._writing == "blocks":
            return self._blocks()
        strength = self._cover * self._brightness() if colorless else self._cover
        if self._writing == "letters":
            return self._letters(strength, colorless)
        return self._dots(strength, colorless)

    def _brightness(self) -> Array:
        """Of each pixel's paint, 0…1, by how far it is from the ground towards the brightest."""
        ground = self._colors["ground"]
        brightest = max(float(np.abs(c - ground).max()) for c in self._colors.values())
        ink = self._ink / np.maximum(self._cover, 1e-3)[..., None]
        away = np.abs(ink - ground).max(axis=2) / max(brightest, 1.0)
        brightness: Array = np.clip(away, 0.0, 1.0)
        return brightness

    def _solid(self) -> Codes:
        """0xRRGGBB of each pixel over the ground, in steps; -1 where there is only ground."""
        over = self._ink + self._colors["ground"] * (1.0 - self._cover)[..., None]
        return _codes(over, self._cover)

    def _blocks(self) -> Picture:
        code = self._solid()
        return [
            _runs([_block(up, down) for up, down in zip(above, below, strict=True)])
            for above, below in zip(code[0::2].tolist(), code[1::2].tolist(), strict=True)
        ]

    def _dots(self, strength: Array, colorless: bool) -> Picture:
        rows, columns = strength.shape
        if colorless:
            tiled = np.tile(_BAYER, (rows // 4 + 1, columns // 4 + 1))[:rows, :columns]
            lit = strength > tiled
        else:
            lit = strength >= 0.35
        cells = lit.reshape(rows // 4, 4, columns // 2, 2)
        letters = 0x2800 + (cells * _DOT_BITS[None, :, None, :]).sum(axis=(1, 3))
        text = [[chr(c) if c > 0x2800 else " " for c in row] for row in letters.tolist()]
        return self._written(text, None if colorless else self._cell_colors(4, 2))

    def _letters(self, strength: Array, colorless: bool) -> Picture:
        places = np.clip(np.round(strength * (len(_LETTERS) - 1)), 0, len(_LETTERS) - 1)
        text = [[_LETTERS[c] for c in row] for row in places.astype(int).tolist()]
        return self._written(text, None if colorless else self._cell_colors(1, 1))

    @staticmethod
    def _written(text: list[list[str]], colors: Codes | None) -> Picture:
        """Characters, each in its colour where there are any."""
        if colors is None:
            return [[Run("".join(row), None, None)] for row in text]
        return [
            _runs([(c, ink if ink >= 0 else None, None) for c, ink in zip(row, inks, strict=True)])
            for row, inks in zip(text, colors.tolist(), strict=True)
        ]

    def _cell_colors(self, high: int, wide: int) -> Codes:
        """The paint's colour in each cell, over the ground by its thickest pixel; -1 for none."""
        rows, columns = self._cover.shape
        ink = self._ink.reshape(rows // high, high, columns // wide, wide, 3).sum(axis=(1, 3))
        covers = self._cover.reshape(rows // high, high, columns // wide, wide)
        cover = covers.sum(axis=(1, 3))
        thickest = covers.max(axis=(1, 3))[..., None]
        color = ink / np.maximum(cover, 1e-3)[..., None]
        color = self._colors["ground"] + (color - self._colors["ground"]) * thickest
        return _codes(color, cover)


def _codes(rgb: Array, cover: Array) -> Codes:
    """Colours in steps, where there is anything to be seen."""
    steps = np.clip(np.round(rgb / _STEP) * _STEP, 0, 255).astype(np.int32)
    code: Codes = (steps[..., 0] << 16) | (steps[..., 1] << 8) | steps[..., 2]
    code[cover < _LEAST] = -1
    return code


def _block(up: int, down: int) -> tuple[str, int | None, int | None]:
    """Two pixels as one character."""
    if up < 0 and down < 0:
        return " ", None, None
    if down < 0:
        return "▀", up, None
    if up < 0:
        return "▄", down, None
    if up == down:
        return " ", None, up
    return "▀", up, down


def _runs(cells: list[tuple[str, int | None, int | None]]) -> list[Run]:
    """Cells side by side that have the same colours, joined."""
    runs: list[Run] = []
    text, ink, ground = "", None, None
    for letter, cell_ink, cell_ground in cells:
        if letter == " " and cell_ground is None:
            cell_ink = ink if ground is None else None
        if text and (cell_ink, cell_ground) != (ink, ground):
            runs.append(Run(text, ink, ground))
            text = ""
        text, ink, ground = text + letter, cell_ink, cell_ground
    runs.append(Run(text, ink, ground))
    return runs


def _rgb(code: int) -> Array:
    return np.array([code >> 16, code >> 8 & 0xFF, code & 0xFF], dtype=np.float32)
