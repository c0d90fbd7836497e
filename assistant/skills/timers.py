"""Timers, alarms and reminders: as many as are wanted, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from assistant.language.lexicon import DAY
from assistant.language.numbers import cardinal
from assistant.language.person import second_person
from assistant.skills.moments import (
    DURATION,
    duration,
    moment,
    split_off_moment,
    spoken_duration,
    spoken_moment,
)
from assistant.skills.phrases import Skill, listed, says, skill
from assistant.skills.schedule import Kind, Schedule, Timer
from assistant.tools.registry import ToolError, ToolReply

_NAME = r"(?P<name>(?!(?:for|of|to|a|an|the|my|new|another)\b)\S+(?: (?!for\b)\S+)?)"
_NEW = (
    r"(?:(?:set|start|make|create|begin|run|put|give me|i need|i want|i need to (?:set|start)"
    r"|i would like)(?: me)?(?: on| up)?(?: (?:a|an|another|the|my))?(?: new)? )?"
)
_SET = _NEW.removesuffix("?")
_D = rf"(?P<when>{DURATION})"
_BEHIND = rf"(?: (?:called|named|labelled|for) (?:the |my )?{_NAME})?"
_ANY = r"(?P<when>\S+(?: \S+)*)"
_THEM = r"(?:timers?|alarms?|reminders?)"
_ONE = rf"(?:(?P<name>(?!all\b|any\b)\S+(?: \S+)?) )?(?P<kind>{_THEM})"
_END = (
    r"(?:cancel|stop|delete|remove|turn off|switch off|shut off|end|kill|clear|dismiss|abort"
    r"|get rid of)"
)
_REPEATED = re.compile(
    rf"\b(?:(?:every|each)(?: other)? (?:{DAY}|(?:week)?days?|weeks?|hours?|mornings?|evenings?"
    r"|nights?|months?|years?|minutes?)|daily|weekly|hourly)\b"
)
"""Nothing comes back by itself yet, and nothing is set that would only ring once."""
_LEFT = (
    r"how (?:long|much time|much longer|many minutes|many seconds)(?: (?:is|are|do i have|have i"
    r"|have i got|is there|does it have|has it got|until|till))*(?: still)?"
)


def timer_skills(schedule: Schedule, now: Callable[[], datetime]) -> list[Skill]:
    """`set_timer`, `show_timers`, `cancel_timer` and `extend_timer`."""

    asked: list[tuple[Kind, str]] = []
    """What there is to be set, where it was asked for when."""

    def answered(words: str) -> Mapping[str, Any] | None:
        if not asked:
            return None
        kind, name = asked.pop()
        timed_for = duration(words.removeprefix("for ")) if kind != "alarm" else None
        if timed_for is None and moment(words.removeprefix("for "), now()) is None:
            return None
        return {"when": words.removeprefix("for "), "name": name, "kind": kind}

    def timed(said: dict[str, str]) -> Mapping[str, Any] | None:
        name = said.get("name", "")
        return None if duration(said["when"]) is None else {"when": said["when"], "name": name}

    def at_time(said: dict[str, str]) -> Mapping[str, Any] | None:
        named = {"name": said["name"]} if said.get("name") else {}
        once = " ".join(_REPEATED.sub("", said["when"]).split())
        return {"when": said["when"], **named} if moment(once, now()) else None

    def waking(said: dict[str, str]) -> Mapping[str, Any] | None:
        early = f"{said['when']} in the morning"
        return at_time({"when": early}) or at_time(said)

    def remind(said: dict[str, str]) -> Mapping[str, Any] | None:
        if "when" in said:
            known = moment(said["when"], now())
            return {"when": said["when"], "name": said["rest"]} if known else None
        if _REPEATED.search(said["rest"]):
            return {"when": "", "name": said["rest"]}
        if moment(said["rest"], now()):
            return {"when": said["rest"], "name": ""}
        parted = split_off_moment(said["rest"], now())
        if parted is None:
            to = said["rest"].lower().startswith("to ")
            return {"when": "", "name": said["rest"]} if to else None
        about = re.match(r"(?:not )?(?:to|that|about|of)\b", parted[0].lower())
        return {"when": parted[1], "name": parted[0]} if about else None

    @skill(
        says(rf"{_SET}timer (?:for |of )?{_D}{_BEHIND}", timed),
        says(rf"{_NEW}timer (?:for |of )?{_D}{_BEHIND}", timed),
        says(rf"{_SET}{_NAME} timer (?:for |of )?{_D}", timed),
        says(rf"{_NEW}(?:a )?{_D}(?: {_NAME})? timer", timed),
        says(rf"{_NEW}(?:a )?{_D} timer (?:called|named|for) (?:the |my )?{_NAME}", timed),
        says(rf"{_NEW}timer (?:called|named|labelled|for) (?:the |my )?{_NAME} (?:for|of) {_D}",
             timed),
        says(rf"{_NAME} timer (?:for )?{_D}", timed),
        says(rf"count(?: ?down)?(?: down)?(?: from)? {_D}", timed),
        says(rf"{_SET}(?:{_NAME} )?timer", when=""),
        says(rf"{_SET}(?:{_NAME} )?alarm(?: clock)? (?:(?=in |at |on )|for |to ){_ANY}", at_time,
             kind="alarm"),
        says(rf"alarm (?:(?=in |at )|for ){_ANY}", at_time, kind="alarm"),
        says(rf"wake (?:me|us)(?: up)? {_ANY}", waking, kind="alarm"),
        says(rf"{_SET}(?:{_NAME} )?alarm(?: clock)?", when="", kind="alarm"),
        says(r"(?:remind (?:me|us)|(?:set|make|create|give me|i need|i want)(?: me)? a reminder)"
             r"(?: for me)? (?:for )?(?P<rest>\S+(?: \S+)+)", remind, kind="reminder"),
        says(r"snooze(?: it| the alarm)?", when="in ten minutes", kind="alarm"),
        says(rf"{_ANY} remind me (?P<rest>(?:to|that|about) \S+(?: \S+)*)", remind,
             kind="reminder"),
        offered=True,
    )  # fmt: skip
    def set_timer(when: str, name: str = "", kind: Kind = "timer") -> ToolReply:
        """Set a timer, an alarm or a reminder. It rings, and you say so, when it is due.

        Args:
            when: A time from now or of the day: "ten minutes", "7:30", "tomorrow at nine".
            name: What it is for, like "pasta"; of a reminder what to do, like "to call Ada".
            kind: "timer" for a time from now, "alarm" or "reminder" for one of the day.
        """
        if _REPEATED.search(f"{when} {name}"):
            told = f"I can remind you once, but not again and again: no {kind} is set."
            raise ToolError(told, told)
        present, length = now(), duration(when)
        then = moment(when, present)
        if length is not None and kind != "alarm":
            then = present + length
        if then is None:
            asked[:] = [] if when else [(kind, name)]
            told = _when_then(kind, when)
            raise ToolError(told, told)
        timer, kept = schedule.add(kind, name, then.timestamp())
        rest = "" if kept else " I could not write it down: it ends when I do."
        rest = " I keep it only while I am running." if not schedule.keeps else rest
        told = f"{_told_set(timer, length, then, present)}{rest}"
        return ToolReply(told, told)

    def queried(said: dict[str, str]) -> Mapping[str, Any] | None:
        name = _article_off(said.get("name", ""))
        kind = said.get("kind", "").lower().rstrip("s")
        if name and not kind and not _named(schedule.timers(), name, ""):
            return None
        return {key: value for key, value in (("name", name), ("kind", kind)) if value}

    @skill(
        says(rf"{_LEFT} (?:left|remaining|to go|more)(?: (?:on|for|in|of|until) (?:the |my )?"
             rf"(?:{_ONE}|(?P<name2>\S+(?: \S+)?)))?",
             lambda said: queried({**said, "name": said.get("name") or said.get("name2", "")})),
        says(rf"{_LEFT} (?:until|till|before|for|on) (?:the |my )?{_ONE}(?: (?:is done|rings"
             r"|goes off|is over|ends|is up|have left|has left|left))?", queried),
        says(rf"(?:what|which|how many)(?: (?:of )?my)? (?P<kind>{_THEM})(?: (?:are|is|do i have"
             r"|have i|have i got|there|did i set))*"
             r"(?: (?:running|set|on|active|there|left|going))?", queried),
        says(rf"(?:show|list|read|tell)(?: me)?(?: all)?(?: of)? (?:my|the|all) (?P<kind>{_THEM})",
             queried),
        says(rf"(?:are there|do i have|have i got|is there)(?: any| an?)? (?P<kind>{_THEM})"
             r"(?: (?:running|set|on|active|going|left))?", queried),
        says(rf"(?:what (?:is|are) (?:the status of )?|when (?:is|are|does) |what time is |check )"
             rf"my (?:next )?{_ONE}(?: (?:set(?: for)?|due|go off|at|ring|going off|end|over))?",
             queried),
        says(rf"is (?:my|the) {_ONE} (?:set|on|running|still running|still on|done|active)",
             queried),
        says(r"how much longer|how long left|what is left on the clock",
             lambda said: {} if schedule.timers() else None),
        offered=True,
    )  # fmt: skip
    def show_timers(name: str = "", kind: Kind | Literal[""] = "") -> str:
        """Tell which timers, alarms and reminders are set, and how long they have left.

        Args:
            name: Only those of this name.
            kind: Only these.
        """
        found = _named(schedule.timers(), name, kind)
        if not found:
            return f"There is no {_sought(name, kind)} running."
        return " ".join(_told_left(each, now()) for each in found[:8])

    @skill(
        says(rf"(?:add|give me|put on)(?: another)? {_D}(?: more)? (?:to|on) (?:the |my )?"
             rf"(?:(?P<name>\S+(?: \S+)?) )?timer", timed),
        says(rf"(?:extend|prolong|lengthen) (?:the |my )?(?:(?P<name>\S+(?: \S+)?) )?timer by {_D}",
             timed),
    )  # fmt: skip
    def extend_timer(when: str, name: str = "") -> str:
        """Give a timer more time.

        Args:
            when: How much, like "five minutes".
            name: Which, by its name.
        """
        length = duration(when)
        found = _named(schedule.timers(), name, "timer")
        if length is None or len(found) != 1:
            several = f"Which one? There are {listed([f'the {each.called}' for each in found])}."
            told = several if len(found) > 1 else f"There is no {_sought(name, 'timer')} running."
            raise ToolError(told, told)
        return _told_left(schedule.put_off(found[0], length.total_seconds()), now())

    def ended(said: dict[str, str]) -> Mapping[str, Any] | None:
        many = said.get("kind", "").lower().endswith("s")
        name = _article_off(said.get("name", ""))
        every = bool(said.get("all")) or (many and not name)
        read = queried({**said, "name": name})
        return None if read is None else {**read, **({"everything": True} if every else {})}

    @skill(
        says(rf"{_END} (?:(?P<all>all|every|both)(?: of)?(?: the| my)? |the |my |that |this )?"
             rf"{_ONE}(?: (?:for|called|named) (?:the |my )?(?P<name2>\S+(?: \S+)?))?",
             lambda said: ended({**said, "name": said.get("name") or said.get("name2", "")})),
        says(rf"(?:turn|switch|shut) (?:the |my )?{_ONE} off", ended),
        offered=True,
    )  # fmt: skip
    def cancel_timer(
        name: str = "", kind: Kind | Literal[""] = "", everything: bool = False
    ) -> str:
        """Cancel a timer, an alarm or a reminder.

        Args:
            name: Which, by its name.
            kind: Which kind.
            everything: All of these, where there are several.
        """
        found = _named(schedule.timers(), name, kind)
        if not found:
            told = f"There is no {_sought(name, kind)} to cancel."
            raise ToolError(told, told)
        if len(found) > 1 and not everything:
            told = f"Which one? There are {listed([f'the {each.called}' for each in found])}."
            raise ToolError(told, told)
        schedule.remove(found)
        if len(found) == 1:
            return f"The {found[0].called} is cancelled."
        return f"All {cardinal(len(found))} are cancelled."

    return [replace(set_timer, answered=answered), show_timers, cancel_timer, extend_timer]


def _when_then(kind: Kind, when: str) -> str:
    if when:
        return f"I do not understand when {when!r} is. Say it like: in ten minutes, or at nine."
    if kind == "timer":
        return "For how long? Say for example: set a timer for ten minutes."
    ask = "set an alarm for seven" if kind == "alarm" else "remind me to call Ada at nine"
    return f"For what time? Say for example: {ask}."


def _told_set(timer: Timer, length: Any, then: datetime, present: datetime) -> str:
    when = spoken_moment(then, present)
    if timer.kind == "timer" and length is not None:
        return f"Your {timer.called} is set: {spoken_duration(length)}."
    if timer.kind == "reminder":
        return f"{f'I will remind you {when} {second_person(timer.name)}'.rstrip()}."
    return f"Your {timer.called} is set: {when}."


def _told_left(timer: Timer, present: datetime) -> str:
    then = datetime.fromtimestamp(timer.due, present.tzinfo)
    if timer.kind == "timer":
        left = spoken_duration(then - present)
        return f"Your {timer.called} has {left} left."
    if timer.kind == "alarm":
        return f"Your {timer.called} is set: {spoken_moment(then, present)}."
    told = f"I will remind you {spoken_moment(then, present)} {second_person(timer.name)}"
    return f"{told.rstrip()}."


def _named(timers: Sequence[Timer], name: str, kind: str) -> list[Timer]:
    wanted = name.casefold()
    found = [
        each
        for each in timers
        if kind in ("", each.kind) and (not wanted or wanted in each.name.casefold())
    ]
    return [each for each in found if wanted and each.name.casefold() == wanted] or found


def _sought(name: str, kind: str) -> str:
    return f"{name} {kind or 'timer'}".strip()


def _article_off(name: str) -> str:
    return re.sub(r"^(?:the|my|that|this|a|an|next)(?: |$)", "", name, flags=re.IGNORECASE)
