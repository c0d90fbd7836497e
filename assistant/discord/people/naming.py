"""Names of people on Discord, which they choose themselves: as they may be shown, and as they are
said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from assistant.language.tokens import content
from assistant.terminal.sanitize import clean_line

_LONGEST = 32
"""Letters of a name, as on Discord."""
_TOLD_APART = re.compile(r"\s*\([^()]*\)$")


def plain_name(name: str) -> str:
    """As it may stand before words: on one line, without what would end a name there."""
    plain = clean_line(name).replace(":", " ").replace("*", " ")
    return " ".join(plain.split())[:_LONGEST].strip()


def comparable(name: str) -> str:
    """The same for names that look the same (Unicode's compatibility form, UAX #15)."""
    return unicodedata.normalize("NFKC", name).casefold()


def spoken_forms(name: str) -> list[str]:
    """As people say it: "Ada Lovelace (ada_l)" is "Ada Lovelace" and "Ada". Words that are too
    common to mean somebody are none."""
    whole = _TOLD_APART.sub("", name).strip()
    forms = dict.fromkeys((name, whole, *whole.split()[:1]))
    return [form for form in forms if form and content(form)]


def is_named(text: str, name: str) -> bool:
    """Whether somebody of this name is meant, by the whole of it or its first word."""
    return is_said(text, spoken_forms(name))


def is_said(text: str, forms: Iterable[str]) -> bool:
    """Whether one of these stands there as a name: with a capital where the text has any, so that
    "may" and "a rose" are nobody."""
    has_capitals = any(letter.isupper() for letter in text)
    for form in forms:
        for found in re.finditer(rf"(?<!\w){re.escape(form)}(?!\w)", text, re.IGNORECASE):
            begins = found[0][:1]
            if begins.isupper() or not has_capitals or begins.upper() == begins.lower():
                return True
    return False
