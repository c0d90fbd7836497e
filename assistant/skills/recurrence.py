"""Recurrence: what comes back: "every day at nine", "every other Monday", "every two hours".

Hours are those of the clock on the wall: nine stays nine when the clocks change. An hour without
its half of the day is one between seven in the morning and six in the evening.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from assistant.language.clock import spoken_time
from assistant.language.lexicon import DAY, DAYS, MONTH, spoken_list
from assistant.language.numbers import cardinal, ordinal
from assistant.skills.moments import moment, split_off_moment, wall_clock
from assistant.skills.phrases import NUMBER, amount

SHORTEST = 60
"""Seconds from one to the next."""
_WORKING, _WEEKEND = (0, 1, 2, 3, 4), (5, 6)
_ORDINALS = {word: n for n in range(1, 32) for word in (ordinal(n), ordinal(n).replace("-", " "))}
_NAMED = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_NTH = rf"(?P<nth>\d{{1,2}}(?:st|nd|rd|th)|last day|{_NAMED})"
_SOME_DAY = rf"{DAY}s?"
_DAYS = rf"{_SOME_DAY}(?:(?:,? and|,|,? or) (?:every |each |on )?{_SOME_DAY})*"
_PARTS = {"morning": "in the morning", "afternoon": "in the afternoon",
          "evening": "in the evening", "night": "at night"}  # fmt: skip
_UNIT = (
    r"(?P<unit>(?:minute|min|hour|day|week|month|fortnight|morning|afternoon|evening|night"
    r"|single day|week ?day|work(?:ing)? ?day|weekend)s?)"
)
_OFTEN = re.compile(
    rf"(?:on )?the {_NTH}(?: day)? of (?:every|each|the) month"
    rf"|(?:every|each)(?: single)? (?:(?P<other>other|second|alternate) )?(?:on )?(?P<days>{_DAYS})"
    rf"(?: (?P<part>morning|afternoon|evening|night)s?)?"
    rf"|on (?P<plural>{DAY}s(?:(?:,? and|,) (?:on )?{DAY}s)*)"
    rf"|(?:every|each|once (?:a|an|every)) (?:(?P<count>other|second|third|{NUMBER}) )?{_UNIT}\b"
    rf"(?: on (?:the )?{_NTH.replace('nth', 'nth2')})?"
    r"|(?:on )?(?P<kind>weekdays|working days|weekends)"
    r"|(?P<adverb>daily|hourly|weekly|monthly|nightly)",
    re.IGNORECASE,
)
_YEARLY = re.compile(
    r"\b(?:(?:every|each|once (?:a|every)) year|yearly|annual(?:ly)?|every single year"
    rf"|every (?=(?:the )?(?:\S+(?: \S+)? of {MONTH}|{MONTH} \S+)))",
    re.IGNORECASE,
)
"""…or "every third of May"."""
_SECONDS = {"min": 60, "minute": 60, "hour": 3600}
_ADVERBS = {"daily": "day", "hourly": "hour", "weekly": "week", "monthly": "month",
            "nightly": "night"}  # fmt: skip
_CLOCK_WORDS = re.compile(
    rf"(?:at|around|by) \S.*|on {DAY}(?: .*)?|"
    r".*(?:\d[ap]m|[ap]m|o'clock|\d[:.]\d\d|noon|midday|midnight"
    r"|in the (?:morning|afternoon|evening)|(?:half|quarter) (?:past|to))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How something comes back."""

    unit: Literal["seconds", "days", "weekdays", "months", "years"]
    count: int = 1
    """So many seconds or days; of months which day, 31 for the last; of years the month times 100
    and the day."""
    days: tuple[int, ...] = ()
    """Days of the week, Monday is 0."""
    at: str = ""
    """The hour: "09:00"."""

    @property
    def text(self) -> str:
        """As a file keeps it: "weekdays 0,1,2,3,4 09:00"."""
        which = ",".join(map(str, self.days)) if self.days else str(self.count)
        return f"{self.unit} {which} {self.at}".strip()

    @classmethod
    def read(cls, text: str) -> Recurrence:
        """Raises `ValueError` where it is none."""
        if yearly := re.fullmatch(r"years (\d{3,4}) (\d\d:\d\d)", text):
            date(2000, *divmod(int(yearly[1]), 100))
            datetime.strptime(yearly[2], "%H:%M")
            return cls("years", int(yearly[1]), at=yearly[2])
        match = re.fullmatch(
            r"(?:(seconds) (\d{2,8})|(days|months) (\d{1,3}) (\d\d:\d\d)|(weekdays)"
            r" ([0-6](?:,[0-6])*) (\d\d:\d\d))", text,
        )  # fmt: skip
        if match is None:
            raise ValueError(f"this is no recurrence: {text}")
        if match[1]:
            return cls("seconds", max(SHORTEST, int(match[2])))
        datetime.strptime(match[5] or match[8], "%H:%M")
        if match[6]:
            return cls("weekdays", days=tuple(map(int, match[7].split(","))), at=match[8])
        if not 1 <= int(match[4]) <= (31 if match[3] == "months" else 366):
            raise ValueError(f"this is no recurrence: {text}")
        return cls("months" if match[3] == "months" else "days", int(match[4]), at=match[5])

    def following(self, due: datetime, now: datetime) -> datetime:
        """The first time after `due` that is later than `now`, in the zone of `now`."""
        if self.unit == "seconds":
            missed = max(0, int(now.timestamp() - due.timestamp()) // self.count)
            later = due.timestamp() + self.count * (missed + 1)
            return datetime.fromtimestamp(later, now.tzinfo)
        day = due.astimezone(now.tzinfo).date()
        if self.unit == "days":
            missed = max(0, ((now.date() - day).days - 1) // self.count)
            day += timedelta(days=self.count * missed)
        elif day < now.date():
            day = now.date() - timedelta(days=1)
        while True:
            day = self._next_day(day)
            hour, minute = map(int, self.at.split(":"))
            then = wall_clock(now, day, hour, minute)
            if then > now and then > due:
                return then

    def _next_day(self, day: date) -> date:
        if self.unit == "days":
            return day + timedelta(days=self.count)
        while True:
            day += timedelta(days=1)
            last = calendar.monthrange(day.year, day.month)[1]
            if self.unit == "weekdays" and day.weekday() in self.days:
                return day
            if self.unit == "years":
                month, of_month = divmod(self.count, 100)
                if day.month == month and day.day == min(of_month, last):
                    return day
            if self.unit == "months" and day.day == min(self.count, last):
                return day

    @property
    def spoken(self) -> str:
        """ "every weekday at seven o'clock in the morning"."""
        if self.unit == "seconds":
            size, name = (3600, "hour") if self.count % 3600 == 0 else (60, "minute")
            count = self.count // size
            return f"every {name}" if count == 1 else f"every {cardinal(count)} {name}s"
        hour, minute = map(int, self.at.split(":"))
        clock = f"at {spoken_time(datetime(2000, 1, 1, hour, minute))}"
        if self.unit == "months":
            which = "last day" if self.count == 31 else ordinal(self.count)
            return f"on the {which} of every month {clock}"
        if self.unit == "years":
            then = datetime(2000, *divmod(self.count, 100))
            return f"every year on the {ordinal(then.day)} of {then:%B} {clock}"
        if self.unit == "days":
            names = {1: "day", 2: "other day", 7: "week", 14: "two weeks"}
            return f"every {names.get(self.count, f'{cardinal(self.count)} days')} {clock}"
        if self.days == _WORKING:
            return f"every weekday {clock}"
        return f"every {spoken_list([DAYS[each].capitalize() for each in self.days])} {clock}"


def comes_back(words: str) -> re.Match[str] | None:
    """Where these words name a recurrence, if they do."""
    return _YEARLY.search(words) or _OFTEN.search(words)


def _yearly(words: str, now: datetime) -> tuple[Recurrence, datetime] | None:
    """Every year on the day that these words name, else on that of today."""
    day = " ".join(_YEARLY.sub(" ", words, count=1).split()).strip(" ,")
    if not re.search(rf"\b{MONTH}\b", day, re.IGNORECASE):
        day = f"{now:%B} {now.day} {day}".strip()
    then = moment(day, now - timedelta(days=1))
    if then is None:
        return None
    made = Recurrence("years", 100 * then.month + then.day, at=f"{then:%H:%M}")
    return made, made.following(now - timedelta(days=1), now)


def recurrence(words: str, now: datetime) -> tuple[Recurrence, datetime] | None:
    """How often these words say, and the first time after `now`; None where they say no such
    thing, or anything else."""
    if _YEARLY.search(words):
        return _yearly(words, now)
    match = _OFTEN.search(words)
    if match is None:
        return None
    rest = " ".join(f"{words[: match.start()]} {words[match.end() :]}".split()).strip(" ,")
    said = {key: (text or "").lower() for key, text in match.groupdict().items()}
    unit = (_ADVERBS.get(said["adverb"]) or said["kind"] or said["unit"]).removesuffix("s")
    count = _count(said["count"])
    if unit in _SECONDS:
        seconds = 0 if count is None else round(count * _SECONDS[unit])
        if rest or not SHORTEST <= seconds <= 31 * 86_400:
            return None
        return Recurrence("seconds", seconds), now + timedelta(seconds=seconds)
    if count is None or count != int(count):
        return None
    part = said["part"] or (unit if unit in _PARTS else "")
    clock = _clock(rest, part, now)
    if clock is None:
        return None
    at = f"{clock:%H:%M}"
    nth = said["nth"] or said["nth2"]
    if nth or unit == "month":
        which = 31 if nth == "last day" else _nth(nth) if nth else clock.day
        made = Recurrence("months", which, at=at) if count == 1 and which else None
    elif said["days"] or said["plural"] or unit in ("weekend", "weekday", "week day") or (
        unit.startswith("work")
    ):  # fmt: skip
        named = [DAYS.index(day) for day in re.findall(DAY, said["days"] or said["plural"])]
        kinds = _WEEKEND if unit == "weekend" else _WORKING
        if said["other"]:
            return _every_other(named, clock, at, now)
        made = Recurrence("weekdays", days=tuple(sorted(set(named))) or kinds, at=at)
    else:
        days = int(count) * {"week": 7, "fortnight": 14}.get(unit, 1)
        if days >= 7 and _names_day(rest):
            return Recurrence("days", days, at=at), clock
        made = Recurrence("days", days, at=at) if 1 <= days <= 366 else None
        yesterday = now - timedelta(days=1)
        if made is not None:
            today = wall_clock(now, now.date(), clock.hour, clock.minute)
            return made, today if today > now else Recurrence("days", 1, at=at).following(
                yesterday, now
            )
    return None if made is None else (made, made.following(now - timedelta(days=1), now))


def _every_other(
    named: list[int], clock: datetime, at: str, now: datetime
) -> tuple[Recurrence, datetime] | None:
    """ "Every other Monday", the first of which is the next one."""
    if len(named) != 1:
        return None
    first = Recurrence("weekdays", days=(named[0],), at=at).following(now - timedelta(days=1), now)
    return Recurrence("days", 14, at=at), first


def _count(words: str) -> float | None:
    if not words:
        return 1.0
    if words in ("other", "second", "third"):
        return 3.0 if words == "third" else 2.0
    found = amount(words)
    return None if found is None else float(found)


def _nth(words: str) -> int:
    """1 to 31; 0 for any other."""
    count = _ORDINALS.get(words) or int(re.sub(r"\D", "", words) or 0)
    return count if count <= 31 else 0


def _names_day(rest: str) -> bool:
    return re.search(rf"\b{DAY}\b", rest.lower()) is not None


def _clock(rest: str, part: str, now: datetime) -> datetime | None:
    """The hour, on some day to come."""
    rest = re.sub(r"^(?:starting|beginning|from)(?: (?:at|from))? ", "", rest, flags=re.IGNORECASE)
    if _names_day(rest):
        return moment(rest, now)
    half = _PARTS.get(part, "")
    if not rest:
        return moment(f"tomorrow {part}".strip(), now)
    in_part = moment(f"tomorrow {rest} {half}", now) if half else None
    return in_part or moment(f"tomorrow {rest}", now)


def split_off_recurrence(words: str, now: datetime) -> tuple[str, str] | None:
    """What is to be done and how often: "to take my pills every day at nine"; None where no
    recurrence is named."""
    if yearly := _YEARLY.search(words):
        rest = f"{words[: yearly.start()]} {words[yearly.end() :]}"
        parted = split_off_moment(" ".join(rest.split()), now) or (rest.strip(), "")
        often = f"every year {parted[1]}".strip()
        return (parted[0], often) if recurrence(often, now) else None
    match = _OFTEN.search(words)
    if match is None:
        return None
    often = match.group()
    parts = f"{words[: match.start()]} {words[match.end() :]}".replace(",", " ").split()
    if recurrence(often, now) is None:
        return None
    for at in range(len(parts)):
        end = " ".join(parts[at:])
        if _CLOCK_WORDS.fullmatch(end) and recurrence(f"{often} {end}", now):
            return " ".join(parts[:at]), f"{often} {end}"
    for at in range(len(parts) - 1, 0, -1):
        start = " ".join(parts[:at])
        if _CLOCK_WORDS.fullmatch(start) and recurrence(f"{often} {start}", now):
            return " ".join(parts[at:]), f"{often} {start}"
    return " ".join(parts), often
