"""Time and date, here and elsewhere."""

from __future__ import annotations

import zoneinfo
from datetime import datetime

from assistant.language.clock import spoken_date, spoken_time
from assistant.tools.registry import ToolError, tool


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
