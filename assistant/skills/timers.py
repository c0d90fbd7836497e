"""Timers, alarms and reminders: as many as are wanted, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from assistant.language.lexicon import DAY, spoken_list
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
from assistant.skills.phrases import NUMBER, Skill, says, skill
from assistant.skills.recurrence import Recurrence, recurrence, split_off_recurrence
from assistant.skills.schedule import Kind, Schedule, Timer
from assistant.tools.registry import ToolError, ToolReply

_NO_NAME = (
    r"(?:for|of|to|a|an|the|my|new|another|recurring|repeating|regular|daily|hourly|weekly|monthly"
    r"|nightly|yearly|annual)\b"
)
_NAME = rf"(?P<name>(?!{_NO_NAME})\S+(?: (?!for\b)\S+)?)"
_SETTING = (
    r"(?:set|sat|start|make|create|begin|run|put|add|schedule|have|get|give me|i need|i want"
    r"|i need to (?:set|start)|i would like)(?: me)?(?: on| up)?"
)
_NEW = (
    rf"(?:{_SETTING}(?: (?:a|an|another|the|my|it|of))?(?: (?:new|recurring|repeating|regular))? )?"
)
_SET = _NEW.removesuffix("?")
_D = rf"(?:about |around |exactly )?(?P<when>{DURATION})"
_UNITS = r"(?:minutes?|mins?|hours?|seconds?)"
_UP = r"(?:is|are|have|has) (?:up|over|passed|gone|gone by|elapsed)"
_TELL = r"(?:let me know|tell me|ping me|nudge me|alert me|warn me|notify me|buzz me|say so)"
_BEHIND = rf"(?: (?:called|named|labelled|for) (?:the |my )?{_NAME})?"
_ANY = r"(?P<when>\S+(?: \S+)*)"
_WHEN = r"(?:in|at|on|every|each|daily|tomorrow) "
_OFTEN = r"(?P<often>daily|hourly|weekly|monthly|nightly|yearly|annual)"
_THEM = r"(?:timers?|alarms?|reminders?)"
_ONE = rf"(?:(?P<name>(?!all\b|any\b)\S+(?: \S+)?) )?(?P<kind>{_THEM})"
_END = (
    r"(?:cancel|stop|delete|remove|turn off|switch off|shut off|end|kill|clear|dismiss|abort"
    r"|get rid of|never mind|forget(?: about)?|i do not need)"
)
_HALF = re.compile(r"\b(?:morning|afternoon|evening|night|noon|midnight|[ap]m|[ap] m)")
_ABOUT = r"(?:not )?(?:to|that|about|of)\b"
_ELSEWHERE = " It rings if the assistant is running then; if not, I tell you at its next start."
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
        known = moment(said["when"], now()) or recurrence(said["when"], now())
        return {"when": said["when"], **named} if known else None

    def waking(said: dict[str, str]) -> Mapping[str, Any] | None:
        early = f"{said['when']} in the morning"
        if "often" in said:
            return often_at(said)
        return at_time({"when": early}) or at_time(said)

    def often_at(said: dict[str, str]) -> Mapping[str, Any] | None:
        when = f"{said['often']} {said.get('when', '')}".strip()
        return {"when": when} if recurrence(when, now()) else None

    def remind(said: dict[str, str]) -> Mapping[str, Any] | None:
        if "when" in said:
            known = moment(said["when"], now()) or recurrence(said["when"], now())
            return {"when": said["when"], "name": said["rest"]} if known else None
        rest = _as_meant(f"{said['rest']} {said['often']}" if "often" in said else said["rest"])
        if moment(rest, now()):
            return {"when": rest, "name": ""}
        parted = split_off_recurrence(rest, now()) or split_off_moment(rest, now())
        if parted is None:
            return {"when": "", "name": rest} if rest.lower().startswith("to ") else None
        if re.match(rf"{_ABOUT}|$", parted[0].lower()):
            return {"when": parted[1], "name": parted[0]}
        return None

    def reminder(said: dict[str, str]) -> Mapping[str, Any] | None:
        """As `remind`, where the noun makes it plain: "a reminder: call Ada at nine"."""
        rest = _as_meant(said["rest"])
        when, _, what = rest.partition(", ")
        if what and moment(when, now()):
            return {"when": when, "name": f"about {what}"}
        thing = re.match(r"(?:the|my|our|a|an)\b", rest.lower()) is not None
        if re.match(_ABOUT, rest.lower()):
            return remind({"rest": rest})
        read = remind({"rest": f"{'about' if thing else 'to'} {rest}"})
        return remind({"rest": rest}) or (read if read and read["when"] else None)

    def told_when(said: dict[str, str]) -> Mapping[str, Any] | None:
        """As `remind`, but not without a time."""
        read = remind(said)
        return read if read and read["when"] and read["name"] else None

    @skill(
        says(rf"{_SET}(?:timer|time|countdown|count down)(?: on)? (?:for |of )?{_D}{_BEHIND}",
             timed),
        says(rf"time (?:me |us )?(?:for )?{_D}", timed),
        says(rf"{_SET}timer (?:(?:that|which) )?(?:goes|to go|going|to ring) (?:off )?in {_D}",
             timed),
        says(rf"{_TELL} in {_D}", timed),
        says(rf"(?:{_TELL} )?when {_D} {_UP}", timed),
        says(rf"{_NEW}timer for (?:the |my ){_NAME} {_D}", timed),
        says(rf"{_NEW}timer (?:for |of )?{_D}{_BEHIND}", timed),
        says(rf"{_SET}{_NAME} timer (?:for |of )?{_D}", timed),
        says(rf"{_NEW}(?:a )?{_D}(?: {_NAME})? timer", timed),
        says(rf"{_NEW}(?:a )?{_D} timer (?:called|named|for) (?:the |my )?{_NAME}", timed),
        says(rf"{_NEW}timer (?:called|named|labelled|for) (?:the |my )?{_NAME} (?:for|of) {_D}",
             timed),
        says(rf"{_NAME} timer (?:for )?{_D}", timed),
        says(rf"count(?: ?down)?(?: down)?(?: from)? {_D}", timed),
        says(rf"{_SET}(?:{_NAME} )?timer", when=""),
        says(rf"{_SET}(?:{_NAME} )?alarm(?: clock)? (?:(?={_WHEN})|for |to ){_ANY}", at_time,
             kind="alarm"),
        says(rf"{_SET}{_OFTEN} alarm(?: clock)?(?: (?:(?=at )|for |to ){_ANY})?", often_at,
             kind="alarm"),
        says(rf"{_SET}{_OFTEN} reminder(?: for me)? (?:for )?(?P<rest>\S+(?: \S+)+)", remind,
             kind="reminder"),
        says(rf"alarm (?:for )?{_ANY}", at_time, kind="alarm"),
        says(rf"(?:wake (?:me|us)(?: up)?|get (?:me|us) up) {_ANY}", waking, kind="alarm"),
        says(rf"{_ANY} wake (?:me|us)(?: up)?", waking, kind="alarm"),
        says(rf"make sure (?:that )?(?:i|we) (?:am|are|get|wake)(?: up)? {_ANY}", waking,
             kind="alarm"),
        says(rf"{_SET}(?:{_NAME} )?alarm(?: clock)?", when="", kind="alarm"),
        says(r"(?:(?:remember|do not forget) to )?remind (?:me|us)(?: for)? "
             r"(?P<rest>\S+(?: \S+)+)", remind, kind="reminder"),
        says(rf"{_SET}reminder(?: for me)? (?:for )?(?P<rest>\S+(?: \S+)+)", reminder,
             kind="reminder"),
        says(r"reminder (?P<rest>(?:to|about|that) \S+(?: \S+)+)", reminder, kind="reminder"),
        says(r"do not let (?:me|us) forget (?P<rest>\S+(?: \S+)+)", reminder, kind="reminder"),
        says(rf"remind (?:me|us) when it is {_ANY}", at_time, kind="reminder"),
        says(r"(?:tell|ask|nudge|ping|alert|notify) me (?P<rest>(?:to|in|at|every) \S+(?: \S+)+)",
             told_when, kind="reminder"),
        says(rf"{_ANY} remind me (?P<rest>(?:to|that|about) \S+(?: \S+)*)", remind,
             kind="reminder"),
        offered=True,
    )  # fmt: skip
    def set_timer(when: str, name: str = "", kind: Kind = "timer") -> ToolReply:
        """Set a timer, an alarm or a reminder. It rings, and you say so, when it is due.

        Args:
            when: A time from now or of the day: "ten minutes", "7:30", "tomorrow at nine", "every
                weekday at seven".
            name: What it is for, like "pasta"; of a reminder what to do, like "to call Ada".
            kind: "timer" for a time from now, "alarm" or "reminder" for one of the day.
        """
        present, length = now(), duration(when)
        then, often = moment(when, present), recurrence(when, present)
        if length is not None and kind != "alarm":
            then = present + length
        if often is not None and kind == "alarm" and not _HALF.search(when.lower()):
            often = recurrence(f"{when} in the morning", present) or often
        if often is not None:
            then, length = often[1], None
        if then is None:
            asked[:] = [] if when else [(kind, name)]
            told = _when_then(kind, when)
            raise ToolError(told, told)
        every = often[0].text if often else ""
        timer, kept = schedule.add(kind, name, then.timestamp(), every)
        schedule.just_set = timer
        rest = "" if kept else " I could not write it down: it ends when I do."
        rest = " I keep it only while I am running." if not schedule.keeps else rest
        if not schedule.rings:
            rest = _ELSEWHERE if kept else " But nothing is kept, so it will not ring."
        told = f"{told_set(timer, length, then, present)}{rest}"
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
        says(rf"(?:what (?:is|are) (?:the status of )?|(?:when|what time) (?:is|are|does|will|do) "
             rf"|check (?:on )?|how is )(?:my|the|our) (?:next )?{_ONE}(?: (?:set(?: for)?|due"
             r"|go off|at|ring|going off|going to (?:ring|go off)|end|over|doing|going|finish"
             r"|run out|be (?:done|over|up)))?", queried),
        says(rf"(?:what|how much) (?:is|time is) (?:left|remaining) on (?:my|the) {_ONE}", queried),
        says(rf"how long (?:has|does) (?:my|the) {_ONE} (?:got|have)(?: left)?", queried),
        says(rf"(?:is|are|do i have|have i got)(?: there)?(?: an?| any)? (?P<kind>{_THEM})"
             rf"(?: (?:set|running|on))?(?: for| on)? (?:today|tonight|tomorrow|{DAY})"
             r"(?: morning| evening| night)?", queried),
        says(rf"is (?:a|any) (?P<kind>{_THEM}) (?:running|on|set|active)", queried),
        says(rf"any (?P<kind>{_THEM})(?: (?:running|set|on|left|active))?", queried),
        says(rf"(?P<kind>{_THEM}) (?:status|left)|(?:how much )?time left|how long (?:do i|have i)"
             r" (?:have|got)(?: left)?", lambda said: queried(said) if schedule.timers() else None),
        says(r"(?:when|what time) (?:will you wake|are you (?:going to wake|waking)) me(?: up)?"
             r"(?: tomorrow)?", kind="alarm"),
        says(rf"is (?:my|the) {_ONE} (?:set|on|running|still running|still on|done|active)",
             queried),
        says(r"what (?:(?:did|have|had) i (?:ask|asked|tell|told|want|wanted) you"
             r"|are you (?:going|supposed"
             r"|meant)|do you have|should you|will you|were you (?:going|supposed)) to remind me"
             r"(?: (?:of|about))?(?: today| tomorrow| later)?|what (?:should|do) i (?:have to "
             r"|need to )?"
             r"remember(?: today| tomorrow)?|what are you reminding me (?:of|about)",
             kind="reminder"),
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
        found = _found(schedule.timers(), name, kind, now())
        if not found:
            running = "set" if kind in ("alarm", "reminder") else "running"
            return f"There is no {_sought(name, kind)} {running}."
        return " ".join(_told_left(each, now()) for each in found[:8])

    @skill(
        says(rf"(?:add|give me|put on)(?: another)? {_D}(?: more)? (?:to|on) (?:the |my )?"
             rf"(?:(?P<name>\S+(?: \S+)?) )?timer", timed),
        says(rf"make (?:the |my )?(?:(?P<name>\S+(?: \S+)?) )?timer {_D} longer", timed),
        says(rf"(?:add|put on)(?: another| an extra)? {_D}(?: more)?(?: to it)?",
             lambda said: timed(said) if _named(schedule.timers(), "", "timer") else None),
        says(rf"(?:add |give (?:it |me )?)?(?P<count>{NUMBER}) (?:more|extra) (?P<unit>{_UNITS})"
             r" (?:on|to|for) (?:the |my )?(?:(?P<name>\S+(?: \S+)?) )?timer",
             lambda said: timed({**said, "when": f"{said['count']} {said['unit']}"})),
        says(rf"give (?:the |my )(?P<name>\S+(?: \S+)?)(?: timer)? (?P<count>{NUMBER}) more "
             rf"(?P<unit>{_UNITS})",
             lambda said: timed({"name": said["name"], "when": f"{said['count']} {said['unit']}"})
             if _named(schedule.timers(), said["name"], "timer") else None),
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
            several = (
                f"Which one? There are {spoken_list([f'the {each.called}' for each in found])}."
            )
            told = several if len(found) > 1 else f"There is no {_sought(name, 'timer')} running."
            raise ToolError(told, told)
        return _told_left(schedule.put_off(found[0], length.total_seconds()), now())

    which: list[str] = []
    """Of what kind one is to be cancelled, where it was asked which."""

    def chosen(words: str) -> Mapping[str, Any] | None:
        if not which:
            return None
        kind = which.pop()
        if re.fullmatch(r"(?:all|both|every one|everything)(?: of them)?|them all", words):
            return {"kind": kind, "everything": True}
        name = _article_off(re.sub(rf"(?: one| {_THEM})$", "", words))
        if not name or len(_found(schedule.timers(), name, kind, now())) != 1:
            return None
        return {"name": name, "kind": kind}

    def ended(said: dict[str, str]) -> Mapping[str, Any] | None:
        many = said.get("kind", "").lower().endswith("s")
        name = _article_off(said.get("name", ""))
        every = bool(said.get("all")) or (many and not name)
        read = queried({**said, "name": name})
        return None if read is None else {**read, **({"everything": True} if every else {})}

    @skill(
        says(rf"{_END} (?:(?P<all>all|every|both)(?: of)?(?: the| my)? |the |my |that |this )?"
             rf"{_ONE}(?: (?:for|called|named|to|about) (?:the |my )?"
             r"(?P<name2>\S+(?: \S+){0,5}))?",
             lambda said: ended({**said, "name": said.get("name") or said.get("name2", "")})),
        says(rf"(?:turn|switch|shut) (?:the |my )?{_ONE} off", ended),
        says(rf"i do not need (?:the |my ){_ONE} (?:any ?more|any longer|after all)", ended),
        says(r"(?:cancel|stop) (?:the |my )(?P<name>\S+(?: \S+)?)", ended),
        says(r"(?:stop|quit|do not|no longer)(?: keep)? (?:reminding|remind) me (?:to |of |about )?"
             r"(?P<name>\S+(?: \S+){0,5}?)(?: (?:any ?more|any longer))?",
             lambda said: ended(said) if _named(schedule.timers(), said["name"], "reminder")
             else None, kind="reminder"),
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
        ringing = _named(schedule.ringing, name, kind)
        if ringing and not everything:
            schedule.quiet()
            return f"The {ringing[0].called} is off."
        found = _found(schedule.timers(), name, kind, now())
        if not found:
            told = f"There is no {_sought(name, kind)} to cancel."
            raise ToolError(told, told)
        if len(found) > 1 and not everything:
            which[:] = [kind]
            told = f"Which one? There are {spoken_list([f'the {each.called}' for each in found])}."
            raise ToolError(told, told)
        schedule.remove(found)
        if len(found) == 1:
            return f"The {found[0].called} is cancelled."
        return f"All {cardinal(len(found))} are cancelled."

    return [
        replace(set_timer, answered=answered),
        show_timers,
        replace(cancel_timer, answered=chosen),
        extend_timer,
    ]


def _as_meant(rest: str) -> str:
    """What recognition makes of "to" ("remind me too call Ada"), and "in ten", which is minutes."""
    unit = r"(?:hours?|minutes?|days?|weeks?|thirty|o'clock|[ap]m)\b"
    rest = re.sub(rf"^(?:too|two|2) (?=[a-z]+ )(?!two {unit})(?!2 {unit})", "to ", rest,
                  flags=re.IGNORECASE)  # fmt: skip
    return re.sub(rf"^in ({NUMBER}) (?=to )", r"in \1 minutes ", rest, flags=re.IGNORECASE)


def _when_then(kind: Kind, when: str) -> str:
    if when:
        return f"I do not understand when {when!r} is. Say it like: in ten minutes, or at nine."
    if kind == "timer":
        return "For how long? Say for example: set a timer for ten minutes."
    ask = "set an alarm for seven" if kind == "alarm" else "remind me to call Ada at nine"
    return f"For what time? Say for example: {ask}."


def told_set(timer: Timer, length: Any, then: datetime, present: datetime) -> str:
    when = _when(timer, then, present)
    if timer.kind == "timer" and length is not None:
        return f"Your {timer.called} is set: {spoken_duration(length)}."
    if timer.kind == "reminder":
        return f"{f'I will remind you {when} {second_person(timer.name)}'.rstrip()}."
    return f"Your {timer.called} is set: {when}."


def _when(timer: Timer, then: datetime, present: datetime) -> str:
    """ "tomorrow at noon", "every two weeks at noon, for the first time on Friday"."""
    if not timer.every:
        return spoken_moment(then, present)
    often = Recurrence.read(timer.every)
    if often.unit != "days" or often.count == 1:
        return often.spoken
    day = spoken_moment(then, present).rpartition(" at ")[0] or "today"
    return f"{often.spoken}, the next time {day},".rstrip("," if timer.kind != "reminder" else "")


def _told_left(timer: Timer, present: datetime) -> str:
    then = datetime.fromtimestamp(timer.due, present.tzinfo)
    if timer.kind == "timer" and not timer.every:
        left = spoken_duration(then - present)
        return f"Your {timer.called} has {left} left."
    when = _when(timer, then, present)
    if timer.kind != "reminder":
        return f"Your {timer.called} is set: {when}."
    told = f"I will remind you {when} {second_person(timer.name)}"
    return f"{told.rstrip()}."


def _named(timers: Sequence[Timer], name: str, kind: str) -> list[Timer]:
    wanted = name.casefold()
    found = [
        each
        for each in timers
        if kind in ("", each.kind) and (not wanted or wanted in each.name.casefold())
    ]
    return [each for each in found if wanted and each.name.casefold() == wanted] or found


def _found(timers: Sequence[Timer], name: str, kind: str, present: datetime) -> list[Timer]:
    """As `_named`, or by the time: "the seven o'clock alarm", "the alarm for tomorrow"."""
    found = _named(timers, name, kind)
    if not found and re.fullmatch(r"daily|hourly|weekly|monthly|recurring|repeating", name.lower()):
        return [each for each in timers if each.every and kind in ("", each.kind)]
    then = moment(name, present) if name and not found else None
    if then is None:
        return found
    day_alone = moment(f"{name} at one", present) is not None
    due = [(each, datetime.fromtimestamp(each.due, present.tzinfo)) for each in timers]
    return [
        each
        for each, at in due
        if kind in ("", each.kind)
        and (
            at.date() == then.date()
            if day_alone
            else (at.hour % 12, at.minute) == (then.hour % 12, then.minute)
        )
    ]


def _sought(name: str, kind: str) -> str:
    return f"{name} {kind or 'timer'}".strip()


def _article_off(name: str) -> str:
    return re.sub(r"^(?:the|my|that|this|a|an|next)(?: |$)", "", name, flags=re.IGNORECASE)
