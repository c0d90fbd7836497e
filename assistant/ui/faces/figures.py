"""The figures: each paints what a pose says on a canvas. Coordinates are those of `Canvas`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np

from assistant.personas.face import Face, Kind
from assistant.ui.faces.canvas import Array, Canvas, Writing
from assistant.ui.faces.pose import Pose

Figure = Callable[[Canvas, Pose, Face], None]


def _iris(canvas: Canvas, pose: Pose, face: Face) -> None:
    """A lens in a dark casing: the light in it opens with loudness, the rim with the user's."""
    canvas.paint(canvas.disc(0, 0, 0.98), "shade")
    canvas.paint(canvas.disc(0, 0, 0.8) * 0.75, "ground")
    rim = canvas.ring(0, 0, 0.9, 0.1)
    canvas.paint(rim * (0.25 + 0.6 * pose.user), "color")
    if pose.busy > 0.05:
        canvas.paint(rim * _sweep(canvas, pose.turn, 0.35) * pose.busy, "light")
    x, y = pose.look_x * 0.12, pose.look_y * 0.1
    from_light = canvas.distance(x, y)
    spread = 0.16 + 0.5 * pose.open
    shine = np.exp(-((from_light / spread) ** 2)) * canvas.inside(canvas.away - 0.8)
    canvas.paint(shine * min(1.0, pose.glow * 1.25), "color")
    core = np.exp(-((from_light / (0.07 + 0.26 * pose.open**1.5)) ** 4))
    canvas.paint(core * pose.glow, "light")


def _eye(canvas: Canvas, pose: Pose, face: Face) -> None:
    """One eye or a pair, with lids that open and narrow, and a pupil that looks about."""
    pair = face.number == 2
    size = min(0.95, 0.46 * canvas.reach) if pair else 0.95
    for side in (-1, 1) if pair else (0,):
        middle = side * min(size * 1.12, canvas.reach - size)
        _one_eye(canvas, pose, face, middle, size, side)


def _one_eye(canvas: Canvas, pose: Pose, face: Face, middle: float, size: float, side: int) -> None:
    droop = face.droop * (1.0 - 0.45 * pose.voice)
    low = 0.25 * droop * size
    if face.form == "triangle":
        size *= 0.88
        socket = _triangle(canvas, middle, low, size, side * droop, 1.0)
        opening = _triangle(canvas, middle, low, size, side * droop, max(0.08, pose.open))
    else:
        socket = canvas.disc(middle, low, size)
        lid = max(0.05, min(1.0, pose.open * 1.15)) * (1.0 - 0.35 * droop)
        opening = canvas.ellipse(middle, low, size * 0.84, size * 0.84 * lid)
    canvas.paint(socket, "shade")
    canvas.paint(opening * (0.35 + 0.55 * pose.glow), "color")
    reach = size * (0.4 if face.form == "round" else 0.18)
    x = middle + pose.look_x * reach
    y = low + (pose.look_y + 0.35 * droop) * reach
    pupil = size * (0.22 + 0.16 * max(pose.voice, pose.user))
    canvas.paint(canvas.disc(x, y, pupil * 1.55) * opening * 0.8, "ground")
    canvas.paint(canvas.disc(x, y, pupil) * opening * (0.3 + 0.7 * pose.glow), "light")
    if pose.busy > 0.05:
        rim = canvas.ring(middle, low, size * 0.92, 0.1) * socket
        canvas.paint(rim * _sweep(canvas, pose.turn, 0.3, middle, low) * pose.busy, "light")


def _triangle(canvas: Canvas, x: float, y: float, size: float, lean: float, open_: float) -> Array:
    """On its tip; `lean` turns it outwards (radians), `open_` is how high it is, 0…1."""
    cos, sin = math.cos(lean * 0.6), math.sin(lean * 0.6)
    across = (canvas.x - x) * cos + (canvas.y - y) * sin
    down = -(canvas.x - x) * sin + (canvas.y - y) * cos
    top = size * (0.62 - 1.0 * (1.0 - open_))
    sides = (np.abs(across) * 0.75 + (down - size * 0.62) * 0.72) * 0.96
    return canvas.inside(np.maximum(sides, -down - top))


