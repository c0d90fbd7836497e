"""Days, and hours elsewhere: how long until one, its weekday, what time it is in a city."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Literal

from assistant.language.clock import spoken_date, spoken_time
from assistant.language.dates import find_date
from assistant.language.lexicon import DAY, MONTH
from assistant.language.numbers import cardinal
from assistant.language.numbers import year as spoken_year
from assistant.skills.phrases import Skill, says, skill
from assistant.tools.registry import ToolError

_FEASTS = {
    "christmas": (12, 25), "christmas day": (12, 25), "christmas eve": (12, 24),
    "boxing day": (12, 26), "new year": (1, 1), "new years": (1, 1), "new year's": (1, 1),
    "new years day": (1, 1), "new year's day": (1, 1), "new years eve": (12, 31),
    "new year's eve": (12, 31), "halloween": (10, 31), "valentines day": (2, 14),
    "valentine's day": (2, 14), "saint patrick's day": (3, 17), "st patrick's day": (3, 17),
}  # fmt: skip
_EASTER = {"easter": 0, "easter sunday": 0, "easter monday": 1, "good friday": -2}
"""Days after Easter Sunday."""

_CITIES = {
    "america/new_york": "boston washington miami atlanta philadelphia montreal",
    "america/chicago": "dallas houston austin new_orleans",
    "america/denver": "salt_lake_city", "america/phoenix": "arizona",
    "america/los_angeles": "san_francisco seattle las_vegas san_diego portland california",
    "america/toronto": "ottawa", "america/sao_paulo": "rio rio_de_janeiro",
    "america/argentina/buenos_aires": "argentina", "pacific/honolulu": "hawaii",
    "asia/tokyo": "japan osaka kyoto", "asia/seoul": "south_korea korea",
    "asia/shanghai": "china beijing peking shenzhen", "asia/hong_kong": "hong_kong",
    "asia/kolkata": "india delhi new_delhi mumbai bangalore bombay",
    "asia/dubai": "abu_dhabi", "asia/jerusalem": "tel_aviv israel",
    "asia/bangkok": "thailand", "asia/ho_chi_minh": "vietnam hanoi saigon",
    "europe/london": "england scotland wales britain the_uk edinburgh manchester",
    "europe/berlin": "germany munich hamburg cologne frankfurt",
    "europe/paris": "france lyon marseille", "europe/madrid": "spain barcelona",
    "europe/rome": "italy milan florence venice naples", "europe/vienna": "austria",
    "europe/zurich": "switzerland geneva bern basel", "europe/amsterdam": "the_netherlands",
    "europe/brussels": "belgium", "europe/dublin": "ireland", "europe/lisbon": "portugal porto",
    "europe/athens": "greece", "europe/warsaw": "poland krakow", "europe/prague": "prague",
    "europe/stockholm": "sweden", "europe/oslo": "norway", "europe/copenhagen": "denmark",
    "europe/helsinki": "finland", "europe/kyiv": "ukraine kiev", "europe/istanbul": "turkey",
    "africa/johannesburg": "south_africa cape_town", "africa/cairo": "egypt",
    "africa/nairobi": "kenya", "africa/lagos": "nigeria",
    "australia/perth": "western_australia", "pacific/auckland": "new_zealand wellington",
}  # fmt: skip
"""Places beside the one that a time zone is named after; a country that has one hour."""

_UNTIL = r"(?:until|till|til|to|before)"
_ANY = r"(?P<day>\S+(?: \S+){0,5})"
_MONTHLY = rf"(?:the )?(?:\S+(?: \S+)? (?:of )?{MONTH}|{MONTH} (?:the )?\S+(?: \S+)?)(?: \d{{4}})?"
_FEAST = "|".join(sorted([*_FEASTS, *_EASTER], key=len, reverse=True))
_NAMED = rf"(?P<day>(?:{_FEAST})(?: \d{{4}})?|{_MONTHLY}|(?:next|this|last|this coming) {DAY})"
_CLOCK_IN = (
    r"(?:what(?: is)?(?: the)?(?: current)? (?:time|hour)(?: is it| it is)?(?: right)?(?: now)?"
    r"|how late is it|(?:(?:a|the) )?(?:current )?time(?: is it)?(?: right)?(?: now)?)"
)


def calendar_skills(now: Callable[[], datetime]) -> list[Skill]:
    """`days_until`, `day_of` and `time_in`."""

    def today() -> date:
        return now().date()

    def counted(said: dict[str, str]) -> Mapping[str, Any] | None:
        unit = said.get("unit", "days").replace("sleeps", "days").rstrip("s")
        return {"day": said["day"], "unit": unit} if day_named(said["day"], today()) else None

    def named(said: dict[str, str]) -> Mapping[str, Any] | None:
        return said if day_named(said["day"], today()) else None

    @skill(
        says(rf"how (?:many (?P<unit>days|weeks|sleeps)(?: (?:is it|are there|are left|left"
             rf"|is there|do we have|remain|more))?|long(?: is it)?) {_UNTIL} {_ANY}", counted),
        says(rf"how (?:far|long) (?:away|off) is {_ANY}|(?:days|countdown) {_UNTIL} (?P<day2>\S+)",
             lambda said: counted({"day": said.get("day") or said["day2"]})),
    )  # fmt: skip
    async def days_until(day: str, unit: Literal["day", "week"] = "day") -> str:
        """Count the days from today to another day.

        Args:
            day: Which, like "Christmas", "next Friday" or "the 3rd of March".
            unit: What to count.
        """
        then = _possible(day, today())
        days = (then - today()).days
        date_words = spoken_date(datetime.combine(then, datetime.min.time()))
        if days == 0:
            return f"That is today, {date_words}."
        count, rest = divmod(abs(days), 7) if unit == "week" else (abs(days), 0)
        told = _count(count, unit) if count or not rest else ""
        if rest:
            told = f"{told} and {_count(rest, 'day')}" if told else _count(rest, "day")
        ahead = f"{told} until {date_words}" if days > 0 else f"{told} since {date_words}"
        return f"{ahead[0].upper()}{ahead[1:]}."

    @skill(
        says(rf"(?:what|which) (?:day|weekday|date|day of the week)(?: of the week)? "
             rf"(?:is|was|will|does|did)(?: be| it)? {_NAMED}(?: be| fall on| on)?(?: this year)?",
             named),
        says(rf"when (?:is|was|does|will) (?P<day>{_FEAST})(?: be)?(?: this year)?", named),
        says(rf"(?:on )?(?:what|which) (?:day|weekday)(?: of the week)? (?:does|did|will) {_NAMED}"
             r" (?:fall|be)(?: on)?", named),
        says(rf"what(?: is)? the date (?:(?:of|on) )?(?P<day>(?:{_FEAST})|(?:next|this|last)"
             rf" {DAY})", named),
    )  # fmt: skip
    async def day_of(day: str) -> str:
        """Tell the date and the day of the week of a day.

        Args:
            day: Which, like "Easter", "next Friday" or "the 3rd of March".
        """
        then = _possible(day, today())
        is_ = "was" if then < today() else "is"
        words = spoken_date(datetime.combine(then, datetime.min.time()))
        far = then.year != today().year
        return f"That {is_} {words}{f', {spoken_year(then.year)}' if far else ''}."

    @skill(
        says(rf"{_CLOCK_IN} (?:in|at|over in) (?P<place>\S+(?: \S+){{0,3}})", _placed),
        says(r"what is (?P<place>\S+(?: \S+)?) time", _placed),
    )
    async def time_in(place: str) -> str:
        """Tell the time in a city.

        Args:
            place: The city, like "Tokyo".
        """
        zone = zone_of(place)
        if zone is None:
            raise ToolError(f"I do not know what time it is in {place}. Name a large city near it.")
        there, here = now().astimezone(zone), now()
        apart = there.date() - here.date()
        day = {-1: ", yesterday", 1: ", tomorrow"}.get(apart.days, "")
        return f"In {_titled(place)} it is {spoken_time(there)}{day}."

    return [days_until, day_of, time_in]


def _count(count: int, unit: str) -> str:
    words = cardinal(count) if count <= 20 else str(count)
    return f"{words} {unit}{'' if count == 1 else 's'}"


def _possible(day: str, today: date) -> date:
    found = day_named(day, today)
    if found is None:
        raise ToolError(f"I do not know which day {day!r} is. Say it like: the third of March.")
    return found


def day_named(words: str, today: date) -> date | None:
    """The day that these words name, and nothing but it; feasts are the next ones."""
    low = words.lower().strip().removeprefix("the coming ")
    match = re.fullmatch(r"(.+?) (\d{4})", low)
    name, year = (match[1], int(match[2])) if match else (low, None)
    if name in _EASTER or name in _FEASTS:
        years = (year,) if year is not None else (today.year, today.year + 1)
        try:
            found = [_feast(name, each) for each in years]
        except ValueError:
            return None
        return next((each for each in found if each >= today), found[0])
    for form in (low, f"on {low}", f"the {low}"):
        span = find_date(form, today)
        whole = span is not None and (span.start, span.end) == (0, len(form))
        if span is not None and whole and span.first == span.last:
            return span.first
    return None


def _feast(name: str, year: int) -> date:
    if name in _EASTER:
        return _easter(year) + timedelta(days=_EASTER[name])
    month, day = _FEASTS[name]
    return date(year, month, day)


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Gauss's algorithm, as corrected by Lichtenberg)."""
    century = year // 100
    moon = 15 + (3 * century + 3) // 4 - (8 * century + 13) // 25
    sun = 2 - (3 * century + 3) // 4
    golden = year % 19
    seed = (19 * golden + moon) % 30
    limit = (seed + golden // 11) // 29
    full = 21 + seed - limit
    sunday = 7 - (year + year // 4 + sun) % 7
    return date(year, 3, 1) + timedelta(days=full + 7 - (full - sunday) % 7 - 1)


def _placed(said: dict[str, str]) -> Mapping[str, Any] | None:
    return said if zone_of(said["place"]) is not None else None


def zone_of(place: str) -> zoneinfo.ZoneInfo | None:
    """The time zone of a city or of a country that has one; None for places unknown."""
    key = _places().get(re.sub(r"\W+", "_", place.lower().strip()))
    return None if key is None else zoneinfo.ZoneInfo(key)


@cache
def _places() -> dict[str, str]:
    """Names of zones by their cities and by the further places of ours."""
    found: dict[str, str] = {}
    for key in sorted(zoneinfo.available_timezones()):
        low = key.lower()
        if "/" in low and not low.startswith(("etc/", "posix", "right")):
            for name in (low.rsplit("/", 1)[-1], *_CITIES.get(low, "").split()):
                found.setdefault(name, key)
    return found


def _titled(place: str) -> str:
    small = {"the", "of", "de"}
    return " ".join(w if w in small else w[:1].upper() + w[1:] for w in place.split())
