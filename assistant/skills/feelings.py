"""Looking back on how the user was: only where he asks, and only what he has said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from assistant.memory.base import MemoryFailure
from assistant.skills.phrases import Skill, says, skill
from assistant.tools.registry import ToolError

HowBeen = Callable[[int, str], Awaitable[str]]
"""`(days, what they are called)` → what is to be said. Raises `MemoryFailure`."""

NOTHING_KNOWN = "I keep no memory of our conversations, so I cannot look back."


async def nothing_known(days: int, period: str) -> str:
    """Where nothing is remembered."""
    return NOTHING_KNOWN


_PERIODS = {
    "today": 0,
    "yesterday": 1,
    "week": 7,
    "last week": 14,
    "month": 31,
    "year": 366,
    "lately": 14,
}
"""Days to look back, by a word of the period."""
_WHEN = (
    r"(?: (?P<period>(?:over |in |during )?(?:this|the (?:last|past)|these last|last|past)"
    r" (?:few )?(?:weeks?|months?|days?|year)|lately|recently|these days|today))"
)
_FELT = r"(?:feeling|doing|holding up|coping)"


def feeling_skills(how_been: HowBeen, now: Callable[[], datetime]) -> list[Skill]:
    """`how_have_i_been`."""

    def when(said: dict[str, str]) -> Mapping[str, Any] | None:
        words = said.get("period", "this week").removeprefix("over ").removeprefix("in ")
        words = words.removeprefix("during ")
        return {"period": words}

    @skill(
        says(rf"how (?:have|did) i (?:been|feel|felt|seem|seemed)(?: {_FELT})?{_WHEN}", when),
        says(rf"how (?:was|were) i(?: {_FELT})?{_WHEN}", when),
        says(rf"how (?:has|is|was) my mood(?: been)?{_WHEN}", when),
        says(rf"what (?:has been|is|was) (?:weighing on me|getting me down|lifting me up|cheering"
             rf" me up|making me (?:happy|sad|tired)){_WHEN}?", when),
        says(rf"(?:what|which things) (?:lifts?|lifted|weighs?(?: on)?|weighed on|cheers?|cheered)"
             rf" me(?: up| down)?{_WHEN}?", when),
        says(rf"what do you know about my (?:moods?|feelings){_WHEN}?", when),
    )  # fmt: skip
    async def how_have_i_been(period: str = "this week") -> str:
        """Tell the user how he was lately, by what he has told.

        Args:
            period: The time that is meant, like "this week", "last month", "today".
        """
        try:
            return await how_been(_days(period, now()), period)
        except MemoryFailure as error:
            told = f"I cannot look back just now: {error.spoken}."
            raise ToolError(told, spoken=told) from None

    return [how_have_i_been]


def _days(period: str, now: datetime) -> int:
    """Back to the beginning of the period."""
    if "last" not in period and "past" not in period:
        if "week" in period:
            return now.weekday()
        if "month" in period:
            return now.day - 1
    return next((days for word, days in _PERIODS.items() if word in period), 14)
