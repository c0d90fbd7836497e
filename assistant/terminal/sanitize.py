"""Terminal escape sanitisation, foreign text made harmless: what a model, a file, a device or a
server wrote, before it is shown.

A terminal obeys what it is sent. Text that nobody here wrote may move the cursor, write to the
clipboard, turn the reading direction round or hide letters in characters without a shape. What is
left after cleaning is text that shows what it holds, and nothing that acts.

Control sequences follow ECMA-48 (5th edition, sections 5.3 to 5.6), with the strings of xterm that
end with BEL. A string without an end is taken to end with its line.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

MOST_MARKS = 8
"""Combining marks in a row that are kept: more only smear over the lines around."""

_HARMLESS = re.compile(r"[\n -~]*")
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# C1 controls stand for ESC and a letter: U+009B is ESC [, U+009D is ESC ]. The groups are the ends.
_SEQUENCE = re.compile(
    r"(?:\x1b[PX^_\]]|[\x90\x98\x9d\x9e\x9f])[^\x07\x18\x1a\x1b\x9c\n]*([\x07\x18\x1a\x9c]?)"
    r"|(?:\x1b\[|\x9b)[0-?]{0,200}[ -/]{0,9}([@-~]?)"  # none in use is nearly as long
    r"|\x1b[ -/]{0,9}([0-~]?)"
)
_STRING_BEGUN = re.compile(r"\x1b[PX^_\]]|[\x90\x98\x9d\x9e\x9f]")
_HALF = re.compile(
    "(?:[\r\ud800-\udbff\u180e\u200c\u200d]|\U0001f3f4[\U000e0020-\U000e007f]{0,7})\\Z"
)
"""What only the next piece of text gives a meaning."""
_FLAG = re.compile("(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)")
"""The flag of a part of a country: a black flag, its name in tag characters, and their end."""
_ZWJ = "\u200d"
_BLANK = "\N{BRAILLE PATTERN BLANK}"  # by category a symbol
_JOINERS = frozenset({"\u180e", "\u200c", _ZWJ})
# Signs of Arabic, Syriac and Kaithi: format characters by category, but with a shape.
_SHOWN_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
# Without a shape, though by category they are letters, marks, symbols or nothing as yet.
_SHAPELESS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2065\u3164\uffa0\ufff0-\ufff8\U000e0000-\U000e00ff"
    "\U000e01f0-\U000e0fff]"
)
_SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_JOINING_SCRIPTS = re.compile(
    "[\u0600-\u109f\u1700-\u1c4f\ua800-\uabff\ufb50-\ufdcf\U00010a00-\U00011fff"
    "\U0001e900-\U0001e95f]"
)
"""Arabic, the scripts of India and South-East Asia, Mongolian: joiners shape their letters."""
_EMOJI = re.compile("[\U0001f000-\U0001faff]")

_Kind = Literal["shown", "mark", "joiner", "selector", "dropped"]


def clean_text(text: str) -> str:
    """`text` without anything that acts on a terminal or hides; lines stay lines. A tab becomes
    four spaces, half a character "�". Cleaning twice changes nothing more."""
    return text if _HARMLESS.fullmatch(text) else _clean(text, "")


def clean_line(text: str) -> str:
    """`clean_text` on one line: white space of any kind and length becomes one space, none is left
    at the ends."""
    return " ".join(clean_text(text).split())


class PieceCleaner:
    """Cleans a text that comes in pieces as if it had come whole: a control sequence that is cut
    by the end of a piece waits for the rest of it."""

    def __init__(self) -> None:
        self._held = ""
        self._shown = ""

    def feed(self, piece: str) -> str:
        """What can be shown now that `piece` has come."""
        text = self._held + piece
        begin = _finished(text)
        self._held = text[begin:]
        if _STRING_BEGUN.match(self._held) and not _HALF.search(self._held):
            # What a string holds is dropped in any case: a long one must not pile up here.
            self._held = self._held[: 2 if self._held[0] == "\x1b" else 1]
        return self._cleaned(text[:begin])

    def close(self) -> str:
        """What had waited for more, now that nothing more comes."""
        text, self._held = self._held, ""
        return self._cleaned(text)

    def _cleaned(self, text: str) -> str:
        cleaned = _clean(text, self._shown)
        self._shown = (self._shown + cleaned)[-MOST_MARKS - 1 :]
        return cleaned


def _finished(text: str) -> int:
    """How much of a piece of text means the same whatever comes after it."""
    half = _HALF.search(text)
    end = half.start() if half else len(text)
    lines = _LINE_ENDS.sub("\n", text[:end])
    last = next(iter(deque(_SEQUENCE.finditer(lines), maxlen=1)), None)
    if last is None or last.end() < len(lines) or any(last.groups()) or text[end:] == "\r":
        return end
    return end - (len(lines) - last.start())


def _clean(text: str, before: str) -> str:
    """`text`, cleaned. `before`: what is shown right before it."""
    # Two halves of a character make one; a half alone is none.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = _SEQUENCE.sub("", _LINE_ENDS.sub("\n", text)).replace("\t", "    ").replace(_BLANK, " ")
    if _HARMLESS.fullmatch(text):
        return text
    return "".join(_shown(text, before))


def _shown(text: str, before: str) -> Iterator[str]:
    last, marks = before[-1:], len(before) - len(_without_marks(before))
    for number, part in enumerate(_FLAG.split(text)):
        if number % 2:
            yield part
            last, marks = part[-1], 0
            continue
        for character, following in zip(part, part[1:] + "\n", strict=False):
            kind = _kind(character)
            if (
                kind == "dropped"
                or (kind == "mark" and marks == MOST_MARKS)
                or (kind == "joiner" and not _joins(last, character, following))
                or (kind == "selector" and not _has_variants(last))
            ):
                continue
            marks = marks + 1 if kind == "mark" else 0
            yield character
            last = character


def _without_marks(text: str) -> str:
    while text and _kind(text[-1]) == "mark":
        text = text[:-1]
    return text


@lru_cache(4_096)
def _kind(character: str) -> _Kind:
    if character == "\n" or " " <= character <= "~":
        return "shown"
    if _SELECTORS.match(character):
        return "selector"
    if character in _JOINERS:
        return "joiner"
    category = unicodedata.category(character)
    noncharacter = ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef"
    if category == "Cc" or noncharacter or _SHAPELESS.match(character):
        return "dropped"
    if category == "Cf" and character not in _SHOWN_FORMATS:
        return "dropped"
    return "mark" if category in ("Mn", "Me") else "shown"


def _joins(last: str, joiner: str, following: str) -> bool:
    """Whether a joiner between these two shapes anything: letters of a script that joins, or two
    pictures (a family, a profession)."""
    if not last:
        return False
    if _JOINING_SCRIPTS.match(last):
        return unicodedata.category(last)[0] in "LM"
    return joiner == _ZWJ and _is_picture(following) and (last == "\ufe0f" or _is_picture(last))


def _has_variants(last: str) -> bool:
    """Whether a selector after this one can choose another shape of it."""
    if not last or _SELECTORS.match(last):
        return False
    digit_or_sign = last in "0123456789" or unicodedata.category(last)[0] == "P"
    return digit_or_sign or unicodedata.category(last) == "Lo" or _is_picture(last)


def _is_picture(character: str) -> bool:
    return bool(_EMOJI.match(character)) or unicodedata.category(character)[0] == "S"
