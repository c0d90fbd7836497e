"""`[face]` of a persona's file: which figure it has on the screen, and how that is made its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["iris", "eye", "scanner", "slabs", "lamps", "rings", "wave", "strokes"]
Shape = Literal["round", "triangle", "bar", "visor"]
Hex = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


@dataclass(frozen=True, slots=True)
class KindOfFace:
    """What a kind may be told of itself."""

    counts: tuple[int, int] | None = None
    """Least and most of `count`; None: it has nothing to count."""
    usual: int = 1
    shapes: tuple[Shape, ...] = ()
    """The first is the usual one."""
    droops: bool = False
    has_lines: bool = False
    """Made of lines that have a `thickness`."""


KINDS: Mapping[Kind, KindOfFace] = {
    "iris": KindOfFace(),
    "eye": KindOfFace((1, 2), 1, ("round", "triangle"), droops=True),
    "scanner": KindOfFace((5, 24), 9, ("bar", "visor")),
    "slabs": KindOfFace((2, 8), 4),
    "lamps": KindOfFace((1, 6), 2),
    "rings": KindOfFace((1, 6), 3, has_lines=True),
    "wave": KindOfFace((1, 5), 3, has_lines=True),
    "strokes": KindOfFace((3, 16), 8, has_lines=True),
}


class Face(BaseModel):
    """A figure that moves with what the persona does and with how loud its voice is."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    kind: Kind = "rings"
    """iris (a lens that opens), eye, scanner (a light that sweeps), slabs, lamps (on a dome),
    rings, wave, strokes (of a feather)."""
    color: Hex | None = None
    """Its own color; `primary` where it is left out. 3:1 on `background`."""
    light: Hex | None = None
    """What shines in it; `accent` where it is left out."""
    shade: Hex | None = None
    """Its unlit parts; a darker `color` where it is left out."""
    count: int | None = None
    """How many eyes (1 to 2), lamps of a scanner (5 to 24), slabs (2 to 8), lamps of a dome (1 to
    6), rings (1 to 6), waves (1 to 5) or strokes (3 to 16)."""
    shape: Shape | None = None
    """Of an eye: "round" or "triangle"; of a scanner: "bar", with bars that follow the voice, or
    "visor"."""
    droop: float = Field(default=0.0, ge=0.0, le=1.0)
    """How sadly an eye hangs, 0 to 1."""
    speed: float = Field(default=1.0, ge=0.2, le=3.0)
    """Of what goes round or to and fro, 0.2 to 3."""
    thickness: float = Field(default=1.0, ge=0.3, le=3.0)
    """Of the lines of rings, waves and strokes, 0.3 to 3."""

    @property
    def number(self) -> int:
        """`count`, or what is usual for the kind."""
        return KINDS[self.kind].usual if self.count is None else self.count

    @property
    def form(self) -> Shape | None:
        """`shape`, or what is usual for the kind; None where it has none."""
        usual = KINDS[self.kind].shapes
        return self.shape or (usual[0] if usual else None)

    def faults(self) -> Iterator[tuple[str, str, str]]:
        """What does not go with the kind: key, what is wrong, remedy."""
        known = KINDS[self.kind]
        if self.count is not None:
            yield from self._count_faults(known)
        if self.shape is not None and self.shape not in known.shapes:
            remedy = f"It may be {' or '.join(known.shapes)}." if known.shapes else "Leave it out."
            yield "shape", f'a face of the kind "{self.kind}" cannot be "{self.shape}"', remedy
        if self.droop and not known.droops:
            yield "droop", f'a face of the kind "{self.kind}" cannot droop', "Leave it out."
        if self.thickness != 1.0 and not known.has_lines:
            yield "thickness", f'a face of the kind "{self.kind}" has no lines', "Leave it out."

    def _count_faults(self, known: KindOfFace) -> Iterator[tuple[str, str, str]]:
        if known.counts is None:
            yield "count", f'a face of the kind "{self.kind}" has no count', "Leave it out."
            return
        least, most = known.counts
        if self.count is not None and not least <= self.count <= most:
            fault = f'a face of the kind "{self.kind}" cannot have a count of {self.count}'
            yield "count", fault, f"It may be {least} to {most}."
