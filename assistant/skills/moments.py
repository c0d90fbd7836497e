"""Moments and durations in people's words: "ten minutes", "half past seven tomorrow morning".

What the words leave open is decided as most people mean it, and every answer says what was
understood: an hour without its half of the day is the next one, on another day one between seven in
the morning and six in the evening; a day without an hour is its nine o'clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from assistant.language.clock import spoken_time
from assistant.language.dates import find_date
from assistant.language.lexicon import DAY
from assistant.language.numbers import ONES, cardinal, ordinal
from assistant.skills.phrases import NUMBER, amount

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNIT = r"(?:hours?|hrs?|h|minutes?|mins?|min|m|seconds?|secs?|s|days?|weeks?)"
_PART = re.compile(
    rf"(?P<count>(?:{NUMBER}|a couple of|a quarter of an?|three quarters of an?|half an?)) "
    rf"(?P<unit>{_UNIT})(?P<half> and a half| and a quarter)?(?: and(?= ))?(?: |$)"
)
DURATION = (
    rf"(?:{NUMBER}|a couple of|(?:a |three )?quarters? of an?|half an?) {_UNIT}"
    rf"(?:(?: and)? (?:{NUMBER}|a) {_UNIT}| and a half| and a quarter)*(?: {NUMBER})?"
)
"""A pattern of what `duration` reads."""
LONGEST = timedelta(days=366)

_HOURS = {word: value for value, word in enumerate(ONES[:13]) if value}
_HALVES = {"am": "am", "a m": "am", "in the morning": "am", "pm": "pm", "p m": "pm",
           "in the afternoon": "pm", "in the evening": "pm", "this evening": "pm",
           "tonight": "pm", "at night": "night", "this afternoon": "pm",
           "this morning": "am"}  # fmt: skip
_OF_PART = {"morning": "am", "afternoon": "pm", "evening": "pm", "night": "night"}
_USUAL = {"morning": 9, "afternoon": 15, "evening": 19, "night": 21, "": 9}
"""The hour of a part of the day that was named without one."""
_ENDS = {"morning": 12, "afternoon": 18, "evening": 24, "night": 24, "": 24}
_MINUTE = r"(?P<minute>oh \w+|[a-z]+(?: [a-z]+)?|\d\d)"
_CLOCK = re.compile(
    rf"(?:(?P<past>half|(?:a )?quarter|{NUMBER})(?: minutes?)? (?P<way>past|after|to|before) )?"
    rf"(?P<hour>\d{{1,4}}|{'|'.join(_HOURS)}|noon|midday|midnight)(?: {_MINUTE})??"
    r"(?: (?:o'clock|o clock))?(?: sharp)?"
    rf"(?: (?P<half>{'|'.join(sorted(_HALVES, key=len, reverse=True))}))?"
)


def duration(words: str) -> timedelta | None:
    """How long these words say; None where they say anything else, or nothing, or too long."""
    text, seconds, last = _plain(words), 0.0, ""
    while text:
        match = _PART.match(text)
        if match is None:
            rest = amount(text)
            if rest is None or last != "h":  # "one hour thirty"
                return None
            seconds += float(rest) * 60
            break
        count = _count(match["count"])
        if count is None:
            return None
        last = match["unit"][0]
        more = {" and a half": 0.5, " and a quarter": 0.25}.get(match["half"] or "", 0)
        seconds += (count + more) * _SECONDS[last]
        text = text[match.end() :]
    return timedelta(seconds=round(seconds)) if 1 <= seconds <= LONGEST.total_seconds() else None


def _count(words: str) -> float | None:
    if words == "a couple of":
        return 2.0
    if words.startswith("three quarters"):
        return 0.75
    found = amount(words.replace("quarter of an", "quarter").replace("quarter of a", "quarter"))
    return None if found is None else float(found)


def spoken_duration(length: timedelta) -> str:
    """ "one hour and ten minutes"; at most two parts, the smaller ones of a long time left out."""
    left = max(0, round(length.total_seconds()))
    parts = []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{cardinal(count)} {unit}{'' if count == 1 else 's'}")
    return " and ".join(parts[:2]) or "no time"


def moment(words: str, now: datetime) -> datetime | None:
    """When these words say, later than `now`; None where they say no such time or anything else."""
    text = _plain(words)
    after = re.fullmatch(r"(?:in (.+)|(.+) from now)", text)
    length = duration(after[1] or after[2]) if after else None
    if length is not None:
        return now + length
    text = re.sub(rf"(?<![^ ])(?<!on )(?<!next )(?<!this )(?<!last )(?<!coming )({DAY})\b",
                  r"on \1", text)  # fmt: skip
    span = find_date(text, now.date())
    day, part = None, ""
    if span is not None:
        day, part = span.first, span.part
        text = f"{text[: span.start]} {text[span.end :]}"
    rest = " ".join(text.split())
    clock = _clock(rest, part, dated=day is not None)
    if clock is None:
        return None
    then = _first_after(now, day, clock)
    alone = rest in ("", "at", "on")
    return _later_in(part, now) if then is None and alone and day == now.date() else then


def _later_in(part: str, now: datetime) -> datetime | None:
    """ "This evening", where its usual hour is over: the next full hour that is half an hour off.
    None where all of that part of today is over."""
    if now.hour >= _ENDS[part]:
        return None
    soon = now + timedelta(minutes=30)
    full = soon.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return full if full.date() == now.date() else soon.replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Hours that may be meant, the usual one first."""

    hours: tuple[int, ...]
    minute: int = 0


