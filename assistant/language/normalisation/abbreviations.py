"""What is written short: abbreviations, names whose spelling misleads an engine, and Roman numerals
(of rulers they are ordinals, "Henry the eighth", of all else cardinals).
"""

from __future__ import annotations

import re

from assistant.language.normalisation import Rule, alternatives, constant, listed
from assistant.language.numbers import cardinal, ordinal

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
    "WiFi": "Wi-Fi",
}
"""Names whose spelling misleads an engine; matched as written here, and GLaDOS in any case."""

_TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Prof": "Professor", "Gen": "General",
    "Col": "Colonel", "Capt": "Captain", "Lt": "Lieutenant", "Sgt": "Sergeant", "Rev": "Reverend",
    "Hon": "Honourable", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative",
    "Pres": "President", "Adm": "Admiral", "Maj": "Major", "Cpl": "Corporal", "Fr": "Father",
    "Messrs": "Messers", "Mme": "Madame", "Cmdr": "Commander", "Mt": "Mount", "Ft": "Fort",
    "Pvt": "Private", "Supt": "Superintendent", "Insp": "Inspector",
}  # fmt: skip
"""Before a name, with or without a full stop."""
_BARE_TITLES = "Mr|Mrs|Ms|Prof|Capt|Sgt|Lt|Mme"
_STREETS = {
    "Ave": "Avenue", "Rd": "Road", "Blvd": "Boulevard", "Sq": "Square", "Ln": "Lane",
    "Hwy": "Highway", "Pl": "Place", "Ct": "Court", "Pkwy": "Parkway", "Ter": "Terrace",
}  # fmt: skip
_BEFORE_A_NUMBER = {
    "no": "number", "nos": "numbers", "nr": "number", "p": "page", "pp": "pages", "pg": "page",
    "vol": "volume", "vols": "volumes", "ch": "chapter", "chap": "chapter", "fig": "figure",
    "figs": "figures", "eq": "equation", "sec": "section", "sect": "section", "art": "article",
    "para": "paragraph", "ex": "example", "tab": "table", "ver": "version", "ext": "extension",
    "apt": "apartment", "app": "appendix", "ca": "about", "c": "about", "approx": "about",
    "tel": "telephone", "max": "maximum", "min": "minimum", "est": "established", "op": "opus",
    "v": "version", "b": "born", "d": "died", "cl": "clause", "l": "line", "ll": "lines",
    "pt": "part", "r": "reigned", "fl": "flourished",
}  # fmt: skip
_ANYWHERE = {
    "e.g.": "for example", "eg.": "for example", "i.e.": "that is", "ie.": "that is",
    "vs.": "versus", "vs": "versus", "cf.": "compare", "a.k.a.": "also known as",
    "aka": "also known as", "viz.": "namely", "approx.": "approximately", "incl.": "including",
    "excl.": "excluding", "esp.": "especially", "resp.": "respectively", "dept.": "department",
    "Dept.": "Department", "govt.": "government", "Govt.": "Government", "misc.": "miscellaneous",
    "temp.": "temperature", "Jr.": "Junior", "Sr.": "Senior", "Bros.": "Brothers",
    "Univ.": "University", "Assn.": "Association", "w/o": "without", "w/": "with", "b/c": "because",
    "c/o": "care of", "n/a": "not applicable", "N/A": "not applicable", "w.r.t.": "with respect to",
    "wrt": "with respect to", "a/c": "A C", "y/n": "yes or no", "Y/N": "yes or no",
    "he/she": "he or she", "she/he": "she or he", "s/he": "he or she", "his/her": "his or her",
    "him/her": "him or her", "her/him": "her or him", "yes/no": "yes or no", "and/or": "and or",
    "true/false": "true or false", "min.": "minimum", "max.": "maximum", "avg.": "average",
    "Ctrl": "Control", "ctrl": "control", "orig.": "originally", "cont.": "continued",
    "tbsp.": "tablespoons", "tsp.": "teaspoons", "lbs.": "pounds", "hrs.": "hours",
    "mins.": "minutes", "secs.": "seconds", "yrs.": "years",
}  # fmt: skip
_ENDING = {
    "etc.": "et cetera", "etc": "et cetera", "et al.": "and others", "Inc.": "Incorporated",
    "Ltd.": "Limited", "Corp.": "Corporation", "Co.": "Company", "Ltd": "Limited",
    "&c.": "et cetera", "ibid.": "ibidem", "Esq.": "Esquire",
}  # fmt: skip
"""May end a sentence, whose full stop is theirs."""


