"""Text as it is written, into text as it is spoken: "9:30" → "nine thirty", "GLaDOS" → "Gladoss".

A text-to-speech engine drops or spells out what it does not know, so everything that is not a word
becomes words here, in one order: marks of writing off, names, addresses, dates and times, money,
measures, the remaining numbers, symbols, shouting. What stays is words and punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from assistant.backends.cascade.numerals import (
    cardinal,
    decimal,
    digits,
    fraction,
    number,
    ordinal,
    year,
)

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_MONTH = "|".join(_MONTHS)
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"

NAMES = {
    "GLaDOS": "Gladoss",
    "JARVIS": "Jarvis",
    "J.A.R.V.I.S.": "Jarvis",
    "HAL": "Hal",
    "TARS": "Tars",
    "KITT": "Kit",
    "K.I.T.T.": "Kit",
    "C-3PO": "See Threepio",
    "C3PO": "See Threepio",
    "R2-D2": "Artoo Deetoo",
    "R2D2": "Artoo Deetoo",
    "AI": "A.I.",
}
"""Names whose spelling misleads an engine; matched as written here, and GLaDOS in any case."""

_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
}
_UNITS = {
    "°C": "degree Celsius", "°F": "degree Fahrenheit", "°": "degree", "%": "percent",
    "km/h": "kilometre per hour", "m/s": "metre per second", "mph": "mile per hour",
    "km": "kilometre", "cm": "centimetre", "mm": "millimetre", "m": "metre", "mi": "mile",
    "ft": "foot", "kg": "kilogram", "mg": "milligram", "g": "gram", "lb": "pound", "lbs": "pound",
    "oz": "ounce", "ml": "millilitre", "l": "litre", "L": "litre", "ms": "millisecond",
    "s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "hrs": "hour",
    "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "W": "watt",
    "kW": "kilowatt", "kWh": "kilowatt hour", "V": "volt", "KB": "kilobyte", "kB": "kilobyte",
    "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "dB": "decibel",
}  # fmt: skip
_UNCOUNTED = {"percent", "hertz", "kilohertz", "megahertz", "gigahertz"}
_SYMBOLS = {"&": " and ", "@": " at ", "=": " equals ", "+": " plus ", "×": " times ",
            "÷": " divided by ", "−": " minus ", "±": " plus or minus ", "≈": " about ",
            "<": " less than ", ">": " more than ", "→": ", ", "#": " number ", "%": " percent ",
            "°": " degrees ", "€": " euros ", "£": " pounds ", "$": " dollars "}  # fmt: skip

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


@lru_cache(maxsize=2048)
def speakable(text: str) -> str:
    """Words and punctuation only, in one line; "" where there is nothing to say.

    Kept, because each sentence is looked up in the voice cache before it is rendered, and a
    persona's scripted lines come again at every change.
    """
    text = unicodedata.normalize("NFC", text)
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    for rule, speak in _RULES:
        text = rule.sub(speak, text)
    text = "".join(_SYMBOLS.get(character, character) for character in text)
    text = "".join(character for character in text if not _is_mark(character))
    text = re.sub(r"\s+", " ", _calm(text))
    text = re.sub(r"\s+(?=[,.!?;:])", "", text).strip()
    return text if any(character.isalnum() for character in text) else ""


def _is_mark(character: str) -> bool:
    """Emojis, arrows, controls and the marks of markdown: nothing that a voice can say."""
    if character.isspace():
        return False
    return unicodedata.category(character) in ("So", "Sk", "Sm", "Cf", "Cc", "Co", "Cs", "Cn") or (
        character in "*_`~|\\^{}[]\ufe0f\u20e3"
    )


_MARKUP: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)"), r"\1"),
    (re.compile(r"```\w*"), " "),
    (re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+•]\s+)", re.MULTILINE), ""),
    (re.compile(r"</?[a-zA-Z][^>]*>"), ""),
    (re.compile(r"[\u2018\u2019]"), "'"),
    (re.compile(r"[\u200b-\u200f\u2028-\u202e]"), ""),
]


def _name_rules() -> list[Rule]:
    rules: list[Rule] = [(re.compile(r"\bglados\b", re.IGNORECASE), lambda _: "Gladoss")]
    for written, spoken in NAMES.items():
        pattern = rf"(?<![\w.]){re.escape(written)}(?!\w)"
        rules.append((re.compile(pattern), lambda _, spoken=spoken: spoken))  # type: ignore[misc]
    return rules


def _address(match: re.Match[str]) -> str:
    spoken = re.sub(r"^(?:https?://)?(?:www\.)?", "", match[0]).split("/")[0]
    return spoken.replace("@", " at ").replace(".", " dot ").replace("-", " dash ")


def _clock(match: re.Match[str]) -> str:
    hour, minute, half = int(match["hour"]), int(match["minute"]), match["half"]
    if hour > 24 or minute > 59:
        return f"{cardinal(hour)} to {cardinal(minute)}"
    words = cardinal(hour)
    if minute:
        words += f" oh {cardinal(minute)}" if minute < 10 else f" {cardinal(minute)}"
    elif not half:
        words += " o'clock" if hour <= 12 else " hundred hours"
    if match["second"]:
        words += f" and {cardinal(int(match['second']))} seconds"
    return words + _half(half)


def _hour(match: re.Match[str]) -> str:
    return cardinal(int(match["hour"])) + _half(match["half"])


def _half(written: str | None) -> str:
    return "" if not written else " A.M." if written[0] in "aA" else " P.M."


def _iso_date(match: re.Match[str]) -> str:
    month, of_month = int(match[2]), int(match[3])
    if not (1 <= month <= 12 and 1 <= of_month <= 31):
        return f"{number(match[1])}, {number(match[2])}, {number(match[3])}"
    return f"the {ordinal(of_month)} of {_MONTHS[month - 1]} {year(int(match[1]))}"


def _slash_date(match: re.Match[str]) -> str:
    first, second = int(match[1]), int(match[2])
    if first > 12 >= second >= 1:
        first, second = second, first
    elif not (1 <= first <= 12 < second <= 31):
        return f"{cardinal(first)}, {cardinal(second)}, {year(int(match[3]))}"
    return f"the {ordinal(second)} of {_MONTHS[first - 1]} {year(int(match[3]))}"


def _month_day(match: re.Match[str]) -> str:
    spoken = f"{match['month']} {ordinal(int(match['day']))}"
    return spoken + (f", {year(int(match['year']))}" if match["year"] else "")


def _day_month(match: re.Match[str]) -> str:
    spoken = f"{ordinal(int(match['day']))} of {match['month']}"
    return spoken + (f" {year(int(match['year']))}" if match["year"] else "")


def _money(match: re.Match[str]) -> str:
    one, many, cent, cents = _CURRENCIES[match["sign"]]
    amount = match["amount"].replace(",", "")
    if match["scale"]:
        return f"{number(amount)} {match['scale']} {many}"
    whole, _, part = amount.partition(".")
    if len(part) not in (0, 2):
        return f"{number(amount)} {many}"
    spoken = f"{cardinal(int(whole))} {one if int(whole) == 1 else many}"
    if not part or not int(part):
        return spoken
    small = f"{cardinal(int(part))} {cent if int(part) == 1 else cents}"
    return small if not int(whole) else f"{spoken} and {small}"


def _measure(match: re.Match[str]) -> str:
    unit = _UNITS[match["unit"]]
    first, _, rest = unit.partition(" ")
    if match["amount"] != "1" and first not in _UNCOUNTED:
        first = "feet" if first == "foot" else first + "s"
        if unit in ("kilowatt hour",):
            first, rest = "kilowatt", "hours"
    return f"{number(match['amount'])} {first} {rest}".rstrip()


def _decade(match: re.Match[str]) -> str:
    spoken = year(int(match[1])) if match[1] else cardinal(int(match[2]))
    return re.sub(r"y$", "ies", spoken) if spoken.endswith("y") else spoken + "s"


def _calm(text: str) -> str:
    """Shouted words in small letters, so that they are read and not spelled out."""
    words = re.findall(r"[^\W\d_]{2,}", text)
    shouted = len(words) > 1 and all(word.isupper() for word in words)
    return re.sub(
        r"[^\W\d_]{2,}",
        lambda match: (
            match[0].lower() if match[0].isupper() and (shouted or len(match[0]) > 5) else match[0]
        ),
        text,
    )


_HALF = r"(?P<half>[ap]\.?m\.?(?!\w))"
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_RULES: list[Rule] = [
    (re.compile(r"(?:https?://|www\.)[^\s<>\"')\]]+[^\s<>\"')\].,;:!?]|\b[\w.]+@[\w-]+\.[\w.]*\w"),
     _address),
    *_name_rules(),
    (re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b"), _iso_date),
    (re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b"), _slash_date),
    (re.compile(rf"\b(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::(?P<second>\d{{2}}))?"
                rf"(?:\s*{_HALF})?(?!\d)", re.IGNORECASE), _clock),
    (re.compile(rf"\b(?P<hour>1[0-2]|[1-9])\s*{_HALF}", re.IGNORECASE), _hour),
    (re.compile(rf"\b(?P<month>{_MONTH})\s+(?P<day>[12]?\d|3[01])(?:st|nd|rd|th)?\b"
                r"(?:,?\s+(?P<year>\d{4})\b)?"), _month_day),
    (re.compile(rf"\b(?P<day>[12]?\d|3[01])(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\b"
                r"(?:,?\s+(?P<year>\d{4})\b)?"), _day_month),
    (re.compile(r"'?\b(\d{2,3}0)'?s\b|'?\b(\d0)'?s\b"), _decade),
    (re.compile(r"(?<=\d)\s+[-−]\s+(?=\d)"), lambda _: " minus "),
    (re.compile(rf"(?<![\w.])[-−](?=(?:{_NUMBER})\b)"), lambda _: "minus "),
    (re.compile(rf"(?P<sign>[$£€¥])\s?(?P<amount>{_NUMBER})"
                r"(?:\s?(?P<scale>thousand|million|billion|trillion)\b)?"), _money),
    (re.compile(rf"(?<![\w.])(?P<amount>{_NUMBER})\s?(?P<unit>{_UNIT})(?![\w/])"), _measure),
    (re.compile(r"\b(\d+)(?:st|nd|rd|th)\b"), lambda match: ordinal(int(match[1]))),
    (re.compile(r"\b(\d{1,2})/(\d{1,3})\b"), lambda match: fraction(int(match[1]), int(match[2]))),
    (re.compile(r"\b\d+(?:\.\d+){2,}\b"), lambda match: " point ".join(
        number(part) for part in match[0].split("."))),
    (re.compile(r"\b\d{3}[- ]\d{4}\b"), lambda match: digits(match[0])),
    (re.compile(rf"(?<=\d)\s?[–—-]\s?(?=(?:{_NUMBER})\b)"), lambda _: " to "),
    (re.compile(r"(?<=\d)\s*\*\s*(?=\d)"), lambda _: " times "),
    (re.compile(r"(?<=\d)\s*/\s*(?=\d)"), lambda _: " divided by "),
    (re.compile(r"(?<=[^\W\d_])-(?=\d)|(?<=\d)-(?=[^\W\d_])"), lambda _: " "),
    (re.compile(r"\b(?:1[1-9]|20)\d\d\b(?![\d,.]\d)"), lambda match: year(int(match[0]))),
    (re.compile(r"(?<![.\d])\.\d+\b"), lambda match: decimal("0" + match[0])),
    (re.compile(r"\b0\d+\b|\b\d{8,}\b"), lambda match: digits(match[0])),
    (re.compile(_NUMBER), lambda match: f" {number(match[0])} "),
]  # fmt: skip
