"""Ranges, ratios, powers, sums, fractions, ordinals, letters with figures, and plain numbers."""

from __future__ import annotations

import re

from assistant.language.normalisation import NUMBER, Rule, alternatives, constant
from assistant.language.normalisation.money import SCALES
from assistant.language.numbers import (
    amount,
    cardinal,
    decimal,
    digits,
    fraction,
    in_pairs,
    mixed,
    number,
    ordinal,
    plain,
)

_SAYINGS = {
    "24/7": "twenty-four seven", "50/50": "fifty-fifty", "50-50": "fifty-fifty",
    "20/20": "twenty-twenty", "9/11": "nine eleven", "7/11": "seven eleven",
    "80/20": "eighty twenty", "60/40": "sixty forty", "70/30": "seventy thirty",
    "90/10": "ninety ten", "x86": "x eighty-six", "x64": "x sixty-four", "1080p": "ten eighty P",
    "720p": "seven twenty P", "480p": "four eighty P", "1440p": "fourteen forty P",
    "2160p": "twenty-one sixty P", "1080i": "ten eighty I", "4x4": "four by four",
    "4×4": "four by four", "24-7": "twenty-four seven", "1066": "ten sixty-six",
}  # fmt: skip
_SAYING = alternatives(_SAYINGS)
_NUMBERED = (
    "Boeing|Airbus|Porsche|Peugeot|Room|room|Flight|flight|Route|route|Highway|highway|Error"
    "|error|HTTP|"
    "Apartment|apartment|Suite|suite|Gate|gate|Unit|unit|Channel|channel|Studio|studio|RTX|GTX"
    "|Ryzen|"
    "Bus|bus|Cessna|Concorde|Area|Interstate|Psalm|status|Status|Levi's"
)
"""Before figures that are a name and are read in pairs."""
_FUNCTIONS = {
    "sin": "sine", "cos": "cosine", "tan": "tangent", "log": "log", "ln": "natural log",
    "exp": "exp", "sqrt": "square root", "abs": "absolute value",
}  # fmt: skip
_POINTS = {"2": "squared", "3": "cubed"}


def _saying(match: re.Match[str]) -> str:
    return _SAYINGS[match[0]]


def _power(match: re.Match[str]) -> str:
    base, sign, exponent = match["base"], match["sign"], match["exponent"]
    if len(base) > 1 and not re.search("[aeiouAEIOU]", base):
        base = " ".join(base)
    if exponent in _POINTS and not sign:
        return f"{base} {_POINTS[exponent]}"
    minus = "minus " if sign in ("-", "−") else ""
    spelled = number(exponent) if exponent[0].isdecimal() else exponent
    return f"{base} to the power of {minus}{spelled}"


def _scientific(match: re.Match[str]) -> str:
    """ "1e9", "6.02E23"."""
    minus = "minus " if match["sign"] == "-" else ""
    exponent = number(match["exponent"].lstrip("0") or "0")
    return f"{number(match['base'])} times ten to the power of {minus}{exponent}"


def _function(match: re.Match[str]) -> str:
    argument = re.sub(r"(?<=\d)(?=[a-z])", " ", match[2])
    return f"{_FUNCTIONS.get(match[1], match[1])} of {argument}"


def _spaced_hyphen(match: re.Match[str]) -> str:
    """ "5 - 10 degrees" is a range, "7 - 3 = 4" and "What is 7 - 3?" are sums."""
    first, second = float(plain(match["first"])), float(plain(match["second"]))
    joint = "to" if first < second and match["counted"] is not None else "minus"
    return f"{match['first']} {joint} {match['second']}"


def _by(match: re.Match[str]) -> str:
    """ "1920x1080", "3 x 4 m": sizes."""
    sizes = re.findall(NUMBER, match["sizes"])
    pairs = all(re.fullmatch(r"\d{3,4}", size) for size in sizes) and len(sizes) == 2
    return " by ".join(in_pairs(s) if pairs and len(s) == 4 else s for s in sizes)


def _times(match: re.Match[str]) -> str:
    count = number(match["count"])
    return f"{count} time{'' if count == 'one' else 's'}"