def _names() -> list[Rule]:
    rules: list[Rule] = [(re.compile(r"\bglados\b", re.IGNORECASE), constant("Gladoss"))]
    for written, spoken in NAMES.items():
        rules.append((re.compile(rf"(?<![\w.]){re.escape(written)}(?!\w)"), constant(spoken)))
    return rules


def _ending(match: re.Match[str]) -> str:
    """The full stop stays where the sentence is over."""
    spoken = _ENDING[match["word"]]
    return f"{spoken}." if match["word"].endswith(".") and match["over"] is not None else spoken


def _doctor(match: re.Match[str]) -> str:
    return f"{match['street']} Drive{'' if match['over'] is None else '.'}"


def _saint(match: re.Match[str]) -> str:
    return f"{match['street']} Street{'' if match['over'] is None else '.'}"


def _street(match: re.Match[str]) -> str:
    return f"{match['street']} {_STREETS[match['word']]}{'' if match['over'] is None else '.'}"


def _lettered(letters: str) -> str:
    """With full stops, so that "A" is no article and "AT" no word."""
    return letters if len(letters) == 1 else "".join(f"{letter}." for letter in letters)


def _numbered(match: re.Match[str]) -> str:
    word = _BEFORE_A_NUMBER[match["word"].lower()]
    return f"{word.capitalize() if match['word'][0].isupper() else word} "


_OVER = r"(?P<over>(?=\s*$|\s+[A-Z\"“(]|\s*\n|[\"”')]))?"
_HERE = r"(?<![\w.&/])"
_ONESELF = r"i\b(?:['’,]|\s+(?!of\b|and\b|to\b|in\b)[a-z])"
"""What follows an "I" that is no numeral: "No. I have none", "… of art. I'd say"."""

NAMED: list[Rule] = _names()

RULES: list[Rule] = [
    (
        re.compile(r"\b(?P<street>[A-Z][a-z]+ |\d+(?:st|nd|rd|th) )?St\.(?=\s+[A-Z])"),
        lambda match: f"{match['street'] or ''}Saint",
    ),
    (
        re.compile(
            rf"\b(?P<street>[A-Z][\w']+|\d+(?:st|nd|rd|th)) St\b(?:\.{_OVER}|(?!\w)(?P<none>))"
        ),
        _saint,
    ),
    (re.compile(r"\bSt (?=[A-Z][a-z])"), constant("Saint ")),
    (re.compile(r"\bDr\.?(?=\s+[A-Z])"), constant("Doctor")),
    (re.compile(rf"\b(?P<street>[A-Z][\w']+) Dr\b(?:\.{_OVER}|(?=[,;)]|$))"), _doctor),
    (
        re.compile(
            rf"\b(?P<street>[A-Z][\w']+|\d+(?:st|nd|rd|th)) (?P<word>{alternatives(_STREETS)})\b"
            rf"(?:\.{_OVER}|(?=[,;)]))"
        ),
        _street,
    ),
    (
        re.compile(rf"\b(?P<word>{alternatives(_TITLES)})\.(?=\s+[A-Z])"),
        lambda match: _TITLES[match["word"]],
    ),
    (re.compile(rf"\b(?P<word>{_BARE_TITLES})(?=\s+[A-Z])"), lambda match: _TITLES[match["word"]]),
    (
        re.compile(r"\b(?P<word>Mr|Mrs|Ms|Dr|Prof)\.(?!\w)"),
        lambda match: (
            {
                "Dr": "Doctor",
            }.get(match["word"])
            or _TITLES[match["word"]]
        ),
    ),
    (
        re.compile(
            rf"(?i){_HERE}(?P<word>{alternatives(_BEFORE_A_NUMBER)})\.\s?(?=\d"
            rf"|(?!{_ONESELF})[ivxlIVXL]{{1,5}}\b(?!\.))"
        ),
        _numbered,
    ),
    (
        re.compile(r"(?<!\w)\([ ]?(?P<word>b|d|c)\.\s(?=\d)"),
        lambda match: f"({_BEFORE_A_NUMBER[match['word']]} ",
    ),
    (
        re.compile(r"\bpp? (?=\d)|(?<!\w)§§?\s?(?=\d)"),
        lambda match: {"p ": "page ", "pp ": "pages "}.get(match[0], "section "),
    ),
    (re.compile(r"(?<![\w&])#\s?(?=\d)"), constant("number ")),
    (re.compile(r"(?<![\w])©\s?|\([cC]\)(?=\s[12]\d{3})"), constant("copyright ")),
    (re.compile(rf"{_HERE}(?P<word>{alternatives(_ENDING)})(?![\w&]){_OVER}"), _ending),
    (
        re.compile(
            rf"{_HERE}(?<!\d )(?<!\d)(?P<word>{alternatives(_ANYWHERE)})(?![\w])(?:(?<=\.)"
            rf"(?P<over>(?=\s*$)))?"
        ),
        lambda match: _ANYWHERE[match["word"]] + ("" if match["over"] is None else "."),
    ),
    (re.compile(r"\bP\.S\.?"), constant("P.S.")),
    (
        re.compile(r"\b(?P<first>[A-Z]{1,3})\s?&\s?(?P<second>[A-Z]{1,3})\b"),
        lambda match: f"{_lettered(match['first'])} and {_lettered(match['second'])}",
    ),
    (re.compile(r"\b([Tt])el\.?(?=:|\s[\d+(])"), lambda match: f"{match[1]}elephone"),
    (re.compile(r"(?<=\d(?:st|nd|rd|th)) [cC]\.(?=\s|$)"), constant(" century")),
]

