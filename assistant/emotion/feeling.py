"""A feeling as it is told from one part to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["frustrated", "excited", "confused", "tired", "sad", "calm"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LOW_MOOD: frozenset[Kind] = frozenset({"frustrated", "sad"})
"""In which nobody wants to hear jokes that he did not ask for."""


@dataclass(frozen=True, slots=True)
class Feeling:
    """What a turn of the user's, or the last turns together, tell of how he is."""

    kind: Kind | None
    """None: only that he is aroused, gladly or not."""
    arousal: float = 0.0
    """0: the voice is as usual, or nothing is known of it; from .5 on it is raised; 1: surely."""
    confidence: float = 0.0
    """0 to 1, of the kind; of the arousal where there is none."""
    cues: tuple[str, ...] = ()
    """Why, each for a person to read: "said “I already told you”", "a raised voice"."""
    held: bool = False
    """It was shown in an earlier turn, and this one says nothing else."""

    @property
    def aroused(self) -> bool:
        return self.arousal >= 0.5
