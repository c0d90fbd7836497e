"""Amounts of money: "$1.5M" → "one point five million dollars", "£1 or 99p"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.language.normalisation import AMOUNT, Rule, alternatives
from assistant.language.numbers import amount, cardinal, plain


@dataclass(frozen=True, slots=True)
class _Currency:
    one: str
    many: str
    cent: str = "cent"
    cents: str = "cents"


def _dollars(of: str) -> _Currency:
    return _Currency(f"{of} dollar", f"{of} dollars")


_SIGNS = {
    "US$": _dollars("US"), "A$": _dollars("Australian"), "AU$": _dollars("Australian"),
    "C$": _dollars("Canadian"), "CA$": _dollars("Canadian"), "NZ$": _dollars("New Zealand"),
    "HK$": _dollars("Hong Kong"), "S$": _dollars("Singapore"),
    "R$": _Currency("real", "reais", "centavo", "centavos"), "$": _Currency("dollar", "dollars"),
    "£": _Currency("pound", "pounds", "penny", "pence"), "€": _Currency("euro", "euros"),
    "¥": _Currency("yen", "yen", "sen", "sen"), "₹": _Currency("rupee", "rupees", "paisa", "paise"),
    "₽": _Currency("rouble", "roubles", "kopeck", "kopecks"), "₩": _Currency("won", "won"),
    "₺": _Currency("lira", "lira"), "₴": _Currency("hryvnia", "hryvnias"),
    "₪": _Currency("shekel", "shekels"), "₿": _Currency("bitcoin", "bitcoins"),
    "฿": _Currency("baht", "baht"), "₫": _Currency("dong", "dong"),
    "₦": _Currency("naira", "naira"),
}  # fmt: skip
_CODES = {
    "USD": _dollars("US"), "AUD": _dollars("Australian"), "CAD": _dollars("Canadian"),
    "NZD": _dollars("New Zealand"), "HKD": _dollars("Hong Kong"), "SGD": _dollars("Singapore"),
    "EUR": _SIGNS["€"], "GBP": _SIGNS["£"], "JPY": _SIGNS["¥"], "INR": _SIGNS["₹"],
    "RUB": _SIGNS["₽"], "KRW": _SIGNS["₩"], "TRY": _SIGNS["₺"], "UAH": _SIGNS["₴"],
    "ILS": _SIGNS["₪"], "BRL": _SIGNS["R$"], "BTC": _SIGNS["₿"], "THB": _SIGNS["฿"],
    "CHF": _Currency("Swiss franc", "Swiss francs", "centime", "centimes"),
    "CNY": _Currency("yuan", "yuan"), "RMB": _Currency("yuan", "yuan"),
    "SEK": _Currency("Swedish krona", "Swedish kronor"),
    "NOK": _Currency("Norwegian krone", "Norwegian kroner"),
    "DKK": _Currency("Danish krone", "Danish kroner"), "PLN": _Currency("zloty", "zlotys"),
    "CZK": _Currency("Czech koruna", "Czech korunas"), "HUF": _Currency("forint", "forints"),
    "MXN": _Currency("Mexican peso", "Mexican pesos"), "ZAR": _Currency("rand", "rand"),
}  # fmt: skip
SCALES = {
    "k": "thousand", "K": "thousand", "thousand": "thousand", "m": "million", "M": "million",
    "mn": "million", "mm": "million", "MM": "million", "mil": "million", "Mn": "million",
    "million": "million", "b": "billion", "B": "billion", "bn": "billion", "Bn": "billion",
    "bln": "billion", "billion": "billion", "t": "trillion", "T": "trillion", "tn": "trillion",
    "Tn": "trillion", "trn": "trillion", "trillion": "trillion", "hundred": "hundred",
    "quadrillion": "quadrillion", "dozen": "dozen",
}  # fmt: skip
"""What a letter or a word behind an amount multiplies it by."""

_PER = {
    "mo": "month", "yr": "year", "hr": "hour", "h": "hour", "d": "day", "wk": "week",
    "kg": "kilogram", "lb": "pound", "l": "litre", "gal": "gallon", "kWh": "kilowatt hour",
    "GB": "gigabyte", "pp": "person", "ea": "each", "t": "tonne", "m": "metre",
    "sqft": "square foot", "m^2": "square metre", "M": "million", "1M": "million", "1K": "thousand",
    "1k": "thousand",
}  # fmt: skip
_SCALE = alternatives(SCALES)
_SIGN = alternatives(_SIGNS)
_CODE = alternatives(_CODES)
_TO = r"(?:\s?[-–—]\s?|\sto\s|\s?or\s)"


def _spoken(written: str, scale: str | None, currency: _Currency) -> str:
    if scale:
        return f"{amount(written)} {SCALES[scale]} {currency.many}"
    exact = plain(written) if "/" not in written else "/"
    whole, _, part = exact.partition(".")
    if "/" in exact or len(part) not in (0, 2) or len(whole) > 15:
        return f"{amount(written)} {currency.many}"
    units = int(whole or "0")
    spoken = f"{cardinal(units)} {currency.one if units == 1 else currency.many}"
    if not part or not int(part):
        return spoken
    small = f"{cardinal(int(part))} {currency.cent if int(part) == 1 else currency.cents}"
    return small if not units else f"{spoken} and {small}"


def _currency(match: re.Match[str]) -> _Currency:
    groups = match.groupdict()
    sign = groups.get("sign")
    return _SIGNS[sign] if sign else _CODES[groups["code"]]


def _one(match: re.Match[str]) -> str:
    groups = match.groupdict()
    spoken = _spoken(match["amount"], groups.get("scale"), _currency(match))
    return (
        f"{_sign(groups.get('minus'))}{spoken}{_plus(groups.get('plus'))}{_per(groups.get('per'))}"
    )


def _range(match: re.Match[str]) -> str:
    """ "$10-15", "$10-$15", "$1-2M": what is said once of both is said at the end."""
    currency = _currency(match)
    first, second = match["first"], match["amount"]
    scale, last = match["scale1"], match["scale"]
    joint = " or " if "or" in match["to"] else " to "
    last_words = _spoken(second, last, currency)
    if scale and scale != last:
        return f"{_spoken(first, scale, currency)}{joint}{last_words}{_per(match['per'])}"
    if "." in plain(first) and not last:
        return f"{_spoken(first, None, currency)}{joint}{last_words}{_per(match['per'])}"
    return f"{amount(first)}{joint}{last_words}{_per(match['per'])}"


def _sign(written: str | None) -> str:
    return {"+": "plus ", "-": "minus ", "−": "minus ", "–": "minus "}.get(written or "", "")


def _plus(written: str | None) -> str:
    return " plus" if written else ""


def _per(written: str | None) -> str:
    if not written:
        return ""
    name = written.strip("/ ")
    return f" {_PER.get(name, name)}" if name == "ea" else f" per {_PER.get(name, name)}"


def _pence(match: re.Match[str]) -> str:
    name = {"c": ("cent", "cents"), "¢": ("cent", "cents"), "p": ("penny", "pence")}[match["unit"]]
    return f"{amount(match['amount'])} {name[match['amount'] != '1']}"


_AMOUNT = rf"(?P<amount>{AMOUNT})"
_SCALED = rf"(?:[ \u00a0-]?(?P<scale>{_SCALE})(?![\w]))?"
_SLASH = r"(?P<per>\s?/\s?(?:1?[A-Za-z]{1,9}(?:\^2)?))?"
_MINUS = r"(?<![\w.])(?P<minus>[-−+–])?"

RULES: list[Rule] = [
    (
        re.compile(
            rf"(?<![\w.$])(?P<sign>{_SIGN})\s?(?P<first>{AMOUNT})(?:[ ]?(?P<scale1>{_SCALE})\b)?"
            rf"(?P<to>{_TO})"
            rf"(?:(?P=sign)\s?)?{_AMOUNT}{_SCALED}(?![\d/]*\d){_SLASH}"
        ),
        _range,
    ),
    (
        re.compile(
            rf"(?<![\w.])(?P<first>{AMOUNT})(?P<scale1>)(?P<to>{_TO}){_AMOUNT}{_SCALED}\s?"
            rf"(?:(?P<sign>{_SIGN})(?!\s?\d)|(?P<code>{_CODE})\b){_SLASH}"
        ),
        _range,
    ),
    (
        re.compile(
            rf"{_MINUS}(?P<sign>{_SIGN})\s?{_AMOUNT}{_SCALED}(?P<plus>\+(?!\s?[\d$£€]))?{_SLASH}"
        ),
        _one,
    ),
    (
        re.compile(rf"{_MINUS}(?P<sign>{_SIGN})(?P<minus2>[-−]){_AMOUNT}{_SCALED}"),
        lambda match: f"minus {_spoken(match['amount'], match['scale'], _currency(match))}",
    ),
    (re.compile(rf"{_MINUS}(?P<code>{_CODE})[ \u00a0]?{_AMOUNT}{_SCALED}{_SLASH}"), _one),
    (
        re.compile(
            rf"{_MINUS}{_AMOUNT}{_SCALED}[ \u00a0]?(?:(?P<sign>{_SIGN})(?!\s?\d)|"
            rf"(?P<code>{_CODE})\b){_SLASH}"
        ),
        _one,
    ),
    (re.compile(rf"(?<![\w.]){_AMOUNT}[ ]?(?P<unit>¢)"), _pence),
    (re.compile(r"(?<![\w.])(?P<amount>[1-9]\d?)(?P<unit>[pc])\b(?![.-]\w)"), _pence),
]
