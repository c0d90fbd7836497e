"""A new window of a conversation, measured: prompt, notes and tail run beside whole frames.

What runs beside a frame makes it late where both together take longer than the frame lasts. The
same is counted without anything beside, so that what the machine cannot do anyway is not laid to
the swap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from assistant.backends.moshi.contract import KnownStep, LanguageModel
from assistant.backends.moshi.prompts.personas import CHUNK, NOTES_SHARE
from assistant.backends.moshi.prompts.prompting import PromptPlan, persona_prompt
from assistant.backends.moshi.prompts.tail import TAIL, CatchingUp, RecentSteps
from assistant.frames import FRAME_SECONDS

VOICE = 50
"""Frames of the prompt's voice."""
WORDS = 420
"""Tokens of a persona's text with 200 words of notes, where so many may be told."""
QUICK = 40
"""Tokens and steps of the tail, for a quick look."""


@dataclass(slots=True)
class SwapTimes:
    """Milliseconds of each part."""

    prompt: list[float] = field(default_factory=list)
    """A chunk of the prompt."""
    tail: list[float] = field(default_factory=list)
    """A chunk of what follows it."""
    over: list[float] = field(default_factory=list)
    """Going over: the rest of the tail, and putting the state back."""
    beside: list[float] = field(default_factory=list)
    """A whole frame with what was run beside it."""
    alone: list[float] = field(default_factory=list)
    """A whole frame with nothing beside it."""
    positions: int = 0
    """Of the state that it goes over to."""
    tail_positions: int = 0

    @property
    def late(self) -> int:
        """Frames that took longer than they last."""
        return sum(ms > 1000 * FRAME_SECONDS for ms in self.beside)

    @property
    def late_alone(self) -> int:
        return sum(ms > 1000 * FRAME_SECONDS for ms in self.alone)


def swap_times(
    model: LanguageModel,
    frame: Callable[[], float],
    timed: Callable[[Callable[[], object]], float],
    dice: np.random.Generator,
    *,
    quick: bool,
) -> SwapTimes:
    """One swap beside a conversation. `frame()` runs a whole frame and returns its milliseconds;
    `timed(work)` those of other work, the device's included."""
    times = SwapTimes()
    recent = RecentSteps(model.shape.context)
    for step in _steps(model, dice, QUICK if quick else TAIL):
        recent.add(step)
    prefill = model.prefill(_plan(model, dice, quick=quick), CHUNK)
    while not prefill.done:
        times.prompt.append(timed(prefill.advance))
        times.beside.append(times.prompt[-1] + frame())
        times.alone.append(frame())
    tail = CatchingUp(model, prefill.snapshot(), recent, CHUNK)
    while tail.behind:
        times.tail.append(timed(tail.advance))
        times.beside.append(times.tail[-1] + frame())
        times.alone.append(frame())
        for step in _steps(model, dice, 2):
            tail.take(step)
    times.tail_positions = tail.length

    def go_over() -> None:
        snapshot = tail.arrive()
        times.positions = snapshot.positions
        model.put_back(snapshot)

    times.over.append(timed(go_over))
    times.beside.append(times.over[-1] + frame())
    times.alone.append(frame())
    return times


def _plan(model: LanguageModel, dice: np.random.Generator, *, quick: bool) -> PromptPlan:
    shape = model.shape
    count = QUICK if quick else min(WORDS, int(NOTES_SHARE * shape.context))
    voice = dice.integers(0, shape.card, (5 if quick else VOICE, shape.agent_codebooks))
    words = dice.integers(4, shape.text_card, count)
    return persona_prompt(list(voice), [int(word) for word in words], shape.padding)


def _steps(model: LanguageModel, dice: np.random.Generator, count: int) -> list[KnownStep]:
    shape = model.shape
    return [
        KnownStep(
            dice.integers(0, shape.card, shape.user_codebooks),
            shape.padding,
            dice.integers(0, shape.card, shape.agent_codebooks),
        )
        for _ in range(count)
    ]