def _fraction(match: re.Match[str]) -> str:
    top, bottom = int(match["top"]), int(match["bottom"])
    whole = match["whole"]
    return mixed(whole, top, bottom) if whole else fraction(top, bottom)


def _scaled(match: re.Match[str]) -> str:
    """ "1.5M", "10k", "3 bn"."""
    return f"{amount(match['count'])} {SCALES[match['scale']]}"


def _letters_and_figures(match: re.Match[str]) -> str:
    """ "A4" → "A-four" (no article), "H2O" → "H two O", "A320" → "A-three twenty"."""
    words = []
    for piece in re.findall(r"\d+|[^\W\d_]+", match[0]):
        if not piece.isdecimal():
            words.append(piece)
        elif (piece[0] == "0" and len(piece) > 1) or len(piece) > 4:
            words.append(digits(piece))
        else:
            words.append(in_pairs(piece) if len(piece) > 2 else cardinal(int(piece)))
    return re.sub(r"\bA (?=\w)", "A-", " ".join(words))


def _formula(match: re.Match[str]) -> str:
    """ "CO2" → "C O two", "C6H12O6" → "C six H twelve O six"."""
    pieces = re.findall(r"[A-Z][a-z]?|\d+", match[0])
    return " ".join(cardinal(int(p)) if p.isdecimal() else " ".join(p.upper()) for p in pieces)


def _ordinal(match: re.Match[str]) -> str:
    written = plain(match["number"])
    return ordinal(int(written)) if len(written) < 19 else digits(written)


_ELEMENTS = ("H|He|Li|C|N|O|F|Na|Mg|Al|Si|P|S|Cl|K|Ca|Fe|Cu|Zn|Ag|Br|I|Ti|Mn|Cr|Ni|Pb|Hg"
             "|U")  # fmt: skip
_CONVERTED = r"(?<![\w.])"
_UNSIGNED = rf"(?<![\w.,])(?:{NUMBER})"

