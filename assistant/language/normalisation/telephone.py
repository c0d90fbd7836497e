"""Numbers that are read figure by figure: telephones, emergency numbers, cards, ISBNs, postcodes.

Groups are parted by commas, which a voice pauses at.
"""

from __future__ import annotations

import re

from assistant.language.normalisation.rules import Rule, constant
from assistant.language.spoken_numbers import digits

_CALL = r"(?i:(?<=\bcall )|(?<=\bdial )|(?<=\bdialled )|(?<=\bring )|(?<=\bphone )|(?<=\btext ))"


def _groups(written: str) -> str:
    groups = re.findall(r"\d+", written)
    return ", ".join(_group(group) for group in groups)


def _group(group: str) -> str:
    return "eight hundred" if group == "800" else digits(group)


def _telephone(match: re.Match[str]) -> str:
    plus = "plus " if match[0].lstrip("( ").startswith("+") else ""
    extension = match.groupdict().get("extension")
    spoken = plus + _groups(match["number"])
    return f"{spoken}, extension {digits(extension)}" if extension else spoken


def _isbn(match: re.Match[str]) -> str:
    tail = " X" if match["number"].endswith(("X", "x")) else ""
    return f"{match['name']} {_groups(match['number'])}{tail}"


_EXTENSION = r"(?:,?\s?(?:x|ext\.?|extension)\s?(?P<extension>\d{1,5})\b)?"

RULES: list[Rule] = [
    (re.compile(r"\b(?P<name>ISBN|ISSN)(?:-1[03])?:?\s(?P<number>\d[\d -]{6,20}[\dXx])\b"), _isbn),
    (
        re.compile(
            rf"(?<![\w+])(?P<number>\+\d{{1,3}}(?:[ .-]?\(\d{{1,4}}\))?"
            rf"(?:[ .-]?\d{{2,5}}){{1,6}})(?![\w]|[.,]\d){_EXTENSION}"
        ),
        _telephone,
    ),
    (
        re.compile(
            rf"(?<![\w(])(?P<number>(?:\+?1[ .-]?)?\(\d{{2,5}}\)[ .-]?\d{{3,4}}"
            rf"(?:[ .-]?\d{{3,4}})?)(?![\w-]|[.,]\d){_EXTENSION}"
        ),
        _telephone,
    ),
    (
        re.compile(
            rf"(?<![\w.,-])(?P<number>(?:1[ .-])?\d{{3}}[.-]\d{{3}}[.-]\d{{4}})(?![\w-]"
            rf"|[.,]\d){_EXTENSION}"
        ),
        _telephone,
    ),
    (re.compile(r"(?<![\w.,-])(?P<number>1-\d{3}-\d{3}-\d{4})(?![\w-]|[.,]\d)"), _telephone),
    (
        re.compile(r"(?<![\w.,$£€-])(?P<number>0\d{2,4} \d{3,4} \d{3,4})(?![\w-]|[.,]\d)"),
        _telephone,
    ),
    (re.compile(r"(?<![\w.,$£€-])(?P<number>\d{3}[ -]\d{4})(?![\w-]|[.,]\d|%)"), _telephone),
    (
        re.compile(
            r"(?<![\w.,-])(?P<number>\d{3}-\d{2}-\d{4}|\d{4}(?:[ -]\d{4}){2,3})(?![\w-]|[.,]\d)"
        ),
        _telephone,
    ),
    (
        re.compile(r"(?<![\w.,/:$£€#-])911(?![\w-]|[.,:/]\d|%| (?:people|times|items))"),
        constant("nine one one"),
    ),
    (re.compile(rf"{_CALL}(?P<number>\d{{3}})(?![\w-]|[.,:/]\d)"), _telephone),
    (
        re.compile(
            r"(?P<name>\b(?:PIN|pin|code|passcode|password|extension|account)(?: (?:is|was|number"
            r"|number is))?:? )(?P<number>\d{3,9})(?![\w%]|[.,:/-]\d)"
        ),
        lambda match: match["name"] + digits(match["number"]),
    ),
    (
        re.compile(
            r"(?<![\w.])(?P<state>[A-Z]{2}) (?P<zip>\d{5})(?:-(?P<four>\d{4}))?(?![\w,.]\d|\w)"
        ),
        lambda match: (
            f"{match['state']} {digits(match['zip'])}"
            + (f", {digits(match['four'])}" if match["four"] else "")
        ),
    ),
]
