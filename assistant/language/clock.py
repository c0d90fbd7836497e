"""Time and date as one says them."""

from __future__ import annotations

from datetime import datetime, timedelta

from assistant.language.numbers import cardinal, ordinal


def spoken_time(now: datetime) -> str:
    """ "nine forty-one in the morning", "noon", "ten o'clock in the evening"."""
    hour, minute = now.hour, now.minute
    if minute == 0 and hour in (0, 12):
        return "noon" if hour else "midnight"
    if hour < 4 or hour == 23:
        part = "at night"
    elif hour < 12:
        part = "in the morning"
    else:
        part = "in the afternoon" if hour < 18 else "in the evening"
    hours = cardinal(hour % 12 or 12)
    if minute == 0:
        return f"{hours} o'clock {part}"
    minutes = cardinal(minute) if minute >= 10 else f"oh {cardinal(minute)}"
    return f"{hours} {minutes} {part}"


def spoken_year(year: int) -> str:
    """2026 → "twenty twenty-six", 2005 → "two thousand and five"."""
    century, rest = divmod(year, 100)
    if century % 10 == 0 and rest < 10:
        return cardinal(year)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {cardinal(rest) if rest >= 10 else f'oh {cardinal(rest)}'}"


def spoken_date(now: datetime, *, offset: int = 0, year: bool = False) -> str:
    """ "Saturday, the twenty-first of November", `offset` days from `now`; `year` adds the year."""
    day = now + timedelta(days=offset)
    text = f"{day:%A}, the {ordinal(day.day)} of {day:%B}"
    return f"{text}, {spoken_year(day.year)}" if year else text


def day_word(offset: int) -> str:
    """What a day is called from today: "tomorrow", "the day after tomorrow", "five days ago"."""
    named = {
        0: "today",
        1: "tomorrow",
        2: "the day after tomorrow",
        -1: "yesterday",
        -2: "the day before yesterday",
    }
    if offset in named:
        return named[offset]
    return f"in {cardinal(offset)} days" if offset > 0 else f"{cardinal(-offset)} days ago"