SUMS: list[Rule] = [
    (re.compile(rf"(?<![\w.,/:-])(?:{_SAYING})(?![\w/:-]|[.,]\d)"), _saying),
    (
        re.compile(r"\b(?P<name>" + _NUMBERED + r") (?P<figures>\d{3})(?![\w,.]\d|\w|-\d|%)"),
        lambda match: f"{match['name']} {in_pairs(match['figures'])}",
    ),
    (
        re.compile(r"(?P<a>\b(?:RTX|GTX|Ryzen|Route) )(?P<figures>\d{4})(?!\d)"),
        lambda match: match["a"] + in_pairs(match["figures"]),
    ),
    (
        re.compile(
            rf"(?<![\w.])(?P<base>{NUMBER})[eE](?P<sign>[+-])?(?P<exponent>\d{{1,4}})(?![\w.]\w|\w)"
        ),
        _scientific,
    ),
    (
        re.compile(
            r"(?P<base>(?<![\w.])(?<!\d )[^\W\d_]{1,3}|(?<=\d )[a-hj-ln-z]|\d|\)|(?<=[A-Za-z])"
            r"(?<=\d)[A-Za-z])\s?(?:\^|\*\*)\s?[({]?(?P<sign>[-−+])?(?P<exponent>\d{1,9}"
            r"(?:\.\d{1,9})?|[a-zA-Z])\b[)}]?"
        ),
        _power,
    ),
    (
        re.compile(r"(?:√|∛)\s?\(?(?P<of>[\w.,]{1,20})\)?"),
        lambda match: f"the {'square' if match[0][0] == '√' else 'cube'} root of {match['of']}",
    ),
    (
        re.compile(
            r"(?<![\w'’])([b-hj-z])!(?=\s|$|[=+*/)])(?!\s[A-Z])|(?<![\w.,])(\d{1,3})!"
            r"(?=\s?[=+*/×÷])"
        ),
        lambda match: f"{match[1] or match[2]} factorial",
    ),
    (re.compile(rf"(?<![\w.])({alternatives(_FUNCTIONS)}|[fgh])\(([^()\n]{{1,40}})\)"), _function),
    (
        re.compile(
            rf"(?P<sizes>{_UNSIGNED}(?:\s?[x×]\s?(?:{NUMBER})){{1,2}})"
            r"(?=\s?(?:km|cm|mm|m|ft|in|inches|feet|metres|meters|pixels|px|\"|″|')(?!\w))"
        ),
        _by,
    ),
    (re.compile(r"(?P<sizes>(?<![\w.,])\d{3,5}[x×]\d{3,5})(?!\w)"), _by),
    (re.compile(r"(?<=[\d)])\s?[xX×✕⨯∙·*]\s?(?=[-−(]?\.?\d)"), constant(" times ")),
    (re.compile(rf"{_CONVERTED}(?<!\()(?P<count>{NUMBER})[x×X](?!\w|\)|\s?[-+=^*/])"), _times),
    (re.compile(r"(?<!\w)[x×](?=\d{1,4}(?!\w))"), constant("times ")),
    (
        re.compile(
            rf"(?<![\w.,])(?P<first>{NUMBER})\s[-−–]\s(?P<second>{NUMBER})(?![\d.,]*\d)"
            rf"(?P<counted>(?=\s?[%°]|\s(?!is\b|equals\b|and\b|or\b|plus\b|minus\b|times\b"
            rf"|makes\b)[a-zA-Z]))?"
        ),
        _spaced_hyphen,
    ),
    (re.compile(r"(?<=[a-z0-9)])\s\*\s(?=[a-z0-9(])"), constant(" times ")),
    (
        re.compile(
            r"(?<=[^\w\s][ ])[-−](?=[a-z]\b)|(?<=\b[a-z] )[-−](?= [a-z0-9]\b)|(?<=[\d)] )[-−]"
            r"(?= [a-z(]\b)"
        ),
        constant("minus"),
    ),
    (re.compile(r"(?<=[\d)])\s?÷\s?(?=[\d(])"), constant(" divided by ")),
    (re.compile(r"(?<=\d)\s/\s(?=\d)|(?<=\b[a-z])\s?/\s(?=[a-z]\b)"), constant(" divided by ")),
    (
        re.compile(r"(?<![\w.\s]\s)(?<=[\w)%])\s?(?:<=|≤)\s?(?=[\w(-])"),
        constant(" is less than or equal to "),
    ),
    (re.compile(r"(?<=[\w)%])\s?(?:>=|≥)\s?(?=[\w(-])"), constant(" is greater than or equal to ")),
    (re.compile(r"<=|≤"), constant(" less than or equal to ")),
    (re.compile(r">=|≥"), constant(" greater than or equal to ")),
    (re.compile(r"\s?(?:!=|≠|<>)\s?"), constant(" is not equal to ")),
    (re.compile(r"\s?===?\s?"), constant(" equals ")),
    (re.compile(r"\s?(?:-{1,2}>|=>|→|⇒)\s?"), constant(", ")),
    (re.compile(r"(?<=[\w)])\s<\s(?=[\w(])|(?<=\w)<(?=[\d.-])"), constant(" is less than ")),
    (re.compile(r"(?<=[\w)])\s>\s(?=[\w(])|(?<=\w)>(?=[\d.-])"), constant(" is greater than ")),
    (re.compile(r"(?<=[\w)])\s?≈\s?|(?<=[\w)])\s~\s?(?=[^\W\d])"), constant(" is about ")),
    (re.compile(r"(?:~|≈)\s?(?=[-−$£€.]?\d)"), constant("about ")),
    (re.compile(r"(?:\+/-|\+-|±)\s?"), constant("plus or minus ")),
]
"""Marks between numbers, before any number is read."""

