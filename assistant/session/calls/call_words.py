"""Words about slow calls: what is told of them, and what the user asks of them.

Questions and wishes are heard as such only while a call is under way: else "are you done yet?" is
a question for whoever answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from assistant.language.lexicon import spoken_list
from assistant.session.events import RunningCall
from assistant.skills.phrases import Skill, says, skill
from assistant.tools.registry import ToolResult

LATER = "I'll tell you when it's done."


class Calls(Protocol):
    """See `slow_calls.SlowCalls`."""

    @property
    def under_way(self) -> Sequence[RunningCall]: ...

    def cancel(self) -> list[str]: ...


def told_late(source: str, result: ToolResult) -> str:
    """ "From my notes: Parrots live long." """
    if not result.ok:
        return f"{_capital(source)} did not manage it: {result.brief or result.content}"
    if result.brief == "Done.":
        return f"{_capital(source)}: that is done now."
    return f"From {source}: {result.brief}"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


# What is said about them.

_IT = r"(?:it|that|this|the call|the search|my request)"


def call_skills(calls: Calls) -> list[Skill]:
    """`tell_running_calls` and `cancel_running_calls`: asked for only while one is under way."""

    def running(said: dict[str, str]) -> Mapping[str, Any] | None:
        return {} if calls.under_way else None

    @skill(
        says(rf"what (?:is|are) (?:{_IT}|you|they) (?:still )?(?:doing|up to|working on)"
             r"(?: now| there| right now| at the moment)?", running),
        says(rf"(?:are|is) (?:you|{_IT}|they) (?:still (?:at it|busy|working|running|going|on it)"
             r"|(?:done|ready|finished|there|through)(?: yet| now| already)?)"
             r"(?: with (?:it|that))?", running),
        says(r"(?:how far|how far along|where) (?:are you|is it|are they)(?: with (?:it|that))?",
             running),
        says(rf"how (?:much longer|long)(?: (?:will|does|is) {_IT}"
             r"(?: (?:take|going to take|need))?)?(?: still)?", running),
        says(r"(?:what is|what about) (?:the (?:status|progress)|taking so long)|(?:any )?progress"
             r"|(?:do you have|have you got|is there) (?:an answer|a result|anything|news)(?: yet)?"
             r"|why (?:does it|is it) tak(?:e|ing) so long", running),
    )  # fmt: skip
    def tell_running_calls() -> str:
        """Tell what other programs are doing for the user, and how far they are."""
        return " ".join(map(_told, calls.under_way)) or "Nothing is under way any more."

    @skill(
        says(rf"(?:cancel|abort|stop|drop|forget|leave|end|kill)(?: about)? {_IT}(?: now| then)?",
             running),
        says(r"cancel|abort|never mind|stop (?:searching|looking|working|waiting)"
             r"|i do not need (?:it|that) any ?more|do not bother|give up|give it up", running),
    )  # fmt: skip
    def cancel_running_calls() -> str:
        """End what other programs are doing for the user."""
        ended = calls.cancel()
        return f"I have stopped {spoken_list(ended)}." if ended else "I have stopped."

    return [tell_running_calls, cancel_running_calls]


def _told(call: RunningCall) -> str:
    """ "My notes: 40 percent done after 12 seconds, reading the index." """
    seconds = max(1, round(call.seconds))
    length = (
        f"{seconds} second{'s' * (seconds != 1)}"
        if seconds < 90
        else (f"{round(seconds / 60)} minutes")
    )
    doing = f", {call.text}" if call.text else ""
    if call.fraction is None:
        return f"{_capital(call.source)}: at work for {length}{doing}."
    return f"{_capital(call.source)}: {call.fraction * 100:.0f} percent done after {length}{doing}."
