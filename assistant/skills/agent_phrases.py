"""What people say to a coding agent, and about it: requests, questions about its work, a stop.

Read from the words as they came, because a request goes on to the agent as it was said, however
many sentences it has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from assistant.language.lexicon import HESITATION, LEAD_INS

_LEAD = (
    rf"(?:(?:{LEAD_INS}|{HESITATION}|please|hi|hello|just|go (?:ahead )?and|let's"
    r"|(?:can|could|would|will) you(?: please)?|i(?:'d like| want| would like| need) you to"
    r"|[^\W\d_]+(?: \w+){0,2},)[\s,.!]+){0,4}"
)
"""How a request begins, and whom it is said to."""
_TAIL = re.compile(r"[\s,]+(?:please|thanks|thank you)[.!?]*$", re.IGNORECASE)
_DO = (
    "add|build|change|check|clean|commit|convert|create|debug|delete|document|explain|extend|find"
    "|fix|format|generate|implement|improve|install|list|look|make|move|open|read|refactor|remove"
    "|rename|replace|review|revert|rewrite|run|search|show|simplify|start|summari[sz]e|tell|test"
    "|try|undo|update|upgrade|write"
)
"""What people want of a coding agent. "Have goose for dinner" is none of it."""
_ANSWER = r"(?:yes|no|okay|sure|go ahead|do it)\b"
_ASKED = r"(?:whether|if|why|what|how|where|when|which|who|about)\b"
_END = r"(?:[\s,]+(?:right now|now|yet|just now|at the moment|so far|please|then))*[\s.!?]*"

Wanted = tuple[Literal["ask", "state", "stop"], str]


class AgentPhrases:
    """What people say to an agent and about it, by the names that it has."""

    def __init__(self, names: Sequence[str], spoken: Sequence[str]) -> None:
        """`spoken`: names by which it is addressed, too ("goose, run the tests")."""
        name = rf"(?:the\s+)?{_either(names)}"
        work = r"(?:job|work|task|request)"
        self._ask = _pattern(
            rf"{_LEAD}(?:ask|tell|instruct|get) {name},?\s+(?:to\s+(?P<do>.+)"
            rf"|(?P<tell>{_ASKED}.+)|that\s+(?P<that>.+)|(?P<answer>{_ANSWER}.*))"
            rf"|{_LEAD}(?:have|let|make) {name}\s+(?P<have>(?:{_DO})\b.+)"
        )
        self._address = _pattern(
            rf"{_LEAD}{_either(spoken)}(?:\s*[,:!]\s*|\s+(?=(?:{_DO})\b))(?P<do>.+)"
        ) if spoken else None  # fmt: skip
        self._state = _pattern(self._states(name))
        self._state_of_it = _pattern(
            rf"{_LEAD}(?:what(?:'s| is) (?:it|the agent) (?:doing|up to|working on)"
            r"|how far (?:along )?is (?:it|the agent)|has (?:it|the agent) finished"
            rf"|is (?:it|the agent) (?:done|finished|ready|still (?:working|at it))){_END}"
        )
        self._stop = _pattern(
            rf"{_LEAD}(?:(?:stop|cancel|abort|interrupt|halt) {name}(?:'s {work})?"
            rf"|(?:tell|ask|make|have) {name} (?:to )?(?:stop|halt|cancel)(?: it| that)?"
            rf"|{name}[\s,]+(?:stop|cancel|halt|abort|never mind)(?: it| that)?){_END}"
        )
        self._stop_it = _pattern(rf"{_LEAD}(?:stop|cancel|abort) (?:that|the|this) {work}{_END}")

    @staticmethod
    def _states(name: str) -> str:
        return (
            rf"{_LEAD}(?:what(?:'s| is) {name} (?:doing|up to|working on|at)"
            rf"|what does {name} do|what did {name} (?:say|do|find)"
            rf"|how(?:'s| is) {name} (?:doing|getting on|getting along|coming along|going)"
            rf"|how far (?:along )?is {name}|has {name} (?:finished|ended)"
            rf"|is {name} (?:done|finished|ready|still (?:working|running|busy|at it))){_END}"
        )

    def read(self, text: str, *, busy: bool) -> Wanted | None:
        """What is wanted, and of `ask` the request; `busy`: it works, so that "it" may mean it."""
        text = text.replace("’", "'").strip()
        if self._stop.fullmatch(text) or (busy and self._stop_it.fullmatch(text)):
            return "stop", ""
        if self._state.fullmatch(text) or (busy and self._state_of_it.fullmatch(text)):
            return "state", ""
        match = self._ask.fullmatch(text)
        if match is None and self._address is not None:
            match = self._address.fullmatch(text)
        if match is None:
            return None
        groups = match.groupdict()
        request = next(each for each in groups.values() if each)
        request = _TAIL.sub("", request.strip()).strip()
        if re.fullmatch(r"(?:what are you doing|are you (?:done|ready|finished))[\s?.]*", request,
                        re.IGNORECASE):  # fmt: skip
            return "state", ""
        if groups.get("tell"):
            request = f"tell me {request}"
        return "ask", request[:1].upper() + request[1:]


def _either(names: Sequence[str]) -> str:
    return "(?:" + "|".join(r"\s+".join(map(re.escape, each.split())) for each in names) + ")"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.DOTALL)
