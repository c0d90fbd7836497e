"""Roman numerals: of rulers they are ordinals ("Henry the eighth"), of all else cardinals."""

from __future__ import annotations

import re

from assistant.language.normalisation.rules import Rule, listed
from assistant.language.spoken_numbers import cardinal, ordinal

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


def _numbered(match: re.Match[str]) -> str:
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


RULES: list[Rule] = [
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
        _numbered,
    ),
    (
        re.compile(
            rf"(?P<name>\b(?:{'|'.join(_NUMBERED)})\s)(?P<numeral>I)\b(?!-|'m|’m|'v|'l"
            rf"|'d){_GOES_ON}",
            re.ASCII,
        ),
        _numbered,
    ),
    (
        re.compile(
            rf"(?P<name>\b(?:chapter|part|act|scene|volume|book|section|article|type|class|phase"
            rf"|stage|level|page|figure|table|appendix)s?\s)"
            rf"(?P<numeral>{_LONG}|[VX])\b(?!-?\w)"
        ),
        _numbered,
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
