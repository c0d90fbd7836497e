"""What will be said when, and what will go wrong meanwhile. The same seed gives the same hours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Literal, get_args

from assistant.bench.latency import CHANGES, QUESTIONS

FaultKind = Literal[
    "crash",
    "hang",
    "frames lost",
    "frames late",
    "noise",
    "bad frame",
    "disk full",
    "tool fails",
    "tool too slow",
    "persona file broken",
    "brain fails",
]
FAULTS: tuple[FaultKind, ...] = get_args(FaultKind)
DEADLY: tuple[FaultKind, ...] = ("crash", "hang")
"""These end the child."""
ASKED: tuple[FaultKind, ...] = ("tool fails", "tool too slow", "brain fails")
"""These happen where the brain answers."""
FAULT_EVERY = 300.0
"""Seconds of simulated time."""
CHANGE_EVERY = 10
"""Turns: every so many the user asks for another persona."""

Phase = Literal["before", "during", "after"]
"""Of the user's turn: in the silence before, in the midst of its words, while it is answered."""
TurnKind = Literal["spoken", "typed", "change", "key"]
"""`change`: of persona, in spoken words; `key`: the same by a key."""


@dataclass(frozen=True, slots=True)
class Fault:
    kind: FaultKind
    phase: Phase


@dataclass(frozen=True, slots=True)
class PlannedTurn:
    """One turn of the user."""

    at: float
    """Earliest second at which it begins; the user lets the assistant finish."""
    kind: TurnKind
    text: str
    """What is said; of a `key` the persona's slug."""
    fault: Fault | None = None


def plan(
    hours: float,
    turns_per_hour: int,
    *,
    seed: int,
    words: bool,
    slugs: list[str],
    fault_every: float = FAULT_EVERY,
    deadly: float = 0.5,
) -> list[PlannedTurn]:
    """The turns in order. `words`: the backend understands speech, so the user speaks sentences and
    asks for personas by name; where it does not, some turns are typed, so that a brain is asked.

    In the first `deadly` part of the time the child is killed among other things; in the rest of it
    it lives, so that it can be seen whether it grows.
    """
    random = Random(seed)
    seconds = hours * 3600
    spacing = 3600 / turns_per_hour
    turns = [
        _turn(number, number * spacing + 1.0, random, words=words, slugs=slugs)
        for number in range(round(hours * turns_per_hour))
    ]
    phases: tuple[Phase, ...] = ("during", "after", "before")
    kinds: list[FaultKind] = []
    for number in range(int(seconds / fault_every)):
        at = (number + 0.5) * fault_every
        allowed = [kind for kind in FAULTS if at <= deadly * seconds or kind not in DEADLY]
        kinds = [kind for kind in kinds if kind in allowed] or random.sample(allowed, len(allowed))
        fault = Fault(kinds.pop(), phases[number % len(phases)])
        index = min(len(turns) - 1, int(at / spacing))
        turns[index] = _struck(turns[index], fault, random, words=words)
    return turns


def _struck(turn: PlannedTurn, fault: Fault, random: Random, *, words: bool) -> PlannedTurn:
    """The turn with its fault, and such that the fault can happen in it."""
    if fault.kind in ASKED and turn.kind != ("spoken" if words else "typed"):
        turn = replace(turn, kind="spoken" if words else "typed", text=random.choice(QUESTIONS))
    elif fault.phase == "during" and turn.kind in ("typed", "key"):
        turn = replace(turn, kind="spoken", text=random.choice(QUESTIONS))
    return replace(turn, fault=fault)


def _turn(number: int, at: float, random: Random, *, words: bool, slugs: list[str]) -> PlannedTurn:
    if number % CHANGE_EVERY == CHANGE_EVERY - 1:
        change = number // CHANGE_EVERY
        if words:
            return PlannedTurn(at, "change", CHANGES[change % len(CHANGES)])
        return PlannedTurn(at, "key", slugs[change % len(slugs)])
    kind: TurnKind = "typed" if not words and number % 3 == 1 else "spoken"
    return PlannedTurn(at, kind, random.choice(QUESTIONS))
