"""Dates, times of day, durations, years and decades.

Days are read the British way ("the third of May"), except where the month is written first. A date
of figures whose order cannot be told (03/04/2026) is read as it is written.
"""

from __future__ import annotations

import re

from assistant.language.lexicon import DAYS, MONTHS
from assistant.language.normalisation import Rule
from assistant.language.numbers import cardinal, number, ordinal, year

_MONTHS = [name.capitalize() for name in MONTHS]
_SHORT_MONTHS = {name[:3]: name for name in _MONTHS} | {"Sept": "September"}
_DAYS = {name[:3].capitalize(): name.capitalize() for name in DAYS} | {
    "Tues": "Tuesday", "Weds": "Wednesday", "Thur": "Thursday", "Thurs": "Thursday",
}  # fmt: skip
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)}|(?:{'|'.join(_SHORT_MONTHS)})\b\.?)"
_ANY_MONTH = rf"(?:{'|'.join(_MONTHS)}|{'|'.join(_SHORT_MONTHS)})"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s(?P<year>[12]\d{3})(?![\d,.:]\d|\d))?"
_ISO_TIME = r"(?:[T ](?P<clock>\d{2}:\d{2})(?::\d{2}(?:\.\d{1,9})?)?(?P<zone>Z)?)?"
_HALF = r"(?P<half>[ap]\.? ?m\b\.?)"
_SHORT_DAY = rf"(?:{'|'.join(_DAYS)})\b\.?"
_DASH = r"\s?[-–—]\s?"


def _half(written: str | None) -> str:
    return "" if not written else " A.M." if written[0] in "aA" else " P.M."


def _clock(match: re.Match[str]) -> str:
    hour, minute, half = int(match["hour"]), int(match["minute"]), match["half"]
    if hour > 24 or minute > 59:
        return f"{cardinal(hour)} to {cardinal(minute)}"
    if match["second"]:
        seconds = cardinal(int(match["second"]))
        unit = "second" if match["second"] == "01" else "seconds"
        return f"{_minutes(hour, minute, bool(half))} and {seconds} {unit}{_half(half)}"
    return _minutes(hour, minute, bool(half)) + _half(half)


def _minutes(hour: int, minute: int, halved: bool) -> str:
    if hour in (0, 24) and not minute and not halved:
        return "midnight"
    words = cardinal(hour)
    if minute:
        return words + (f" oh {cardinal(minute)}" if minute < 10 else f" {cardinal(minute)}")
    if halved:
        return words
    return words + (" o'clock" if hour <= 12 else " hundred hours")


def _hour(match: re.Match[str]) -> str:
    return cardinal(int(match["hour"])) + _half(match["half"])


def _hours(match: re.Match[str]) -> str:
    """ "5–7 pm", "9am–5pm"."""
    first, second = cardinal(int(match["first"])), cardinal(int(match["second"]))
    return f"{first}{_half(match['half1'])} to {second}{_half(match['half'])}"


def _duration(match: re.Match[str]) -> str:
    units = ("hour", "minute", "second")
    parts = [(match[unit], unit) for unit in units if match[unit]]
    return " ".join(
        f"{number(count)} {unit}{'' if number(count) == 'one' else 's'}" for count, unit in parts
    )


def _month_name(written: str) -> str:
    short = written.rstrip(".")
    return _SHORT_MONTHS.get(short, short)


def _iso_date(match: re.Match[str]) -> str:
    month, of_month = int(match["m"]), int(match["d"])
    if not (1 <= month <= 12 and 1 <= of_month <= 31):
        return ", ".join(number(match[part]) for part in "ymd")
    spoken = f"the {ordinal(of_month)} of {_MONTHS[month - 1]} {year(int(match['y']))}"
    if not match["clock"]:
        return spoken
    return f"{spoken}, {match['clock']}{' UTC' if match['zone'] else ''}"


def _figures(match: re.Match[str]) -> str:
    """ "12/25/2026", "25/12/2026", "24.12.2026" (always the day first)."""
    first, second = int(match["a"]), int(match["b"])
    full = match["y"] if len(match["y"]) == 4 else f"20{match['y']}"
    day_first = match["mark"] in ".-" or first > 12
    of_month, month = (first, second) if day_first else (second, first)
    known = 1 <= month <= 12 and 1 <= of_month <= 31 and (day_first or of_month > 12)
    if known or (first == second and 1 <= first <= 12):
        return f"the {ordinal(of_month)} of {_MONTHS[month - 1]} {year(int(full))}"
    return f"{cardinal(first)}, {cardinal(second)}, {year(int(full))}"