def _scanner(canvas: Canvas, pose: Pose, face: Face) -> None:
    """A light that sweeps over a row of lamps and leaves a trail; a bar speaks in columns."""
    visor = face.form == "visor"
    wide = canvas.reach * 0.96
    speaks = not visor and canvas.drop > 0.55
    height = min(0.34, canvas.drop * 0.4) if visor else min(0.2, canvas.drop * 0.3)
    y = 0.0 if visor else (-canvas.drop * 0.62 if speaks else 0.0)
    if visor:
        _helmet(canvas, pose)
    across = canvas.x / wide
    swing = math.sin(2 * math.pi * pose.turn)
    ahead = math.cos(2 * math.pi * pose.turn)
    behind = (across - swing) * (-1.0 if ahead >= 0 else 1.0)
    trail = np.where(behind >= 0, np.exp(-behind / 0.34), np.exp(behind / 0.07))
    lamp = canvas.box(0, y, wide, height * (1.0 - 0.3 * across.max()))
    if visor:
        lamp = canvas.box(0, y, wide * 0.8, height * 0.62)
    # Lamps have gaps where there are pixels enough to see them.
    if not visor and canvas.x.shape[1] >= 3 * face.number:
        lamp = lamp * (np.abs((across + 1) / 2 * face.number % 1.0 - 0.5) < 0.4)
    asleep = pose.glow < 0.3
    lit = np.full_like(trail, 0.25) if asleep else 0.16 + 0.84 * trail
    if visor:
        lit = lit * (0.7 + 0.3 * pose.glow) + 0.5 * max(pose.voice, pose.user)
    canvas.paint(lamp, "shade")
    canvas.paint(lamp * lit * min(1.0, pose.glow + 0.25), "color")
    canvas.paint(lamp * np.clip(trail - 0.72, 0, 1) * 2.4 * (not asleep), "light")
    if speaks:
        _voice_bars(canvas, pose, y + height * 1.8)


def _helmet(canvas: Canvas, pose: Pose) -> None:
    """Around a visor: a rounded head, ridged."""
    head = canvas.ellipse(0, 0.12, min(canvas.reach * 0.98, 1.25), canvas.drop * 0.96)
    ridges = 0.75 + 0.25 * (np.abs(np.sin(canvas.y * 9.0)) > 0.35)
    canvas.paint(head * ridges, "shade")
    canvas.paint(canvas.box(0, 0, canvas.reach, 0.3) * head * 0.85, "ground")


def _voice_bars(canvas: Canvas, pose: Pose, top: float) -> None:
    """Three columns that grow from their middle with the voice, the middle one furthest."""
    room = canvas.drop - top
    middle = top + room / 2
    thick = min(0.22, canvas.reach * 0.16)
    loud = max(pose.voice, 0.5 * pose.user)
    for place, part in ((-1, 0.62), (0, 1.0), (1, 0.62)):
        x = place * thick * 2.9
        full = canvas.box(x, middle, thick, room * 0.46)
        stripes = np.abs((canvas.y - middle) * 7.0 % 1.0 - 0.5) < 0.34
        canvas.paint(full * stripes * 0.5, "shade")
        grown = canvas.box(x, middle, thick, room * 0.46 * max(0.06, loud * part))
        canvas.paint(grown * stripes * min(1.0, 0.35 + pose.glow), "color")


def _slabs(canvas: Canvas, pose: Pose, face: Face) -> None:
    """Slabs side by side that shift against each other as it speaks and thinks."""
    count = face.number
    across = min(canvas.reach * 0.92, 0.36 * count)
    half = across / count
    for place in range(count):
        x = -across + half * (2 * place + 1)
        wave = math.sin(2 * math.pi * (pose.turn * 2 + place * 0.37))
        speaking = 0.3 * pose.voice * math.sin(place * 2.4 + pose.turn * 14)
        lift = speaking - 0.24 * pose.busy * max(0.0, wave) - 0.06 * pose.look_y * (place % 2)
        y = lift * canvas.drop + 0.05 + (1.0 - min(1.0, pose.open + 0.45)) * 0.3
        slab = canvas.box(x, y, half * 0.86, canvas.drop * 0.74)
        edge = slab - canvas.box(x, y, half * 0.86 - 0.07, canvas.drop * 0.74 - 0.07)
        canvas.paint(slab, "shade")
        grain = 0.5 + 0.5 * np.sin(canvas.y * 17.0 + place * 2.0)
        canvas.paint(slab * (0.1 + 0.1 * grain), "color")
        canvas.paint(np.clip(edge, 0, 1) * (0.25 + 0.45 * pose.glow), "color")
        loud = max(pose.voice * (0.6 + 0.4 * wave), pose.user * 0.8)
        for row in range(3):
            on = pose.glow * (0.25 + 0.75 * (loud > row * 0.3)) if pose.glow > 0.3 else 0.1
            window = canvas.box(x, y - 0.42 + row * 0.2, half * 0.46, 0.055)
            canvas.paint(window * slab * on, "light")


