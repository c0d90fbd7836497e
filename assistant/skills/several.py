"""Several timers in one sentence: "a pasta timer for ten minutes and an egg timer for six"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assistant.skills.phrases import Skill, SkillSet, says, skill
from assistant.tools.registry import ToolReply

_THING = r"(?:timers?|alarms?|countdown)"
_ANOTHER = r"(?:one|(?:an?|another)(?: other| second| third)?)"
_NEXT = rf"(?:and|then|also|plus) (?:also |then )?{_ANOTHER} (?=\S)"
"""Where the next one begins; "one hour and a half" has no such thing behind it that is one."""
_COUNTED = re.compile(r"^(?P<set>.*?)(?:two|three|four|2|3|4|some) timers?[,:]?\s+(?=one|an?\b)")
_MOST = 4


def several_timers(set_timer: Skill) -> Skill:
    """`set_timers`: each part of the sentence is a request that `set_timer` knows."""
    alone = SkillSet([set_timer])
    one = set_timer.tool
    assert one is not None

    def parts(said: dict[str, str]) -> Mapping[str, Any] | None:
        requests = _parted(said["all"])
        calls = [alone.call(each) for each in requests]
        if not 2 <= len(calls) <= _MOST or any(
            call is None or not call.arguments.get("when") for call in calls
        ):
            return None
        return {"requests": requests}

    @skill(says(rf"(?P<all>(?=.*\b{_THING}\b)\S+(?: \S+)* {_NEXT}\S+(?: \S+)*)", parts))
    def set_timers(requests: list[str]) -> ToolReply:
        """Set more than one timer at once.

        Args:
            requests: Each in words, like "set a timer for ten minutes".
        """
        told = []
        for request in requests:
            call = alone.call(request)
            if call is not None:
                reply = one(**one.check(call.arguments))
                told.append(reply.spoken)
        return ToolReply(" ".join(told), " ".join(told))

    return set_timers


def _parted(words: str) -> list[str]:
    """ "set two timers, one for five minutes and one for ten" → two whole requests; the unit of a
    number without one is the one before."""
    words = _COUNTED.sub(r"\g<set>", words)
    words = re.sub(rf", (?={_ANOTHER} )", " and ", words).replace(",", "")
    first, *rest = re.split(rf" (?={_NEXT})", words)
    first = re.sub(r"^one\b", "a timer", re.sub(r"(?<=\bset )one\b", "a timer", first))
    kind = "alarm" if re.search(r"\balarms?\b", first) else "timer"
    unit = re.search(r"\b(?:second|minute|hour)s?\b", first)
    requests = [first if re.match(r"(?:set|start|make|create|put)\b", first) else f"set {first}"]
    for each in rest:
        thing = re.sub(r"^(?:and|then|also|plus) (?:also |then )?", "", each)
        thing = re.sub(rf"^{_ANOTHER} (?=for |at |of |to )", f"a {kind} ", thing)
        thing = re.sub(r"^(?:another|one)(?: other)? ", "a ", thing)
        thing = re.sub(r"^a one (?=for |at )", f"a {kind} ", thing)
        if unit and kind == "timer" and re.search(r"\bfor (?:\S+ ?){1,3}$", thing):
            bare = not re.search(r"\b(?:second|minute|min|hour|day|half|quarter)s?\b", thing)
            thing += f" {unit.group()}" if bare else ""
        if not re.search(rf"\b{_THING}\b", thing):
            thing = re.sub(r"^(?:an? )?(\S+(?: \S+)?) (?=for |at )", rf"a \1 {kind} ", thing)
        requests.append(f"set {thing}")
    return requests
