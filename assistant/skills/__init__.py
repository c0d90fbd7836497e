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

from assistant.language.numbers import cardinal
from assistant.skills.about import OwnFacts, about_skills
from assistant.skills.beyond import Limits
from assistant.skills.calendar import calendar_skills
from assistant.skills.feelings import HowBeen, feeling_skills, nothing_known
from assistant.skills.lists import Lists, list_skills
from assistant.skills.phrases import Skill, SkillSet
from assistant.skills.ringing import ringing_skills
from assistant.skills.schedule import Schedule
from assistant.skills.several import several_timers
from assistant.skills.small import chance_skills, stopwatch_skills, word_skills
from assistant.skills.timers import timer_skills
from assistant.skills.units import unit_skills
from assistant.tools.registry import ToolError

__all__ = ["Kept", "Limits", "Lists", "Schedule", "SkillSet", "SkillSources", "all_skills"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What goes, too, where the user wants everything forgotten."""

    schedule: Schedule
    lists: Lists

    def named(self) -> list[str]:
        """ "your two lists", "three timers and reminders"; nothing where there is nothing."""
        named = []
        try:
            lists = sum(bool(items) for items in self.lists.read().values())
        except ToolError:
            lists = 1  # which cannot be read, and can be deleted
        if lists:
            named.append("your list" if lists == 1 else f"your {cardinal(lists)} lists")
        if timers := len(self.schedule.timers()):
            what = "what I was to remind you of" if timers == 1 else "your timers and reminders"
            named.append(what)
        return named

    def clear(self) -> None:
        """Raises `ToolError` where a file cannot be deleted."""
        self.schedule.clear()
        self.lists.clear()


@dataclass(slots=True)
class SkillSources:
    """What skills look at."""

    heard: Callable[[], Sequence[str]] = tuple
    """The user's turns, the present one last."""
    talk: Callable[[], Sequence[tuple[str, str]]] = tuple
    """Both sides' turns, (role, text), the user's present one last."""
    facts: Callable[[], OwnFacts] = OwnFacts
    now: Callable[[], datetime] = lambda: datetime.now().astimezone()
    clock: Callable[[], float] = time.monotonic
    """Seconds that only go on."""
    schedule: Schedule = field(default_factory=Schedule)
    lists: Lists = field(default_factory=Lists)
    how_been: HowBeen = nothing_known
    """How the user was, as far as anybody may know it."""
    random: Random = field(default_factory=Random)


def all_skills(sources: SkillSources) -> list[Skill]:
    """Every skill there is, bound to one session."""
    timers = timer_skills(sources.schedule, sources.now)
    return [
        *chance_skills(sources.random),
        *word_skills(sources.heard, sources.talk, lambda: sources.facts().brain == "scripted"),
        *calendar_skills(sources.now),
        *unit_skills(),
        *list_skills(sources.lists),
        *ringing_skills(sources.schedule, sources.now),
        several_timers(timers[0]),
        *timers,
        *stopwatch_skills(sources.clock),
        *about_skills(sources.facts),
        *feeling_skills(sources.how_been, sources.now),
    ]
