"""Finds the calls in a model's answer, whatever dialect it writes them in.

`ToolCallParser` knows our own `TOOL_CALL: {…}`; this knows what models were trained on as well:
`<tool_call>{…}</tool_call>`, `[TOOL_CALLS][…]`, `<function=name>…`, `<|python_tag|>…`, JSON in a
fence, and JSON without any marker where it is a whole call of a tool that there is. What is a call
depends on the text alone, never on where it was cut.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from assistant.calls.parser import Item, Malformed, PlainText, ToolCallParser
from assistant.calls.regions import (
    MAX_CALL,
    Brackets,
    Outcome,
    Region,
    bare_at,
    code_at,
    marked_at,
)

_CANDIDATE = re.compile(r"[<\[{`]")
_FENCE = re.compile(r"(?P<ticks>`{1,3})(?P<language>[A-Za-z_]{0,12})[ \t]{0,8}\n?\s{0,8}")
_CALL_BLOCKS = ("tool_code", "tool_call", "tool_calls", "function_call", "tool")
_SHORT = 1024
"""Characters of a pending call that are looked at with each piece; a longer one is looked at when
it has grown by a part of itself, so that its length costs no more than in proportion."""
_GROWTH = 32
_ENDS = re.compile(r"</(?:tool_call|function)s?>|\[/TOOL_CALLS?\]")


class AnswerParser:
    """Feed it an answer piece by piece; make a new one for each answer. Never raises.

    `names`: the tools there are.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)
        self._spelled = ToolCallParser()
        self._text = ""
        """Held back: it may be a call."""
        self._brackets = Brackets()
        self._asked = 0
        """Length of the text when more of it was asked for."""
        self._fence = ""
        """What has to close after a call, and is no speech."""
        self._lost = False
        """Inside a call that was too long: nothing of it is speech."""
        self._items: list[Item] = []

    def feed(self, piece: str) -> list[Item]:
        """What became certain with this piece, in order; neighbouring speech is joined."""
        self._text += piece
        self._go_on(final=False)
        return self._taken()

    def finish(self) -> list[Item]:
        """The text is over: what was held back; a call that was cut off is malformed."""
        self._go_on(final=True)
        self._items += self._spelled.finish()
        return self._taken()

    def _taken(self) -> list[Item]:
        items: list[Item] = []
        for item in self._items:
            if isinstance(item, PlainText) and items and isinstance(items[-1], PlainText):
                items[-1] = PlainText(items[-1].text + item.text)
            else:
                items.append(item)
        self._items = []
        return items

    def _go_on(self, *, final: bool) -> None:
        if not final and len(self._text) < self._asked:
            return
        self._asked = 0
        self._brackets = Brackets()
        while self._text and self._step(final=final):
            pass

    def _step(self, *, final: bool) -> bool:
        """Take something from the text; False where more has to come first."""
        if self._lost:
            return self._skip()
        if self._spelled.inside_call:
            self._pass_on(1)
            return True
        candidate = _CANDIDATE.search(self._text)
        at = candidate.start() if candidate else len(self._text)
        if at:
            return self._pass_words(at)
        if self._text[0] == "`":
            return self._fenced(final=final)
        region = self._region(self._text, final=final)
        if region == "more":
            return self._more()
        if region == "none":
            self._pass_on(1)
        else:
            self._take(region.length, region)
        return True

    def _region(self, text: str, *, final: bool) -> Region | Outcome:
        if text[0] in "<[":
            marked = marked_at(text, final=final)
            if marked != "none" or text[0] == "<":
                return marked
        return bare_at(text, self._names, self._brackets, final=final)

    def _more(self) -> bool:
        if len(self._text) > MAX_CALL:
            self._give_up()
            return True
        if len(self._text) > _SHORT:
            self._asked = len(self._text) * (_GROWTH + 1) // _GROWTH
        return False

    def _give_up(self) -> None:
        reason = f"the call is longer than {MAX_CALL} characters"
        self._end_words()
        self._items.append(Malformed(self._text[:MAX_CALL], reason))
        self._text, self._lost = self._text[MAX_CALL:], True

    def _fenced(self, *, final: bool) -> bool:
        """Backticks: around a call they are no speech."""
        fence = _FENCE.match(self._text)
        ticks = fence["ticks"] if fence else "`"
        length = fence.end() if fence else 1
        if self._fence and ticks == self._fence and self._text.startswith(ticks):
            if len(self._text) == len(ticks) < 3 and not final:
                return False
            self._text, self._fence = self._text[len(ticks) :], ""
            return True
        rest = self._text[length:]
        if not rest and not final:
            return False
        region: Region | Outcome = "none"
        if fence and fence["language"].lower() in _CALL_BLOCKS and rest[:1] not in ("{", "<"):
            region = code_at(rest, ticks, self._names, final=final)
        elif rest and rest[0] in "{[<":
            region = self._region(rest, final=final)
        if region == "more":
            return self._more()
        if region == "none" or not region.calls:
            self._pass_on(length if not rest or rest[0] != "`" else len(ticks))
        else:
            self._fence = ticks
            self._take(length + region.length, region)
        return True

    def _take(self, length: int, region: Region) -> None:
        if region.length > MAX_CALL:
            self._give_up()
            return
        self._end_words()
        self._items += region.calls
        self._text = self._text[length:]

    def _end_words(self) -> None:
        """A call begins: what may have become a marker is none."""
        self._items += self._spelled.finish()
        self._spelled = ToolCallParser()

    def _pass_words(self, count: int) -> bool:
        if self._fence and self._text[:count].strip():
            self._fence = ""
        self._pass_on(count)
        return True

    def _pass_on(self, count: int) -> None:
        text, self._text = self._text[:count], self._text[count:]
        if "T" not in text:
            self._items += self._spelled.feed(text)
            return
        # One by one, because a call in it changes what the rest of it is.
        for at, char in enumerate(text):
            self._items += self._spelled.feed(char)
            if self._spelled.inside_call:
                self._text = text[at + 1 :] + self._text
                return

    def _skip(self) -> bool:
        end = _ENDS.search(self._text)
        if end is None:
            self._text = self._text[-20:]
            return False
        self._text, self._lost = self._text[end.end() :], False
        return True