_RULERS = listed(
    """
    Adrian Albert Alexander Alfonso Alfred Benedict Boniface Callixtus Carl Catherine Charles
    Christian Christina Clement Constantine Cyrus Darius Edward Elizabeth Emmanuel Eugene Felipe
    Ferdinand Francis Franz Frederick Friedrich George Gregory Gustaf Gustav Haakon Harald
    Harold Henry Innocent Isabella Ivan James Joan John Joseph Juan Julius Justinian Karl Leo
    Leopold Louis Ludwig Manuel Margaret Margrethe Maria Mary Maximilian Mehmed Michael Murad
    Napoleon Nicholas Olaf Oscar Otto Paul Pedro Peter Philip Pius Ptolemy Rainier Ramesses
    Ramses Richard Robert Rudolf Selim Sigismund Sixtus Stephen Suleiman Theodosius Thutmose
    Umberto Urban Victor Vittorio Wilhelm William Xerxes Amenhotep Seti Tutankhamun Willem
    Albrecht Baldwin Carlos Casimir Charlemagne Hussein Faisal Abdullah
    """
)
_NUMBERED = listed(
    """
    War Chapter Part Act Scene Volume Book Section Article Type Class Phase Stage Level Mark
    Title Figure Table Appendix Bowl Corps Vatican Apollo Gemini Rocky Episode Season Fantasy
    Quest Series Division Group Grade Tier Step Schedule Annex Lesson Unit Theorem Symphony
    Concerto Sonata Henge Platform Generation Gen Pentium Saturn Titan Olympiad Amendment Zone
    Model Category Option
    """
)
_NUMERAL = r"(?:X{0,3}(?:IX|IV|V?I{1,3}|V)|X{1,3}|X?L(?:X{0,3})(?:IX|IV|V?I{0,3}))"
_LONG = (
    r"(?:X{0,3}(?:IX|IV|VI{0,3}|I{2,3})|X{2,3}(?:IX|IV|V?I{0,3})|X(?:IX|IV|V?I{1,3}|V)"
    r"|X?LX{0,3}(?:IX|IV|V?I{1,3}))"
)
_GOES_ON = (
    r"(?=\s*[,.;:!?)\"”']|\s*$|'s\b|’s\b|\s(?:and|or|of|in|was|is|to|the|began|ended|with|on|at"
    r"|by|for|ruled|"
    r"reigned|died|from|as|had|has|took|became|wrote|built|made|may|will|[-–—])\b)"
)
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_NOT_NAMES = listed(
    """
    The A An My Your His Her Our Their This That An On In At By To Of For With And Or But Use
    Using Via Get See Open Press Option Plan I IV If Is It As No Yes Vitamin
    """
)