def _clock(text: str, part: str, *, dated: bool) -> _Reading | None:
    text = re.sub(r"^(?:at|around|about|by|for|on)(?: (?:around|about))? |^(?:at|on)$", "", text)
    if not text:
        return _Reading((_USUAL[part],)) if dated else None
    text = re.sub(rf"^half (?=(?:{'|'.join(_HOURS)})\b)", "half past ", text)
    text = re.sub(r"^(in the (?:morning|afternoon|evening)) (?:at )?(.+)$", r"\2 \1", text)
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, minute = _hour_and_minute(match["hour"], match["minute"])
    if hour is None or minute is None:
        return None
    if match["past"]:
        away = 30 if match["past"] == "half" else 15 if "quarter" in match["past"] else None
        away = int(amount(match["past"]) or 60) if away is None else away
        if match["minute"] or not 0 < away < 60:
            return None
        if match["way"] in ("past", "after"):
            minute = away
        else:
            hour, minute = (hour - 1) % 24 if hour != 1 else 12, 60 - away
    half = _HALVES.get(match["half"] or "") or _OF_PART.get(part, "")
    named = match["hour"] in ("noon", "midday", "midnight") or match["hour"][0] == "0"
    return _Reading(_in_half(hour, "" if named else half, sure=named), minute)


def _hour_and_minute(hour: str, minute: str | None) -> tuple[int | None, int | None]:
    if hour in ("noon", "midday", "midnight"):
        return (0 if hour == "midnight" else 12), 0 if minute is None else None
    digits = hour.isdigit()
    if digits and len(hour) > 2:
        at, past = divmod(int(hour), 100)
    else:
        at, past = int(hour) if digits else _HOURS[hour], 0
    if minute is not None:
        read = amount(minute.removeprefix("oh "))
        if read is None or (digits and len(hour) > 2):
            return None, None
        past = int(read)
    return (at if at <= 24 else None), past if past < 60 else None


def _in_half(hour: int, half: str, *, sure: bool) -> tuple[int, ...]:
    if sure or hour > 12 or hour == 0:
        return (hour % 24,)
    if half == "night":
        return (hour % 12,) if hour < 6 or hour == 12 else (hour + 12,)
    if half:
        return (hour % 12 + (12 if half == "pm" else 0),)
    return (hour % 12, hour % 12 + 12)


def _first_after(now: datetime, day: date | None, clock: _Reading) -> datetime | None:
    hours = clock.hours
    if day is not None and day != now.date():
        if len(hours) == 2:
            hours = (hours[0] if 7 <= hours[0] < 12 else hours[1],)
        then = wall_clock(now, day, hours[0], clock.minute)
        return then if now < then <= now + LONGEST else None
    found = [wall_clock(now, now.date(), hour, clock.minute) for hour in hours]
    ahead = [each for each in sorted(found) if each > now]
    if ahead or day:
        return ahead[0] if ahead else None
    return _first_after(now, now.date() + timedelta(days=1), clock)


def wall_clock(now: datetime, day: date, hour: int, minute: int) -> datetime:
    """This hour of this day, with the offset of that day: of the zone of `now` where it is one with
    rules, else by the system's."""
    then = datetime.combine(day, time(hour, minute))
    if now.tzinfo is None or hasattr(now.tzinfo, "key"):
        return then.replace(tzinfo=now.tzinfo)
    return then.astimezone()


def spoken_moment(then: datetime, now: datetime) -> str:
    """ "at seven o'clock in the morning, tomorrow"."""
    days = (then.date() - now.date()).days
    if days == 0:
        return f"at {spoken_time(then)}"
    if days == 1:
        return f"tomorrow at {spoken_time(then)}"
    day = f"{then:%A}" if 1 < days < 7 else f"{then:%A}, the {ordinal(then.day)} of {then:%B}"
    return f"on {day} at {spoken_time(then)}"


def split_off_moment(words: str, now: datetime) -> tuple[str, str] | None:
    """What is to be done and when: "to call Ada tomorrow at nine", "at three to call Ada"; None
    where no time is named."""
    parts = words.split()
    for at in range(1, len(parts)):
        if moment(" ".join(parts[at:]), now) is not None:
            return " ".join(parts[:at]).rstrip(","), " ".join(parts[at:])
    for at in range(len(parts) - 1, 0, -1):
        if parts[at] in ("to", "that", "about") and moment(" ".join(parts[:at]), now) is not None:
            return " ".join(parts[at:]), " ".join(parts[:at])
    return None


def _plain(words: str) -> str:
    low = words.lower().replace(",", " ")
    low = re.sub(r"(?<=\d)[:.](?=\d\d\b)", " ", low)
    low = re.sub(r"\b([ap])\.m\.?", r"\1m", low)
    low = re.sub(r"(?<=\d)(?=[a-z]+\b)(?!st\b|nd\b|rd\b|th\b)", " ", low)
    return " ".join(low.replace("-", " ").split())
