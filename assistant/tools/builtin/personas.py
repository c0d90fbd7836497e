"""Changing who speaks."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from assistant.frames import SpokenNames
from assistant.language.clock import spoken_date, spoken_time
from assistant.language.spoken_names import NameIndex, words
from assistant.tools.registry import SessionControls, Tool, ToolError, ToolReply, tool

NEAR = 0.8
"""Score from which a name that is not exact is taken for the persona it resembles most."""


def persona_tools(controls: SessionControls) -> list[Tool]:
    """`change_theme` and `list_themes`, bound to one session."""

    @tool()
    async def change_theme(persona_name: str) -> ToolReply:
        """Change who you are: your name, voice, manner and colours.

        Args:
            persona_name: Name of the persona, or "next" or "previous".
        """
        known = controls.spoken_names()
        current = controls.current_persona()
        slug = _neighbour(known, current, persona_name) or _find(known, persona_name)
        if slug is None:
            choices = ", ".join(entry.name for entry in known)
            raise ToolError(f"There is no persona called {persona_name!r}. There are: {choices}.")
        name = next(entry.name for entry in known if entry.slug == slug)
        if slug == current:
            return ToolReply(f"{name} is already here.")
        await controls.change_persona(slug)
        return ToolReply(f"changed to {name}", spoken="")

    @tool()
    async def list_themes() -> str:
        """List the personas you can change to."""
        current = controls.current_persona()
        return ", ".join(
            f"{entry.name} (speaking now)" if entry.slug == current else entry.name
            for entry in controls.spoken_names()
        )

    return [change_theme, list_themes]


def _neighbour(known: list[SpokenNames], current: str, word: str) -> str | None:
    """The persona after or before the current one, around the end."""
    step = {"next": 1, "previous": -1}.get(word.strip().lower())
    slugs = [entry.slug for entry in known]
    if step is None or not slugs:
        return None
    place = slugs.index(current) if current in slugs else -1 if step == 1 else 0
    return slugs[(place + step) % len(slugs)]


def _find(known: list[SpokenNames], name: str) -> str | None:
    """The persona of this name, alias or slug; else the nearest, if it is near."""
    phrase = words(name.replace("_", " "))
    if not phrase:
        return None
    index = NameIndex(known)
    exact = index.exact(phrase)
    if exact is not None:
        return exact.slug
    best = max(index.ranked(phrase), key=lambda match: match.score, default=None)
    return best.slug if best is not None and best.score >= NEAR else None


# Time and date, here and elsewhere.


@tool()
def current_time(timezone: str | None = None) -> str:
    """Tell the current time and date.

    Args:
        timezone: Time zone or city, like "Asia/Tokyo" or "Tokyo"; left out, the user's own.
    """
    if timezone is None or not timezone.strip():
        return _spoken(datetime.now().astimezone())
    zone = _find_zone(timezone)
    place = zone.key.rsplit("/", 1)[-1].replace("_", " ")
    return f"{_spoken(datetime.now(zone))}, in {place}"


def _spoken(now: datetime) -> str:
    return f"{spoken_time(now)} ({now:%H:%M}) on {spoken_date(now, year=True)}"


def _find_zone(name: str) -> zoneinfo.ZoneInfo:
    """By the zone's full name, or by its city in any spelling of case and spaces."""
    wanted = name.strip().replace(" ", "_").lower()
    for key in sorted(zoneinfo.available_timezones()):
        if wanted in (key.lower(), key.lower().rsplit("/", 1)[-1]):
            return zoneinfo.ZoneInfo(key)
    raise ToolError(f"There is no time zone called {name!r}; try a name like 'Europe/Vienna'.")


# How the assistant speaks, and whether it does.

VOLUME_STEP = 0.15
"""What "louder" adds, of 1."""
RATE_STEP = 1.15
"""What "faster" multiplies with: plainly heard, and far from the limits for several steps."""


def _without_sign(value: Any) -> Any:
    """ "50%" and "50 percent" are what models write for 50."""
    if isinstance(value, str):
        return value.strip().lower().removesuffix("percent").removesuffix("%").strip()
    return value


Percent = Annotated[int, Field(ge=0, le=100), BeforeValidator(_without_sign)]
Rate = Annotated[float, Field(ge=0.5, le=2.0)]


def speech_tools(controls: SessionControls) -> list[Tool]:
    """Volume, rate, repeat, stop and mute, bound to one session."""

    @tool()
    async def set_volume(
        percent: Percent | None = None, change: Literal["up", "down"] | None = None
    ) -> str:
        """Set how loud you speak, either to a percentage or one step up or down.

        Args:
            percent: Loudness from 0 to 100.
            change: One step louder or quieter.
        """
        if percent is not None:
            volume = percent / 100
        elif change is not None:
            volume = controls.volume() + (VOLUME_STEP if change == "up" else -VOLUME_STEP)
        else:
            raise ToolError("Give a percentage, or a change: up or down.")
        return f"{round(100 * controls.set_volume(min(1.0, max(0.0, volume))))}"

    @tool()
    async def set_speech_rate(
        change: Literal["faster", "slower", "normal"] | None = None, rate: Rate | None = None
    ) -> str:
        """Set how fast you speak, either to a rate or one step faster or slower.

        Args:
            change: One step faster or slower, or back to normal.
            rate: From 0.5 (half) to 2 (double); 1 is normal.
        """
        if rate is None:
            if change is None:
                raise ToolError("Give a change (faster, slower or normal) or a rate.")
            now = controls.speech_rate()
            rate = {"faster": now * RATE_STEP, "slower": now / RATE_STEP, "normal": 1.0}[change]
        return f"{controls.set_speech_rate(min(2.0, max(0.5, rate))):.2f} times the normal rate"

    @tool()
    async def repeat(change: Literal["faster", "slower"] | None = None) -> ToolReply:
        """Say your last answer again.

        Args:
            change: And speak faster or slower from now on.
        """
        last = controls.last_answer()
        if not last:
            return ToolReply("nothing was said yet")
        if change is not None:
            await set_speech_rate(change)
        return ToolReply(last, spoken=last)

    @tool()
    async def stop() -> ToolReply:
        """Stop speaking at once."""
        controls.interrupt()
        return ToolReply("stopped speaking", spoken="")

    @tool()
    async def mute() -> str:
        """Stop listening: mute the user's microphone until the user opens it again."""
        controls.set_muted(True)
        return "the microphone is muted"

    return [set_volume, set_speech_rate, repeat, stop, mute]
