"""A persona's face as rows of characters: a pure function of persona, moment and size."""

from __future__ import annotations

from functools import lru_cache

from assistant.personas.face import Face
from assistant.personas.schema import Colors, Persona
from assistant.ui.faces.canvas import Canvas, Palette, Picture, Run
from assistant.ui.faces.figures import FIGURES
from assistant.ui.faces.pose import Moment, pose_at

_SHADE = 0.26
"""How far the unlit parts are from the ground towards the figure's colour."""


def draw(
    persona: Persona,
    moment: Moment,
    width: int,
    height: int,
    *,
    colorless: bool = False,
    few_letters: bool = False,
) -> Picture:
    """The face at a moment, `height` rows of `width` cells.

    `colorless`: told by dots alone, for `NO_COLOR`. `few_letters`: only ASCII, for terminals that
    can write neither blocks nor dots. Same arguments, same picture.
    """
    if width < 1 or height < 1:
        return [[Run(" " * max(0, width), None, None)] for _ in range(height)]
    face = persona.face
    figure, writing = FIGURES[face.kind]
    if few_letters:
        writing = "letters"
    elif colorless:
        writing = "dots"
    canvas = Canvas(width, height, palette_of(face, persona.colors), writing)
    figure(canvas, pose_at(moment), face)
    return canvas.picture(colorless=colorless)


def words_of(picture: Picture) -> str:
    """Its characters without colours, one line a row."""
    return "\n".join("".join(run.text for run in row) for row in picture)


@lru_cache(maxsize=128)
def palette_of(face: Face, colors: Colors) -> Palette:
    """The figure's colours: its own, else the persona's."""
    ground, color = _code(colors.background), _code(face.color or colors.primary)
    light = _code(face.light or colors.accent)
    shade = _code(face.shade) if face.shade else _between(ground, color, _SHADE)
    return Palette(color=color, light=light, shade=shade, ground=ground)


def _code(hexadecimal: str) -> int:
    return int(hexadecimal[1:], 16)


def _between(one: int, other: int, part: float) -> int:
    """`part` of the way from one colour to the other, channel by channel."""
    mixed = 0
    for shift in (16, 8, 0):
        start, end = one >> shift & 0xFF, other >> shift & 0xFF
        mixed |= round(start + (end - start) * part) << shift
    return mixed
