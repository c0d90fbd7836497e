"""Abbreviations in full, and names whose spelling misleads an engine."""

from __future__ import annotations

import re

from assistant.language.normalisation.rules import Rule, alternatives, constant

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
            rf"|[ivxlIVXL]{{1,5}}\b(?!\.))"
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
