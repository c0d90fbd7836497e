"""What else is to be heard in a room, and how much softer than the user.

A condition is a kind and a level, "babble-20": voiced parts (or, of noise and music, everything)
20 dB below the voiced parts of a recording of nominal level. "clean" is a quiet room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from assistant.errors import AssistantError

Kind = Literal["clean", "pink", "babble", "tv", "music", "near"]
"""A quiet room; steady noise; six other people of the folder at once; one voice that reads the
news; a band with a singer; now and then a sentence of another person of the folder."""
DEFAULT = "clean,pink-10,babble-20,babble-10,tv-20,tv-10,music-20,music-10,near-10"
_FURTHEST, _NEAREST = 60.0, -20.0


class ConditionError(AssistantError):
    """There is no such condition."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One room to listen in."""

    kind: Kind
    below_db: float = 0.0
    """How much softer the background is than the recordings; signal-to-noise ratio."""

    @property
    def name(self) -> str:
        return self.kind if self.kind == "clean" else f"{self.kind}-{self.below_db:g}"


def read_conditions(written: str) -> list[Condition]:
    """Of a list with commas. Raises `ConditionError`."""
    found = [_read(each.strip()) for each in written.split(",") if each.strip()]
    if not found:
        raise ConditionError("No condition is named.", f"Leave it out for {DEFAULT}.")
    return list(dict.fromkeys(found))


def _read(name: str) -> Condition:
    kind, dash, level = name.partition("-")
    for known in get_args(Kind):
        if kind != known:
            continue
        if known == "clean" and not dash:
            return Condition("clean")
        try:
            below = float(level)
        except ValueError:
            break
        if known != "clean" and _NEAREST <= below <= _FURTHEST:
            return Condition(known, below)
    kinds = ", ".join(get_args(Kind)[1:])
    raise ConditionError(
        f"There is no condition {name!r}.",
        f"Name clean, or one of {kinds} with the level below the voice in dB: babble-20.",
    )
