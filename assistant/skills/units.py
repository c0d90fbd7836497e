"""Units and percentages. The factors are exact by definition (SI, the international yard and pound
of 1959, US customary volumes); the table is small enough to be read."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal

from assistant.language.numbers import spoken_result
from assistant.skills.phrases import NUMBER, Skill, amount, says, skill
from assistant.tools.registry import ToolError

_TABLE: dict[str, dict[str, str]] = {
    "length": {
        "millimetre millimeter mm": "0.001", "centimetre centimeter cm": "0.01",
        "metre meter m": "1", "kilometre kilometer km kilo": "1000", "inch inches in": "0.0254",
        "foot feet ft": "0.3048", "yard yd": "0.9144", "mile mi": "1609.344",
        "nautical_mile": "1852",
    },
    "mass": {
        "milligram mg": "0.000001", "gram gramme g": "0.001", "kilogram kilo kg": "1",
        "tonne metric_ton": "1000", "ounce oz": "0.028349523125", "pound lb lbs": "0.45359237",
        "stone": "6.35029318",
    },
    "volume": {
        "millilitre milliliter ml": "0.001", "centilitre centiliter cl": "0.01",
        "decilitre deciliter dl": "0.1", "litre liter l": "1",
        "teaspoon tsp": "0.00492892159375", "tablespoon tbsp": "0.01478676478125",
        "fluid_ounce": "0.0295735295625", "cup": "0.2365882365", "pint": "0.473176473",
        "quart": "0.946352946", "gallon": "3.785411784", "imperial_pint british_pint": "0.56826125",
        "imperial_gallon british_gallon": "4.54609",
    },
    "time": {
        "second sec": "1", "minute min": "60", "hour hr": "3600", "day": "86400",
        "week": "604800", "fortnight": "1209600",
    },
    "speed": {
        "kilometre_per_hour kilometer_per_hour kph km/h kmh": "1", "mile_per_hour mph": "1.609344",
        "metre_per_second meter_per_second": "3.6", "knot": "1.852",
    },
    "area": {
        "square_metre square_meter": "1", "square_kilometre square_kilometer": "1000000",
        "square_foot square_feet": "0.09290304", "acre": "4046.8564224", "hectare": "10000",
        "square_mile": "2589988.110336",
    },
    "data": {
        "byte": "1", "kilobyte kb": "1000", "megabyte mb": "1000000", "gigabyte gb": "1000000000",
        "terabyte tb": "1000000000000",
    },
}  # fmt: skip
_DEGREES = {
    "celsius": (Fraction(1), Fraction(0)), "c": (Fraction(1), Fraction(0)),
    "centigrade": (Fraction(1), Fraction(0)),
    "fahrenheit": (Fraction(5, 9), Fraction(-160, 9)), "f": (Fraction(5, 9), Fraction(-160, 9)),
    "kelvin": (Fraction(1), Fraction("-273.15")),
}  # fmt: skip
"""Times this, and this added, gives degrees Celsius."""
_NAMES = {"c": "celsius", "f": "fahrenheit", "centigrade": "celsius"}

_UNITS = {
    name.replace("_", " "): (kind, Fraction(factor), names.split()[0].replace("_", " "))
    for kind, table in _TABLE.items()
    for names, factor in table.items()
    for name in names.split()
}
_PLURALS = {"foot": "feet", "inch": "inches", "square foot": "square feet", "stone": "stone",
            "kelvin": "kelvin", "celsius": "degrees Celsius",
            "fahrenheit": "degrees Fahrenheit"}  # fmt: skip
_U = r"\S+(?: \S+){0,2}?"
_A = rf"(?P<amount>(?:minus |negative )?(?:{NUMBER})(?: a)?)"
_FROM, _TO = rf"(?P<unit>{_U})", rf"(?P<to>{_U})"
_P = rf"(?P<percent>{NUMBER}) percent"
_OF = rf"(?P<number>{NUMBER})(?: (?:dollars|euros|pounds|bucks))?"
_ASKS = r"(?:what is|what are|what|how much is|how much are|calculate|work out|take|find)"


def unit_skills() -> list[Skill]:
    """`convert` and `percentage`."""

    @skill(
        says(rf"(?:convert|change|turn|put) {_A} {_FROM} (?:to|into|in) {_TO}", _conversion),
        says(rf"how many {_TO} (?:are|is|make|makes|go|fit|do)(?: there)?(?: (?:in|into))? "
             rf"{_A} {_FROM}(?: have)?", _conversion),
        says(rf"how many {_TO} (?:in|to|per) {_A} {_FROM}", _conversion),
        says(rf"(?:(?:what|how much|how far|how long|how heavy|how hot|how cold|how tall|how fast"
             rf"|how big|how warm|how high)(?: (?:is|are|would be))? )?{_A} {_FROM} (?:in|to|as) "
             rf"{_TO}", _conversion),
    )  # fmt: skip
    async def convert(amount: float, unit: str, to: str) -> str:
        """Convert an amount from one unit to another.

        Args:
            amount: How much.
            unit: Of what, like "kilometres".
            to: The unit that is wanted, like "miles".
        """
        exact = Fraction(str(amount))
        value = converted(exact, unit, to)
        if value is None:
            raise ToolError(f"I cannot convert {unit} into {to}.")
        equals = "is" if exact == 1 else "are"
        told = f"{_measure(exact, unit)} {equals} {_measure(value, to)}."
        return told[0].upper() + told[1:]

    @skill(
        says(rf"(?:{_ASKS} )?{_P} (?:of|from) {_OF}", _figures, what="of"),
        says(rf"(?:{_ASKS} )?(?:a )?(?:{_P} tip|tip of {_P.replace('percent>', 'p2>')}) "
             rf"(?:on|for|of) {_OF}", _figures, what="of"),
        says(rf"(?:{_ASKS} )?{_P} (?:off|less than) {_OF}", _figures, what="off"),
        says(rf"(?:{_ASKS} )?{_OF} (?:minus|less) {_P}", _figures, what="off"),
        says(rf"(?:{_ASKS} )?{_OF} plus {_P}|add {_P.replace('percent>', 'p2>')} to "
             rf"{_OF.replace('number>', 'n2>')}", _figures, what="plus"),
        says(rf"what percent(?:age)?(?: of {_OF})? is (?P<percent>{NUMBER})"
             rf"(?: (?:of|out of) {_OF.replace('number>', 'n2>')})?", _figures, what="share"),
    )  # fmt: skip
    async def percentage(
        what: Literal["of", "off", "plus", "share"], percent: float, number: float
    ) -> str:
        """Work out a percentage.

        Args:
            what: So many percent of a number, that much off it or added to it; or which share of
                `number` `percent` is.
            percent: How many percent (with "share": the part).
            number: Of how much.
        """
        part, whole = Fraction(str(percent)), Fraction(str(number))
        if what == "share":
            if not whole:
                raise ToolError("Nothing is a share of nothing.")
            return f"That is {spoken_result(100 * part / whole)} percent."
        share = whole * part / 100
        value = {"of": share, "off": whole - share, "plus": whole + share}[what]
        return f"That is {spoken_result(value)}."

    return [convert, percentage]


def _conversion(said: dict[str, str]) -> Mapping[str, Any] | None:
    words = said["amount"].lower()
    number = amount(words)
    if number is None and words.endswith(" a"):  # "half a mile"
        number = amount(words.removesuffix(" a"))
    unit, to = said["unit"], said["to"]
    if number is None or converted(number, unit, to) is None:
        return None
    return {"amount": _plain(number), "unit": unit, "to": to}


def _figures(said: dict[str, str]) -> Mapping[str, Any] | None:
    percent = amount(said.get("percent") or said.get("p2") or "")
    number = amount(said.get("number") or said.get("n2") or "")
    if percent is None or number is None:
        return None
    return {"percent": _plain(percent), "number": _plain(number)}


def _plain(number: Fraction) -> int | float:
    return int(number) if number.denominator == 1 else float(number)


def converted(number: Fraction, unit: str, to: str) -> Fraction | None:
    """None where either unit is not known, or they measure different things."""
    one, other = _one(unit), _one(to)
    if one in _DEGREES and other in _DEGREES:
        times, plus = _DEGREES[one]
        back_times, back_plus = _DEGREES[other]
        return (number * times + plus - back_plus) / back_times
    for kind in _TABLE:
        found = [_factor(each, kind) for each in (one, other)]
        if found[0] is not None and found[1] is not None:
            return number * found[0] / found[1]
    return None


def _factor(unit: str, kind: str) -> Fraction | None:
    """A "kilo" is both a length and a mass, so the kind is asked."""
    for names, factor in _TABLE[kind].items():
        if unit in (name.replace("_", " ") for name in names.split()):
            return Fraction(factor)
    return None


def _one(unit: str) -> str:
    """The singular, in lower case: "Degrees Celsius" → "celsius", "miles per hour" → "mile per
    hour"."""
    low = unit.lower().strip().removeprefix("degrees ").removeprefix("degree ")
    first, blank, rest = low.partition(" per ")
    if first not in _UNITS and first not in _DEGREES:
        first = first.removesuffix("s")
    return first + blank + rest


def _measure(value: Fraction, unit: str) -> str:
    one = _one(unit)
    written_out = one in _UNITS and (len(one) < 4 or one.endswith(("feet", "inches")))
    name = _NAMES.get(one) or (_UNITS[one][2] if written_out else one)
    if value == 1 and name not in ("celsius", "fahrenheit"):
        return f"1 {name}"
    head, blank, rest = name.partition(" per ")
    return f"{spoken_result(value)} {_PLURALS.get(name) or f'{head}s{blank}{rest}'}"
