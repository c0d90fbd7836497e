"""What rings is answered: silenced, or put off; and what has just been set is corrected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from assistant.language.lexicon import spoken_list
from assistant.skills.moments import DURATION, duration, moment, spoken_duration
from assistant.skills.phrases import NUMBER, Skill, says, skill
from assistant.skills.schedule import Schedule, Timer
from assistant.skills.timers import told_set
from assistant.tools.registry import ToolError, tool

_FOR = rf"(?P<when>{DURATION})"
_MORE = (
    rf"(?:(?P<another>another )?(?P<when>{DURATION})(?P<behind> more| longer)?"
    rf"|(?P<count>{NUMBER}) more (?P<unit>(?:minutes?|mins?|hours?|seconds?)))"
)
_HEARD = (
    r"(?:okay|ok|alright|all right|thanks|thank you|got it|yes|yeah|yep|stop|stop it|stop that"
    r"|stop ringing|enough|that is enough|quiet|be quiet|shut up|silence|off|turn it off"
    r"|switch it off|dismiss|dismiss it|done|i know|good|great|fine|coming|i am coming)"
)


def ringing_skills(schedule: Schedule, now: Callable[[], datetime]) -> list[Skill]:
    """`stop_ringing` and `snooze`."""

    def rings(said: dict[str, str]) -> Mapping[str, Any] | None:
        return said if schedule.ringing else None

    def more(said: dict[str, str]) -> Mapping[str, Any] | None:
        when = said.get("when") or f"{said['count']} {said['unit']}"
        marked = said.keys() & {"another", "behind", "count"}
        known = schedule.ringing or (schedule.rang and marked)
        return {"when": when} if known and duration(when) else None

    @skill(
        says(rf"(?:i (?:am|have) (?:awake|up|got up|heard (?:it|you))|{_HEARD})"
             rf"(?: (?:{_HEARD}|now|i (?:am|have) (?:awake|up|got up|heard (?:it|you))))*", rings),
    )  # fmt: skip
    def stop_ringing() -> str:
        """Stop what rings: a timer, an alarm."""
        stopped = schedule.quiet()
        return f"The {spoken_list([each.called for each in stopped])} is off." if stopped else ""

    @skill(
        says(r"snooze(?: (?:it|that|the|my|this|alarm|timer|reminder))*(?: (?:for|by) "
             rf"{_FOR})?", lambda said: said if duration(said.get("when", "a minute")) else None),
        says(rf"(?:give me |i need |i want |just |let me have |only )?{_MORE}", more),
        says(rf"(?:wake me(?: up)?|remind me|ring|tell me|ask me|try)(?: again)? in {_FOR}"
             r"(?: again)?", lambda said: more(said) if schedule.ringing else None),
        says(r"(?:not yet|later|let me sleep|go away|remind me later|ask me later)", rings),
    )  # fmt: skip
    def snooze(when: str = "ten minutes") -> str:
        """Let what rings, or rang just now, ring again later.

        Args:
            when: After how long, like "five minutes".
        """
        length = duration(when)
        if length is None:
            raise ToolError(f"I do not understand how long {when!r} is.")
        rang = schedule.quiet() or schedule.rang
        if not rang:
            told = "Nothing rings, and nothing rang a moment ago."
            raise ToolError(told, told)
        schedule.rang = []
        again = (now() + length).timestamp()
        for each in rang:
            schedule.add(each.kind, each.name, again)
        return f"I will tell you again in {spoken_duration(length)}."

    return [stop_ringing, snooze, _correction(schedule, now)]


_SORRY = r"(?:actually|no|oh|sorry|wait|hm|i am sorry|well|okay|please|can you|could you)"
_TAKE_BACK = re.compile(
    rf"(?:{_SORRY} )*(?:cancel|undo|delete|remove|forget|scratch|drop|stop) (?:that|it|this)"
    r"(?: (?:timer|alarm|reminder|one|again|please|then))*"
)
_OTHERWISE = re.compile(
    rf"(?:{_SORRY} )*(?:(?:make|change|set|move|put) (?:it|that|this) |i meant? )?"
    r"(?:(?:for|at|to) )?(?P<when>.+?)(?: (?:instead|please|then|rather))*"
)


def _correction(schedule: Schedule, now: Callable[[], datetime]) -> Skill:
    """`correct_timer`: only the turn behind the one that set it."""
    meant: list[tuple[Timer, datetime | None]] = []
    """The one that is corrected, and when it is due instead; None: not at all."""

    def answered(words: str) -> Mapping[str, Any] | None:
        timer, schedule.just_set = schedule.just_set, None
        meant.clear()
        if timer is None or timer not in schedule.timers():
            return None
        if _TAKE_BACK.fullmatch(words):
            meant.append((timer, None))
            return {}
        otherwise = _OTHERWISE.fullmatch(words)
        due = _due(timer, otherwise["when"], now()) if otherwise else None
        if due is None or abs(due.timestamp() - timer.due) < 60:
            return None  # nothing of the kind, or the same once more
        meant.append((timer, due))
        return {}

    @tool(offered=False)
    def correct_timer() -> str:
        """Set what was set a moment ago otherwise, or not at all."""
        timer, due = meant.pop()
        schedule.remove([timer])
        if due is None:
            return f"The {timer.called} is cancelled."
        new, _ = schedule.add(timer.kind, timer.name, due.timestamp())
        length = due - now() if new.kind == "timer" else None
        return told_set(new, length, due, now())

    return Skill(correct_timer.name, (), correct_timer, answered)


def _due(timer: Timer, when: str, present: datetime) -> datetime | None:
    """ "fifteen minutes", "half past six"; of a timer "fifteen" is minutes."""
    if timer.kind == "timer":
        length = duration(when) or duration(f"{when} minutes")
        return present + length if length is not None else moment(when, present)
    length = duration(when)
    if length is not None and timer.kind == "reminder":
        return present + length
    early = f"{when} in the morning" if timer.kind == "alarm" else when
    return moment(early, present) or moment(when, present)
