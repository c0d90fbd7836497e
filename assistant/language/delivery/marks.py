"""Takes `[delivery: dry]` out of a text: it is never spoken and never shown.

What comes out depends on the text alone, never on where it was cut into pieces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.language.delivery.named import find_delivery

LONGEST = 80
"""Characters of a mark; what is longer is words."""
_NAME = r"[^\[\]\n]{0,40}"
_OPEN, _GAP, _END = r"\[[ \t]{0,8}", r"[ \t]{0,8}", r"(?:/[ \t]?)"
MARK = re.compile(
    rf"{_OPEN}(?:{_END}delivery|delivery{_GAP}[:=](?P<name>{_NAME})){_GAP}\]", re.IGNORECASE
)
_PARTS = "|".join("delivery"[:length] for length in range(7, 0, -1))
_BEGINNING = re.compile(
    rf"{_OPEN}(?:{_END}?(?:{_PARTS})?|{_END}delivery{_GAP}|delivery{_GAP}(?:[:=]{_NAME}{_GAP})?)",
    re.IGNORECASE,
)
"""All that may become a mark."""
_SURELY = 3
"""Letters of a mark that the end of a text cuts off, from which it is one."""
_SPACES = " \t"


@dataclass(frozen=True, slots=True)
class Delivery:
    """From here on the text is to be said so; "": as the persona says everything."""

    name: str


def mark(name: str) -> str:
    """What asks for the delivery of this name."""
    return f"[delivery: {name}] "


def leading_marks(text: str) -> str:
    """The marks at the beginning of a text, with the blanks around them; "" without any."""
    found = _LEADING.match(text)
    return found[0] if found else ""


def first_delivery(text: str) -> str:
    """The delivery that a text begins with; "" where it names none."""
    found = MARK.match(text.lstrip())
    return find_delivery(found["name"] or "") or "" if found else ""


_LEADING = re.compile(rf"\s*(?:{MARK.pattern.replace('?P<name>', '?:')}\s*)+", re.IGNORECASE)


def without_marks(text: str) -> str:
    """The text as it is spoken and shown."""
    marks = DeliveryMarks()
    items = [*marks.feed(text), *marks.finish()]
    return "".join(item for item in items if isinstance(item, str))


class DeliveryMarks:
    """Feed it a text piece by piece; make a new one for each text. Never raises.

    A mark goes together with the blanks behind it, and leaves one blank between the words that it
    stood between. A name that is not known is no delivery, but its mark goes, too; so does a mark
    that the end of the text cuts off.
    """

    def __init__(self) -> None:
        self._held = ""
        """May be the beginning of a mark."""
        self._last = ""
        """Last character that came out."""
        self._behind = False
        """Behind a mark; no word came since."""

    def feed(self, piece: str) -> list[str | Delivery]:
        """What became certain with this piece, in order."""
        return self._go_on(self._held + piece, final=False)

    def finish(self) -> list[str | Delivery]:
        """The text is over: what was held back."""
        return self._go_on(self._held, final=True)

    def _go_on(self, text: str, *, final: bool) -> list[str | Delivery]:
        items: list[str | Delivery] = []
        said = 0
        """How much of it came out."""
        self._held = ""
        at = text.find("[")
        while at >= 0:
            found = MARK.match(text, at)
            if found:
                self._say(text[said:at], items)
                self._take(found, items)
                said = found.end()
            elif _may_become_mark(rest := text[at : at + LONGEST]):
                self._say(text[said:at], items)
                said = len(text) if _is_cut_off(rest) or not final else at
                self._held = "" if final else rest
                break
            at = text.find("[", max(said, at + 1))
        self._say(text[said:], items)
        return items

    def _take(self, found: re.Match[str], items: list[str | Delivery]) -> None:
        name = find_delivery(found["name"] or "")
        ends = found["name"] is None or not found["name"].strip()
        if name is not None or ends:
            items.append(Delivery(name or ""))
        self._behind = True

    def _say(self, text: str, items: list[str | Delivery]) -> None:
        if not text:
            return
        if self._behind:
            text = text.lstrip(_SPACES)
            if not text:
                return
            self._behind = False
            if self._last and not self._last.isspace() and text[0].isalnum():
                text = f" {text}"
        self._last = text[-1]
        if items and isinstance(items[-1], str):
            items[-1] += text
        else:
            items.append(text)


def _may_become_mark(text: str) -> bool:
    """Whether a text that begins with a bracket, and is no mark, may be one when more is there."""
    return _BEGINNING.fullmatch(text) is not None


def _is_cut_off(text: str) -> bool:
    """Whether a text that may become a mark is surely the beginning of one."""
    return len(text[1:].strip()) >= _SURELY