def _lamps(canvas: Canvas, pose: Pose, face: Face) -> None:
    """A dome with an eye on a stalk, and lamps that flash with every word."""
    floor = canvas.drop * 0.98
    shoulder, tall = floor * 0.62, floor * 1.22
    dome = canvas.ellipse(0, shoulder, 0.8, tall) * canvas.inside(canvas.y - shoulder)
    neck = canvas.box(0, floor * 0.83, 0.72, floor * 0.2)
    slats = np.abs(canvas.y * 5.0 % 1.0 - 0.5) < 0.3
    canvas.paint(neck * (0.35 + 0.5 * slats), "shade")
    canvas.paint(dome, "shade")
    shine = np.exp(-(((canvas.x + 0.3) / 0.3) ** 2 + ((canvas.y + 0.05) / 0.4) ** 2))
    canvas.paint(dome * (0.22 + 0.4 * shine), "color")
    canvas.paint(neck * slats * 0.35, "color")
    count = face.number
    for place in range(count):
        part = 0.0 if count == 1 else 2.0 * place / (count - 1) - 1.0
        x = part * 0.6
        y = shoulder - tall * math.sqrt(1.0 - (x / 0.8) ** 2) - 0.08
        blink = 0.5 + 0.5 * math.sin(2 * math.pi * (pose.turn * 2 + place / max(1, count)))
        on = max(pose.voice, 0.25 * pose.glow, pose.busy * blink)
        bulb = canvas.box(x, y - 0.02, 0.13, 0.16)
        canvas.paint(bulb * 0.75, "shade")
        canvas.paint(bulb * min(1.0, on * 1.2), "color")
        canvas.paint(canvas.box(x, y - 0.02, 0.07, 0.1) * np.clip(on - 0.4, 0, 1) * 1.6, "light")
    x, y = pose.look_x * 0.3, floor * 0.12 + pose.look_y * 0.16
    canvas.paint(canvas.line((0, floor * 0.3), (x, y), 0.12), "shade")
    canvas.paint(canvas.disc(x, y, 0.27), "ground")
    canvas.paint(canvas.ring(x, y, 0.25, 0.09) * 0.7, "color")
    size = 0.08 + 0.13 * max(pose.open, pose.user)
    canvas.paint(canvas.disc(x, y, size) * (0.15 + 0.85 * pose.glow), "light")


def _rings(canvas: Canvas, pose: Pose, face: Face) -> None:
    """Rings about a point, broken and turning against each other; a single one is whole."""
    # No more than can be told apart at this size.
    count = max(1, min(face.number, int(0.62 / (4 * canvas.pixel)))) if face.number > 1 else 1
    angle = canvas.angle
    thick = 0.07 * face.thickness
    swell = 0.8 + 0.12 * pose.open + 0.08 * pose.voice
    for place in range(count):
        radius = swell * (0.94 - 0.62 * place / count) * min(1.0, 0.5 + pose.open)
        loud = pose.voice * (1.0 - 0.22 * place) + 0.6 * pose.user * (place == 0)
        lobes = 3 + 2 * place
        bend = 0.1 * loud * np.sin(angle * lobes + 2 * math.pi * pose.turn * (place + 2))
        half = max(thick, canvas.pixel) / 2 * (1.0 + 0.7 * loud)
        ring = canvas.inside(np.abs(canvas.away - radius * (1 + bend)) - half)
        if face.number > 1:
            ring = ring * _arcs(angle, place, pose.turn)
        canvas.paint(ring * _lit(pose.glow), "light" if place % 2 else "color")
        if pose.busy > 0.05:
            canvas.paint(ring * _sweep(canvas, pose.turn * 2, 0.2) * pose.busy, "light")
    core = 0.05 + (0.13 * pose.voice + 0.06 * pose.user if count > 1 else 0.02)
    canvas.paint(canvas.disc(0, 0, core * (1.0 + 0.5 * pose.open)) * _lit(pose.glow), "light")


def _arcs(angle: Array, place: int, turn: float) -> Array:
    """Which part of a ring is there: gaps that turn, every other ring the other way."""
    way = -1.0 if place % 2 else 1.0
    phase = angle / (2 * math.pi) + way * turn * (0.5 + 0.35 * place) + 0.13 * place
    pieces = 2 + place
    return (phase * pieces % 1.0 < 0.8 - 0.08 * place).astype(np.float32)