def _month_day(match: re.Match[str]) -> str:
    spoken = f"{_month_name(match['month'])} {ordinal(int(match['day']))}"
    if match["last"]:
        spoken += f" to {ordinal(int(match['last']))}"
    return spoken + (f", {year(int(match['year']))}" if match["year"] else "")


def _day_month(match: re.Match[str]) -> str:
    article = (
        "" if re.search(r"(?i)\b(?:the|every|each|this)\s$", match["before"] or "") else "the "
    )
    spoken = f"{article}{ordinal(int(match['day']))}"
    if match["last"]:
        spoken += f" to {'the ' if article else ''}{ordinal(int(match['last']))}"
    spoken += f" of {_month_name(match['month'])}"
    return (
        (match["before"] or "") + spoken + (f" {year(int(match['year']))}" if match["year"] else "")
    )


def _month_year(match: re.Match[str]) -> str:
    return f"{_month_name(match['month'])} {year(int(match['year']))}"


def _short_days(match: re.Match[str]) -> str:
    first, second = (_DAYS[match[group].rstrip(".")] for group in ("first", "second"))
    return f"{first} to {second}"


def _short_months(match: re.Match[str]) -> str:
    return f"{_month_name(match['first'])} to {_month_name(match['second'])}"


def _day_name(match: re.Match[str]) -> str:
    return _DAYS[match["name"].rstrip(".")] + match["mark"]


def _decade(match: re.Match[str]) -> str:
    spoken = year(int(match["full"])) if match["full"] else cardinal(int(match["short"]))
    return re.sub(r"y$", "ies", spoken) if spoken.endswith("y") else spoken + "s"


def _years(match: re.Match[str]) -> str:
    """ "1939–1945", "1914–18", "2026/27"."""
    first, second = match["first"], match["second"]
    last = year(int(second)) if len(second) == 4 else cardinal(int(second))
    if len(second) == 2 and second[0] == "0":
        last = f"oh {last}"
    return f"{year(int(first))} to {last}"


def _year(match: re.Match[str]) -> str:
    return year(int(match["year"]))


_COUNTED = (
    r"(?!\s(?:was|is|has|his|its|this|as|us|does|goes|brings|sees|saw|sales|elections|Olympics"
    r"|games"
    r"|films|results|series)\b)"
    r"(?=\s(?:[a-z]+ )?(?:people|men|women|children|sheep|fish|[a-z]{2,}[a-rt-z]s)\b)"
)
_AFTER = (
    r"(?i:(?<=\bin )|(?<=\bsince )|(?<=\buntil )|(?<=\btill )|(?<=\bfrom )|(?<=\bby )|(?<=\byear ))"
)

