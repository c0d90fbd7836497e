"""Skills: what can be asked for in words, and is done without a language model.

Each is a tool of the one registry, so that a model may call it, too. A file holds one kind of them;
see `phrases` for how words become calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from assistant.skills.about import OwnFacts, about_skills
from assistant.skills.calendar import calendar_skills
from assistant.skills.lists import Lists, list_skills
from assistant.skills.phrases import Skill, SkillSet
from assistant.skills.schedule import Schedule
from assistant.skills.small import chance_skills, stopwatch_skills, word_skills
from assistant.skills.timers import timer_skills
from assistant.skills.units import unit_skills

__all__ = ["Lists", "Schedule", "SkillSet", "SkillSources", "all_skills"]


@dataclass(slots=True)
class SkillSources:
    """What skills look at."""

    heard: Callable[[], Sequence[str]] = tuple
    """The user's turns, the present one last."""
    facts: Callable[[], OwnFacts] = OwnFacts
    now: Callable[[], datetime] = lambda: datetime.now().astimezone()
    clock: Callable[[], float] = time.monotonic
    """Seconds that only go on."""
    schedule: Schedule = field(default_factory=Schedule)
    lists: Lists = field(default_factory=Lists)
    random: Random = field(default_factory=Random)


def all_skills(sources: SkillSources) -> list[Skill]:
    """Every skill there is, bound to one session."""
    return [
        *chance_skills(sources.random),
        *word_skills(sources.heard),
        *calendar_skills(sources.now),
        *unit_skills(),
        *list_skills(sources.lists),
        *timer_skills(sources.schedule, sources.now),
        *stopwatch_skills(sources.clock),
        *about_skills(sources.facts),
    ]