def _wave(canvas: Canvas, pose: Pose, face: Face) -> None:
    """Soft lines that breathe when it waits and swing with its voice."""
    part = canvas.x / canvas.reach
    window = np.cos(part * math.pi / 2) ** 1.5
    room = canvas.drop * 0.8
    swing = 0.1 * pose.open + 0.85 * pose.voice + 0.4 * pose.user + 0.2 * pose.busy
    swing *= min(1.0, pose.glow * 3)
    for place in reversed(range(face.number)):
        length = 1.1 + 0.55 * place
        way = 1.0 if place % 2 else -1.0
        phase = 2 * math.pi * (way * pose.turn * (1.0 + 0.4 * place) + 0.21 * place)
        height = room * swing * window * (1.0 - 0.22 * place)
        y = height * np.sin(part * math.pi * length + phase) - pose.look_y * 0.06
        slope = np.gradient(y, axis=1) / canvas.pixel if y.shape[1] > 1 else np.zeros_like(y)
        apart = np.abs(canvas.y - y) / np.sqrt(1.0 + slope**2)
        half = max(0.075 * face.thickness * (1.0 + 0.8 * pose.voice), canvas.pixel) / 2
        line = canvas.inside(apart - half) * (window > 0.04)
        canvas.paint(line * _lit(pose.glow), ("color", "light", "shade")[place % 3])


def _strokes(canvas: Canvas, pose: Pose, face: Face) -> None:
    """A feather: light strokes on both sides of a quill, which spread as it speaks."""
    base = (-0.12, canvas.drop * 0.95)
    sway = 0.1 * math.sin(2 * math.pi * pose.turn) + 0.18 * pose.look_x
    tip = (0.32 + sway, -canvas.drop * (0.62 + 0.3 * pose.open))
    thick = 0.05 * face.thickness
    count = face.number
    spread = 0.3 + 0.4 * pose.open + 0.3 * max(pose.voice, pose.user * 0.7)
    plain, bright = np.zeros_like(canvas.x), np.zeros_like(canvas.x)
    for place in range(count):
        part = 0.24 + 0.7 * place / max(1, count - 1)
        x, y = _on_quill(base, tip, part)
        full = math.sin(math.pi * (0.16 + 0.8 * part)) * 0.62
        flutter = 0.16 * pose.voice * math.sin(place * 1.9 + 14 * pose.turn)
        flutter += 0.12 * pose.busy * math.sin(2 * math.pi * (pose.turn * 2 - part))
        into = bright if pose.voice > 0.12 and place % 3 == 0 else plain
        for side in (-1, 1):
            end = (
                x + side * full * (spread + flutter) * (1.0 if side < 0 else 0.8),
                y - full * (0.75 - 0.35 * spread + side * 0.08),
            )
            np.maximum(into, canvas.line((x, y), end, thick), out=into)
    points = [_on_quill(base, tip, n / 3) for n in range(4)]
    for start, end in pairwise(points):
        np.maximum(plain, canvas.line(start, end, thick * 1.3), out=plain)
    canvas.paint(bright * _lit(pose.glow), "light")
    canvas.paint(plain * _lit(pose.glow), "color")


def _on_quill(
    base: tuple[float, float], tip: tuple[float, float], part: float
) -> tuple[float, float]:
    """A point of the bent quill."""
    x = base[0] + (tip[0] - base[0]) * part**1.6
    return x, base[1] + (tip[1] - base[1]) * part


def _sweep(canvas: Canvas, turn: float, width: float, x: float = 0.0, y: float = 0.0) -> Array:
    """Brightness of a light that goes round: 1 at its head, fading over `width` of a turn."""
    centred = x == 0 and y == 0
    angle = canvas.angle if centred else np.arctan2(canvas.y - y, canvas.x - x)
    angle = angle / (2 * math.pi)
    behind = (turn - angle) % 1.0
    bright: Array = np.exp(-behind / (width * 0.5))
    return bright


def _lit(glow: float) -> float:
    """Cover of a thin line: below 0.4 its dots would go out, and nothing be left of it."""
    return 0.45 + 0.55 * min(1.0, glow)


FIGURES: Mapping[Kind, tuple[Figure, Writing]] = {
    "iris": (_iris, "blocks"),
    "eye": (_eye, "blocks"),
    "scanner": (_scanner, "blocks"),
    "slabs": (_slabs, "blocks"),
    "lamps": (_lamps, "blocks"),
    "rings": (_rings, "dots"),
    "wave": (_wave, "dots"),
    "strokes": (_strokes, "dots"),
}
"""Each kind's figure, and how it is best written."""