RULES: list[Rule] = [
    (re.compile(rf"(?<=\d:\d\d){_DASH}(?=\d{{1,2}}:\d\d)"), lambda _: " to "),
    (
        re.compile(
            r"(?<![\w/.,-])(?P<a>1[3-9]|2\d|3[01])(?P<mark>\.)(?P<b>0[1-9]|1[0-2])\.(?P<y>\d{2})"
            r"(?![\w/]|[.-]\d)"
        ),
        _figures,
    ),
    (
        re.compile(
            rf"(?<![\w/.-])(?P<y>\d{{4}})-(?P<m>\d{{2}})-(?P<d>\d{{2}})(?!\d|-\d){_ISO_TIME}"
        ),
        _iso_date,
    ),
    (
        re.compile(
            r"(?<![\w/.,-])(?P<a>\d{1,2})(?P<mark>[/.-])(?P<b>\d{1,2})(?P=mark)(?P<y>\d{4})"
            r"(?![\w/]|[.-]\d)"
        ),
        _figures,
    ),
    (
        re.compile(
            r"(?<![\w/.,-])(?P<a>\d{1,2})(?P<mark>/)(?P<b>\d{1,2})/(?P<y>\d{2})(?![\w/]|[.-]\d)"
        ),
        _figures,
    ),
    (
        re.compile(
            rf"(?<![\w.:])(?P<first>1[0-2]|0?[1-9])(?:\s?(?P<half1>[ap]\.?m\b\.?))?{_DASH}"
            rf"(?P<second>1[0-2]|0?[1-9])\s?{_HALF}",
            re.IGNORECASE,
        ),
        _hours,
    ),
    (
        re.compile(
            rf"(?<![\w.:,])(?P<hour>\d{{1,2}})[:.](?P<minute>[0-5]\d)(?P<second>)\s?{_HALF}",
            re.IGNORECASE,
        ),
        _clock,
    ),
    (
        re.compile(
            rf"(?<![\w:])(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::(?P<second>\d{{2}})"
            rf"(?:\.\d{{1,3}})?)?"
            rf"(?:\s?{_HALF})?(?![\d:])",
            re.IGNORECASE,
        ),
        _clock,
    ),
    (re.compile(rf"(?<![\w.:])(?P<hour>1[0-2]|0?[1-9])\s?{_HALF}", re.IGNORECASE), _hour),
    (
        re.compile(
            r"(?<![\w.])(?:(?P<hour>\d{1,3})\s?h(?:rs?|ours?)?\s?(?P<minute>\d{1,2})\s?m(?:in"
            r"(?:utes?|s)?)?"
            r"(?:\s?(?P<second>\d{1,2})\s?s(?:ec)?)?)\b"
        ),
        _duration,
    ),
    (
        re.compile(
            r"(?<![\w.])(?P<hour>)(?P<minute>\d{1,3})\s?m(?:in)?\s?(?P<second>\d{1,2})\s?s(?:ec)?\b"
        ),
        _duration,
    ),
    (re.compile(rf"\b(?P<first>{_SHORT_DAY}){_DASH}(?P<second>{_SHORT_DAY})(?!\w)"), _short_days),
    (
        re.compile(rf"\b(?P<first>{_ANY_MONTH}){_DASH}(?P<second>{_ANY_MONTH})\b(?!-)"),
        _short_months,
    ),
    (
        re.compile(
            rf"\b(?P<name>{_SHORT_DAY})(?P<mark>,?\s)(?=(?:the )?\d{{1,2}}(?:st|nd|rd|th)?\s"
            rf"(?:of\s)?{_ANY_MONTH}"
            rf"|{_ANY_MONTH}\.?\s\d|\d{{1,2}}(?::\d\d|\s?[ap]m|/\d))"
        ),
        _day_name,
    ),
    (
        re.compile(
            rf"\b{_MONTH}\s{_DAY}(?:{_DASH}(?P<last>3[01]|[12]\d|[1-9])(?:st|nd|rd|th)?)?(?![\d:]"
            rf"|[.,/]\d){_YEAR}"
        ),
        _month_day,
    ),
    (
        re.compile(
            rf"(?P<before>\b\w{{2,5}}\s)?(?<![\d.,:/$£€-]){_DAY}(?:{_DASH}(?P<last>3[01]|[12]\d"
            rf"|[1-9])(?:st|nd|rd|th)?)?"
            rf"[\s-](?:of\s)?{_MONTH}(?!\w)(?:(?:,?\s|-)(?P<year>[12]\d{{3}})(?![\d,.:]\d|\d))?"
        ),
        _day_month,
    ),
    (re.compile(rf"\b{_MONTH}\s(?P<year>[12]\d{{3}})(?![\d,.:]\d|\d)"), _month_year),
    (re.compile(r"(?<![\d.,$£€])['’]?(?<!\w)(?P<full>[12]\d{2}0)['’]?s\b(?P<short>)"), _decade),
    (re.compile(r"(?<![\d.,$£€])['’]?(?<!\w)(?P<full>)(?P<short>[1-9]0)['’]?s\b"), _decade),
    (re.compile(r"(?<!\w)'(?P<year>[6-9]\d)\b(?!')"), lambda match: cardinal(int(match["year"]))),
    (
        re.compile(
            r"(?<![\w.,$£€-])(?P<first>1[1-9]\d\d|20\d\d)[-–—](?P<second>1[1-9]\d\d|20\d\d)"
            r"(?![\w.,-]\d|\w)"
        ),
        _years,
    ),
    (
        re.compile(
            r"(?<![\w.,$£€-])(?P<first>1[5-9]\d\d|20[0-4]\d)[-–—/](?P<second>\d\d)(?![\w,.-]\d|\w"
            r"|%)"
        ),
        _years,
    ),
    (
        re.compile(rf"{_AFTER}(?P<year>1[0-9]\d\d|20\d\d)(?=[,;:!?)]?(?:\s(?!\w+s\b)|$)|\.(?!\d))"),
        _year,
    ),
]

LATE: list[Rule] = [
    (
        re.compile(rf"(?<![\w.,$£€])(?P<year>1[1-9]\d\d|20\d\d)\b(?![,.]\d){_COUNTED}"),
        lambda match: cardinal(int(match["year"])),
    ),
    (re.compile(r"(?<![\w.,$£€])(?P<year>1[1-9]\d\d|20\d\d)\b(?![,.]\d)"), _year),
]
"""For what no other class has taken: four figures by themselves are a year, unless they count."""
