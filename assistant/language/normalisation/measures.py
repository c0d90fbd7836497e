"""Quantities with units: "-40 °F", "10 MB/s", "3 m²", "10-15 km"."""

from __future__ import annotations

import re

from assistant.language.normalisation import AMOUNT, Rule, alternatives
from assistant.language.numbers import amount, plain

_SAME = ""
"""The plural is the singular."""
_UNITS: dict[str, tuple[str, str | None]] = {
    "°C": ("degree Celsius", "degrees Celsius"), "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°K": ("degree Kelvin", "degrees Kelvin"), "°": ("degree", None), "deg": ("degree", None),
    "%": ("percent", _SAME), "‰": ("per thousand", _SAME), "pp": ("percentage point", None),
    "bps": ("bit per second", "bits per second"), "ppm": ("part per million", "parts per million"),
    "km": ("kilometre", None), "cm": ("centimetre", None), "mm": ("millimetre", None),
    "dm": ("decimetre", None), "μm": ("micrometre", None), "nm": ("nanometre", None),
    "m": ("metre", None), "mi": ("mile", None), "mile": ("mile", None), "ft": ("foot", "feet"),
    "in": ("inch", "inches"), "yd": ("yard", None), "yds": ("yard", None),
    "nmi": ("nautical mile", None), "ly": ("light year", None), "kg": ("kilogram", None),
    "mg": ("milligram", None), "μg": ("microgram", None), "g": ("gram", None),
    "lb": ("pound", None), "lbs": ("pound", None), "oz": ("ounce", None), "st": ("stone", _SAME),
    "ml": ("millilitre", None), "mL": ("millilitre", None), "cl": ("centilitre", None),
    "dl": ("decilitre", None), "l": ("litre", None), "L": ("litre", None), "gal": ("gallon", None),
    "pt": ("pint", None), "qt": ("quart", None), "tsp": ("teaspoon", None),
    "tbsp": ("tablespoon", None), "floz": ("fluid ounce", None), "fl oz": ("fluid ounce", None),
    "ns": ("nanosecond", None), "μs": ("microsecond", None), "ms": ("millisecond", None),
    "s": ("second", None), "sec": ("second", None), "secs": ("second", None),
    "min": ("minute", None), "mins": ("minute", None), "h": ("hour", None), "hr": ("hour", None),
    "hrs": ("hour", None), "wk": ("week", None), "wks": ("week", None), "yr": ("year", None),
    "yrs": ("year", None), "mo": ("month", None), "mos": ("month", None), "Hz": ("hertz", _SAME),
    "kHz": ("kilohertz", _SAME), "MHz": ("megahertz", _SAME), "GHz": ("gigahertz", _SAME),
    "THz": ("terahertz", _SAME), "rpm": ("revolution per minute", "revolutions per minute"),
    "RPM": ("revolution per minute", "revolutions per minute"),
    "fps": ("frame per second", "frames per second"),
    "bpm": ("beat per minute", "beats per minute"), "BPM": ("beat per minute", "beats per minute"),
    "dpi": ("dot per inch", "dots per inch"), "px": ("pixel", None), "MP": ("megapixel", None),
    "μW": ("microwatt", None), "mW": ("milliwatt", None), "W": ("watt", None),
    "kW": ("kilowatt", None), "MW": ("megawatt", None), "GW": ("gigawatt", None),
    "Wh": ("watt hour", None), "kWh": ("kilowatt hour", None), "MWh": ("megawatt hour", None),
    "mAh": ("milliamp hour", None), "Ah": ("amp hour", None), "V": ("volt", None),
    "kV": ("kilovolt", None), "mV": ("millivolt", None), "A": ("amp", None),
    "mA": ("milliamp", None), "Ω": ("ohm", None), "kΩ": ("kilohm", None), "MΩ": ("megohm", None),
    "μF": ("microfarad", None), "pF": ("picofarad", None), "J": ("joule", None),
    "kJ": ("kilojoule", None), "MJ": ("megajoule", None), "cal": ("calorie", None),
    "kcal": ("kilocalorie", None), "N": ("newton", None), "kN": ("kilonewton", None),
    "Nm": ("newton metre", None), "Pa": ("pascal", None), "hPa": ("hectopascal", None),
    "kPa": ("kilopascal", None), "MPa": ("megapascal", None), "psi": ("P S I", _SAME),
    "bar": ("bar", None), "mbar": ("millibar", None), "atm": ("atmosphere", None),
    "bit": ("bit", None), "kbit": ("kilobit", None), "Mbit": ("megabit", None),
    "Gbit": ("gigabit", None), "B": ("byte", None), "KB": ("kilobyte", None),
    "kB": ("kilobyte", None), "MB": ("megabyte", None), "GB": ("gigabyte", None),
    "TB": ("terabyte", None), "PB": ("petabyte", None), "KiB": ("kibibyte", None),
    "MiB": ("mebibyte", None), "GiB": ("gibibyte", None), "TiB": ("tebibyte", None),
    "Kb": ("kilobit", None), "Mb": ("megabit", None), "Gb": ("gigabit", None),
    "kbps": ("kilobit per second", "kilobits per second"),
    "Kbps": ("kilobit per second", "kilobits per second"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "MBps": ("megabyte per second", "megabytes per second"), "dB": ("decibel", None),
    "dBA": ("decibel", None), "dBm": ("D B M", _SAME), "lm": ("lumen", None), "lx": ("lux", _SAME),
    "cd": ("candela", None), "mol": ("mole", None), "kn": ("knot", None), "kt": ("knot", None),
    "kts": ("knot", None), "ha": ("hectare", None), "ac": ("acre", None), "t": ("tonne", None),
    "K": ("kelvin", _SAME), "mph": ("mile per hour", "miles per hour"),
    "mpg": ("mile per gallon", "miles per gallon"),
    "kph": ("kilometre per hour", "kilometres per hour"),
    "kmh": ("kilometre per hour", "kilometres per hour"), "hp": ("horsepower", _SAME),
    "bhp": ("brake horsepower", _SAME), "sqm": ("square metre", None),
    "sqft": ("square foot", "square feet"), "sq ft": ("square foot", "square feet"),
    "sq m": ("square metre", None), "sq mi": ("square mile", None),
    "sq km": ("square kilometre", None), "cc": ("C C", _SAME), "kgs": ("kilogram", None),
    "kms": ("kilometre", None), "eV": ("electronvolt", None), "keV": ("kiloelectronvolt", None),
    "MeV": ("megaelectronvolt", None), "GeV": ("gigaelectronvolt", None),
    "mmHg": ("millimetre of mercury", "millimetres of mercury"), "USt": ("ton", None),
    "inch": ("inch", "inches"), "feet": ("foot", "feet"), "″": ("inch", "inches"),
}  # fmt: skip
_LOOSE = {
    "in",
    "A",
    "K",
    "B",
    "t",
    "st",
    "pt",
    "ac",
    "cd",
    "bar",
    "atm",
    "mo",
    "pp",
    "cal",
    "N",
    "J",
    "h",
    "mi",
    "kt",
    "deg",
    "ly",
}
"""Units that are words or letters too: with a blank before only where nothing else is likely."""
_PER = {
    "s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "hour": "hour",
    "day": "day", "d": "day", "week": "week", "month": "month", "mo": "month", "yr": "year",
    "year": "year", "kg": "kilogram", "l": "litre", "L": "litre", "g": "gram", "ml": "millilitre",
    "mL": "millilitre", "dL": "decilitre", "dl": "decilitre", "m": "metre", "km": "kilometre",
    "mol": "mole", "ha": "hectare", "person": "person", "capita": "capita", "second": "second",
    "minute": "minute", "cm": "centimetre", "gal": "gallon", "sq ft": "square foot",
    "100km": "hundred kilometres", "100 km": "hundred kilometres",
}  # fmt: skip
_RAISED = r"(?:\^?(?P<power>[23²³]))?"
_BELOW = rf"(?:\s?/\s?(?P<per>{alternatives(_PER)})(?:\^?(?P<power2>[23]))?)?"


def _name(unit: str, power: str | None, per: str | None, power2: str | None, *, one: bool) -> str:
    single, plural = _UNITS[unit]
    many = f"{single}s" if plural is None else plural or single
    name = _raised(power) + (single if one else many)
    if not per:
        return name
    below = _PER[per]
    return (
        f"{name} per {below} squared"
        if power2 == "2" and below == "second"
        else f"{name} per {_raised(power2)}{below}"
    )


def _raised(power: str | None) -> str:
    return {"2": "square ", "3": "cubic "}.get(power or "", "")


def _measure(match: re.Match[str]) -> str:
    written = match["amount"]
    part = re.fullmatch(r"\d+/\d+", written)
    one = part is not None or match["gap"] == "-" or ("/" not in written and plain(written) == "1")
    name = _name(match["unit"], match["power"], match["per"], match["power2"], one=one)
    if part is None:
        return f"{amount(written)} {name}"
    if match["unit"] in "%°":
        return f"{written} {name}"
    return f"{written} of {'an' if name[0] in 'aeio' or name.startswith('hour') else 'a'} {name}"


def _bare(match: re.Match[str]) -> str:
    return _name(match["unit"], match["power"], match["per"], match["power2"], one=False)


def _compound(match: re.Match[str]) -> str:
    """ "5'11"" and "6 ft 2 in"."""
    feet, inches = match["feet"], match["inches"]
    spoken = f"{amount(feet)} {'foot' if feet == '1' or not inches else 'feet'}"
    if not inches:
        return f"{amount(feet)} {'foot' if feet == '1' else 'feet'}"
    return f"{spoken} {amount(inches)}" + (
        "" if inches == "0" else " inch" if inches == "1" else " inches"
    )


def _feet(match: re.Match[str]) -> str:
    return f"{amount(match['feet'])} {'foot' if match['feet'] == '1' else 'feet'}"


_COMPASS = {"N": " north", "S": " south", "E": " east", "W": " west"}


def _angle(match: re.Match[str]) -> str:
    """ "52°31'12" N"."""
    parts = [(match["deg"], "degree"), (match["min"], "minute"), (match["sec"], "second")]
    spoken = [f"{amount(n)} {unit}{'' if n == '1' else 's'}" for n, unit in parts if n]
    return " ".join(spoken) + _COMPASS.get(match["to"] or "", "")


def _inches(match: re.Match[str]) -> str:
    one = match["amount"] == "1" or match["before_noun"] is not None
    return f"{amount(match['amount'])} {'inch' if one else 'inches'}"


_STRICT = alternatives(unit for unit in _UNITS if unit not in _LOOSE)
_GLUED = alternatives(
    unit for unit in _LOOSE if unit not in {"K", "B", "st", "in", "A", "pp", "mi", "ly", "N", "J"}
)
_END = r"(?![\w/]|[-–][^\W\d_]|\^)"
_FRACTION = r"\d{1,2}/\d{1,3}"

RULES: list[Rule] = [
    (
        re.compile(
            r"(?<![\w.])(?P<deg>\d{1,3}(?:\.\d{1,8})?)\s?°\s?(?:(?P<min>\d{1,2}"
            r"(?:\.\d{1,5})?)\s?['′]\s?"
            r"(?:(?P<sec>\d{1,2}(?:\.\d{1,5})?)\s?[\"″])?\s?)?(?P<to>[NSEW])\b"
        ),
        _angle,
    ),
    (
        re.compile(
            r"(?<![\w.])(?P<deg>\d{1,3})\s?°\s?(?P<min>\d{1,2})\s?['′](?:\s?"
            r"(?P<sec>\d{1,2})\s?[\"″])?(?P<to>)"
        ),
        _angle,
    ),
    (
        re.compile(
            r"(?<![\w.'])(?P<feet>\d{1,2})['′]\s?(?:(?P<inches>\d{1,2}(?:\.\d)?)(?:\"|″|''))(?!\w)"
        ),
        _compound,
    ),
    (
        re.compile(r"(?<![\w.'])(?P<feet>\d{1,2})['′](?= (?:tall|long|wide|high|deep|x|by)\b)"),
        _feet,
    ),
    (
        re.compile(
            r"(?<![\w.\"])(?P<amount>\d{1,3}(?:\.\d{1,2})?)\"(?=[\s,.;)]|$)(?=[^\"]{0,200}$)"
            r"(?P<before_noun>(?= [a-z]))?"
        ),
        _inches,
    ),
    (
        re.compile(
            rf"(?<![\w.,/])(?P<amount>{AMOUNT}|{_FRACTION})(?P<gap>[ \u00a0\u202f-]?)"
            rf"(?P<unit>{_STRICT}){_RAISED}{_BELOW}{_END}"
        ),
        _measure,
    ),
    (
        re.compile(
            rf"(?<![\w.,/])(?P<amount>{AMOUNT}|{_FRACTION})(?P<gap>-?)"
            rf"(?P<unit>{_GLUED}){_RAISED}{_BELOW}{_END}"
        ),
        _measure,
    ),
    (
        re.compile(
            rf"(?<![\w.,/])(?P<amount>{AMOUNT})(?P<gap>[ \u00a0])(?P<unit>h|mi|mo|cal"
            rf"|bar|atm|kt|deg|ly|N|J|A|K|pp|t|ac|pt){_RAISED}{_BELOW}"
            r"(?=\s*[,.;:!?)]|\s*$|\s(?:of|and|or|to|at|in|per|from|is|was|away)\b)"
        ),
        _measure,
    ),
    (
        re.compile(
            rf"(?<![\w.,/])(?P<amount>{AMOUNT})(?P<gap> )(?P<unit>in)(?P<power>)"
            rf"(?P<per>)(?P<power2>)(?=\s*[,.;)]|\s*$|\s(?:wide|long|tall|deep|high|thick|x|×"
            rf"|by)\b)"
        ),
        _measure,
    ),
    (
        re.compile(
            r"(?<![\w/^])(?P<unit>km|cm|mm|m|ft|mi|in)\^(?P<power>[23])(?P<per>)(?P<power2>)"
            r"(?![\w/^])"
        ),
        _bare,
    ),
    (
        re.compile(
            rf"(?<![\w/^])(?P<unit>km|cm|mm|m|mi|kg|g|mg|MB|GB|TB|kB|KB|Mbit|Gbit|l|L|ft)(?:\^?"
            rf"(?P<power>[23]))?/(?P<per>{alternatives(_PER)})(?:\^(?P<power2>[23]))?(?![\w/^])"
        ),
        _bare,
    ),
    (
        re.compile(
            r"(?<![\w/])(?P<unit>°C|°F|kWh|Mbps|Gbps|GHz|MHz|kHz|mph)(?P<power>)(?P<per>)"
            r"(?P<power2>)(?!\w)"
        ),
        _bare,
    ),
]
