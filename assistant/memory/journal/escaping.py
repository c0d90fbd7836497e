"""Escaping: any text inside Markdown lines and back, changed as little as can be.

Only what would be taken for structure is marked, in CommonMark's own ways (section 2.4, a backslash
before punctuation; 2.5, numeric character references), so the files look right in any editor and
what a person types by hand means what it looks like.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable

_REFERENCE = re.compile(r"&#\d")
_MARK = re.compile(rf"\\([{re.escape(string.punctuation)}])|&#(\d{{1,7}});")
_CONTROL = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories that editors break, hide or refuse."""
_EDGE = " \t"
_SPECIAL = re.compile(r"[\\\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|&#\d|^\s|\s\Z")
"""Without any of it, which is nearly always, a text is written as it is."""


def whole_number(text: str, otherwise: int = 0) -> int:
    """Of one to nine digits; `otherwise` where it is none, whatever it is instead."""
    return int(text) if len(text) < 10 and text.isdecimal() else otherwise


def escape(text: str, also: str = "") -> str:
    """One line for a text of any kind; the punctuation in `also` is marked too."""
    if not _SPECIAL.search(text) and not any(char in text for char in also):
        return text
    out = []
    for place, char in enumerate(text):
        if char == "\\":
            follower = text[place + 1 : place + 2]
            # A lone backslash before a letter is itself in Markdown: C:\\Users stays readable.
            out.append("\\" if follower.isalnum() and follower.isascii() else "\\\\")
        elif char in also or (char == "&" and _REFERENCE.match(text, place)):
            out.append("\\" + char)
        elif (unicodedata.category(char) in _CONTROL and char != "\t") or (
            char.isspace() and place in (0, len(text) - 1)
        ):
            out.append(f"&#{ord(char)};")
        else:
            out.append(char)
    return "".join(out)


def unescape(text: str) -> str:
    """What `escape` was given; marks that mean nothing stay as they are."""
    return _MARK.sub(_meant, text) if "\\" in text or "&#" in text else text


def _meant(match: re.Match[str]) -> str:
    punctuation, number = match.groups()
    if punctuation is not None:
        return str(punctuation)
    return chr(int(number)) if int(number) <= 0x10FFFF else match[0]


def escape_block(text: str) -> list[str]:
    """The lines of a text; those after the first never begin with "(" and are never blank at
    the end, so that a bracketed line can follow."""
    inner = text.strip("\n")
    before = (len(text) - len(text.lstrip("\n"))) if inner else len(text)
    after = (len(text) - len(text.rstrip("\n"))) if inner else 0
    lines = [escape(line) for line in inner.split("\n")]
    lines = lines[:1] + ["\\" + line if line.startswith("(") else line for line in lines[1:]]
    lines[0] = "&#10;" * before + lines[0]
    lines[-1] += "&#10;" * after
    return lines


def unescape_block(lines: Iterable[str]) -> str:
    """The text of lines whose indentation does not matter; blank ones at the end do not count."""
    return unescape("\n".join(line.strip(_EDGE) for line in lines).rstrip("\n"))


def split(text: str, separator: str) -> list[str]:
    """The parts between separators that are not marked with a backslash, stripped, unescaped."""
    return [unescape(part) for part in split_raw(text, separator)]


def split_raw(text: str, separator: str) -> list[str]:
    """Like `split`, for parts that are split again: still with their marks."""
    if "\\" not in text and "&#" not in text:
        return [part.strip(_EDGE) for part in text.split(separator)]
    parts, start = [], 0
    for match in re.finditer(rf"\\.|&#\d{{1,7}};|{re.escape(separator)}", text, re.DOTALL):
        if match[0] == separator:
            parts.append(text[start : match.start()].strip(_EDGE))
            start = match.end()
    return [*parts, text[start:].strip(_EDGE)]