RANGES: list[Rule] = [
    (
        re.compile(r"(?<=\d)(?:[-−](?=\d)|\s?[–—]\s?(?=[-−]?[$£€]?\.?\d))(?!\d{2,4}-)"),
        constant(" to "),
    ),
    (re.compile(r"(?<=[\d%°])\s?[-–—]\s?(?=[$£€]\s?\d)"), constant(" to ")),
    (
        re.compile(
            r"(?<=[%°])\s?[-–—]\s?(?=\d)|(?<=\d[kKMm%])[-–—](?=[$£€]?\d)|(?<=°[CF])\s?[-–—]\s?"
            r"(?=\d)"
        ),
        constant(" to "),
    ),
    (
        re.compile(r"(?<![\w.,:])(?P<a>\d{1,3}):(?P<b>\d{1,3})(?![\w:.]\d|\w|:)"),
        lambda match: f"{match['a']} to {match['b']}",
    ),
]

SIGNS: list[Rule] = [
    (re.compile(rf"(?<![\w.)])[-−](?=[$£€¥]?\s?(?:{NUMBER})(?!\w*-\w))"), constant("minus ")),
    (re.compile(r"(?<![\w.])\+(?=[$£€¥]?\.?\d)"), constant("plus ")),
    (re.compile(r"(?<=\d)\+(?=\s?[^\W\d_]|\s?[.,;:!?)]|\s?$)(?!\s[a-z]\b)"), constant(" plus")),
]

PLAIN: list[Rule] = [
    (re.compile(r"(?<=\w)\^[-+]?\d{1,3}(?!\w)"), constant("")),
    (re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])"), constant(" ")),
    (
        re.compile(
            rf"(?<![\w.])(?P<count>{NUMBER})(?P<scale>[kM]|bn|mn|tn|K(?=\s(?:people|followers"
            rf"|users|views|subscribers|words|tokens|lines|downloads|dollars|pounds|euros)))(?!\w)"
        ),
        _scaled,
    ),
    (re.compile(rf"(?<![\w.])(?P<count>{NUMBER})[ ](?P<scale>bn|mn|tn|k|M)(?![\w])"), _scaled),
    (re.compile(r"(?<![\w.])(?P<count>\d+\.\d+)(?P<scale>[BKT])(?!\w)"), _scaled),
    (
        re.compile(r"(?<![\w.,])(?P<number>\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th|ST|ND|RD|TH)\b"),
        _ordinal,
    ),
    (
        re.compile(
            r"(?<![\w.,/])(?:(?P<whole>\d{1,3})(?:[ ]| and |-))?(?P<top>\d{1,3})/"
            r"(?P<bottom>[1-9]\d{0,3})(?![\w/]|[.,]\d)"
        ),
        _fraction,
    ),
    (re.compile(r"(?<=\d\.\d)/(?=(?:5|10|100)(?![\d.]))"), constant(" out of ")),
    (re.compile(r"(?<=\d)/(?=\d)"), constant(" over ")),
    (re.compile(r"(?<=[^\W\d_])-(?=\d)|(?<=\d)-(?=[^\W\d_])"), constant(" ")),
    (
        re.compile(
            rf"\b(?=[A-Za-z]*\d)(?:(?:{_ELEMENTS})\d{{0,3}}){{1,8}}(?<=\d)(?:"
            rf"(?:{_ELEMENTS})\d{{0,3}}){{0,6}}(?!\w|[-.]\d)"
            r"(?<![A-Z]\d{2})(?<!^[A-Z]\d)"
        ),
        lambda match: _formula(match) if _is_formula(match[0]) else _letters_and_figures(match),
    ),
    (re.compile(r"\b(?=[^\W_]{0,12}\d)(?=\d{0,12}[^\W\d_])[^\W_]{2,24}\b"), _letters_and_figures),
]

LAST: list[Rule] = [
    (re.compile(r"(?<![.\d])\.\d+\b"), lambda match: decimal("0" + match[0])),
    (re.compile(NUMBER), lambda match: f" {number(match[0])} "),
]


def _is_formula(written: str) -> bool:
    """Two elements at least, or a gas of one: "CO2", "O2", but not "A4", "I5" or "K9"."""
    letters = re.findall(r"[A-Z]", written)
    return len(letters) > 1 or written in ("H2", "O2", "N2", "O3", "Cl2", "F2", "Br2", "I2")