def value(numeral: str) -> int:
    """ "XIV" → 14."""
    numbers = [_VALUES[letter] for letter in numeral.upper()]
    pairs = zip(numbers, [*numbers[1:], 0], strict=True)
    return sum(-one if one < following else one for one, following in pairs)


def _ruler(match: re.Match[str]) -> str:
    return f"{match['name']} the {ordinal(value(match['numeral']))}"


def _counted_thing(match: re.Match[str]) -> str:
    return f"{match['name']}{cardinal(value(match['numeral']))}"


def _named(match: re.Match[str]) -> str:
    if match["name"] in _NOT_NAMES:
        return match[0]
    return f"{match['name']} {cardinal(value(match['numeral']))}"


def _century(match: re.Match[str]) -> str:
    return ordinal(value(match["numeral"]))


def _pair(match: re.Match[str]) -> str:
    first, second = (cardinal(value(match[group])) for group in ("first", "second"))
    return f"{match['name']}{first} {match['joint'].strip(' -–') or 'to'} {second}"


NUMERALS: list[Rule] = [
    (
        re.compile(
            rf"(?P<name>\b(?:{'|'.join(_NUMBERED)})s?\s)(?P<first>{_NUMERAL})(?P<joint>\s(?:and"
            rf"|or|to)\s|[-–])"
            rf"(?P<second>{_NUMERAL})\b(?!-)"
        ),
        _pair,
    ),
    (re.compile(rf"\b(?P<name>{'|'.join(_RULERS)}) (?P<numeral>{_LONG})\b(?!-)"), _ruler),
    (
        re.compile(
            rf"\b(?P<name>{'|'.join(_RULERS)}) (?P<numeral>[IVX])(?!\w|\.\s?[A-Z])(?!-){_GOES_ON}"
            r"(?! (?:am|have|will be|think|would)\b)"
        ),
        _ruler,
    ),
    (
        re.compile(
            rf"(?P<name>\b(?:{'|'.join(_NUMBERED)})s?\s)(?P<numeral>{_LONG}|[VX])\b(?!-?\w)"
            r"(?P<joint>)",
            re.ASCII,
        ),
        _counted_thing,
    ),
    (
        re.compile(
            rf"(?P<name>\b(?:{'|'.join(_NUMBERED)})\s)(?P<numeral>I)\b(?!-|'m|’m|'v|'l"
            rf"|'d){_GOES_ON}",
            re.ASCII,
        ),
        _counted_thing,
    ),
    (
        re.compile(
            rf"(?P<name>\b(?:chapter|part|act|scene|volume|book|section|article|type|class|phase"
            rf"|stage|level|page|figure|table|appendix)s?\s)"
            rf"(?P<numeral>{_LONG}|[VX])\b(?!-?\w)"
        ),
        _counted_thing,
    ),
    (
        re.compile(
            rf"\b(?P<numeral>{_NUMERAL})(?=(?:th|st|nd|rd)?(?:\s|-)[Cc]entur(?:y|ies)\b)(?:th|st"
            rf"|nd|rd)?"
        ),
        _century,
    ),
    (re.compile(rf"\b(?P<numeral>{_LONG})(?:th|st|nd|rd)\b"), _century),
    (re.compile(rf"\b(?P<name>[A-Z][a-z]{{2,20}}) (?P<numeral>{_LONG})(?!\w|-\w)"), _named),
    (
        re.compile(r"(?<=\()(?P<numeral>ii|iii|iv|vi|vii|viii|ix)(?=\))"),
        lambda match: cardinal(value(match["numeral"])),
    ),
    (
        re.compile(
            r"(?<![\w.&/-])(?!XXX\b)(?P<numeral>(?=[IVX]{3})X{0,3}(?:IX|IV|V?I{1,3}|V))(?![\w&/-])"
        ),
        lambda match: cardinal(value(match["numeral"])),
    ),
    (
        re.compile(rf"(?m)^(?P<numeral>{_LONG}|I|V|X)(?=\.\s+[A-Z])"),
        lambda match: cardinal(value(match["numeral"])),
    ),
]
