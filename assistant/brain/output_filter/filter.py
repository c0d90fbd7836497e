"""Output filter of a language model: takes out what is not for the reader of an answer, which is
reasoning (chain of thought, `<think>` tags), special tokens, other turns.

What is reasoning depends on the text alone, never on where it was cut into pieces.
"""

from __future__ import annotations

import re
from typing import Literal

from assistant.brain.base import TakenBack
from assistant.brain.openai.tool_calls import read_arguments
from assistant.brain.output_filter.tags import (
    CANDIDATE,
    LONGEST_PHRASE,
    PHRASE_PART,
    PHRASES,
    Tag,
    TextContext,
    tag_at,
)
from assistant.calls.parser import Malformed, ToolCall

MAX_KEPT = 100_000
"""Characters of reasoning that are kept for the log."""
_LONGEST_HEADER = 200
_LONGEST_ROLE = 40
_MAX_CALL = 64 * 1024
_RECIPIENT = re.compile(r"\bto=(?:functions?\.)?([\w.-]+)")
_ROLE = re.compile(r"\s*(assistant|model|[a-z_]*)[ :]*", re.IGNORECASE)
_CHANNEL = re.compile(r"^\s*(?:assistant)?\s*(?:final|commentary)?\s*")
_PEOPLE = ("assistant", "user", "all", "final")

Item = str | ToolCall | Malformed | TakenBack
_Place = Literal["answer", "reasoning", "role", "header", "call"]


class ThinkingFilter:
    """Feed it an answer piece by piece; make a new one for each answer. Never raises.

    Text before a closing tag that was never opened was reasoning, too: some chat templates write
    the opening tag themselves. Where such text was returned already, it is taken back.
    """

    def __init__(self) -> None:
        self.reasoning = ""
        """What was left out, as far as it is kept."""
        self.over = False
        """The model has ended its answer; what follows is not part of it."""
        self.closed_unopened = False
        """The answer began with reasoning that was never opened."""
        self._items: list[Item] = []
        self._buffer = ""
        self._around = TextContext()
        self._inside: list[str] = []
        """Names of the reasoning that is open, outermost first."""
        self._place: _Place = "answer"
        self._header = ""
        self._recipient = ""
        self._harmony = False
        self._said: list[str] = []
        """Words returned since the last reasoning."""
        self._opened = False
        """There was reasoning that was opened as it should be."""
        self._mentioned = False
        self._begun = False
        """It is known whether the answer begins with a phrase of `PHRASES`, and…"""
        self._phrase: re.Pattern[str] | None = None
        """…what would end it."""
        self._unopened = False
        """A closing tag came that nothing had opened; no word came since."""

    @property
    def reasoned(self) -> bool:
        """There was reasoning in the answer, and it is over or was opened as it should be."""
        return self._opened

    def feed(self, piece: str) -> list[Item]:
        """What became certain with this piece, in order."""
        self._buffer += piece
        while self._buffer and not self.over and self._step(final=False):
            pass
        return self._taken()

    def end(self) -> list[Item]:
        """The rest, when the stream is over: a lone "<" was no tag after all."""
        while self._buffer and not self.over and self._step(final=True):
            pass
        if self._place in ("role", "header"):
            self._end_header(final=True)
        elif self._place == "call":
            self._end_call()
        if self._unopened and not self._opened:
            self._take_back()
        return self._taken()

    def _taken(self) -> list[Item]:
        if self.over:
            self._buffer = ""
        items, self._items = self._items, []
        joined: list[Item] = []
        for item in items:
            if isinstance(item, str) and joined and isinstance(joined[-1], str):
                joined[-1] += item
            else:
                joined.append(item)
        return joined

    # -- reading --------------------------------------------------------------------------------

    def _step(self, *, final: bool) -> bool:
        """Take one text or tag from the buffer; False where more has to come first."""
        if not self._begun:
            return self._begin(final=final)
        if self._phrase is not None:
            return self._skip_to_phrase(self._phrase, final=final)
        candidate = CANDIDATE.search(self._buffer)
        at = candidate.start() if candidate else len(self._buffer)
        if at:
            text, self._buffer = self._buffer[:at], self._buffer[at:]
            self._text(text)
            return True
        tag = tag_at(self._buffer, final=final)
        if tag == "perhaps":
            return False
        if tag is None:
            text, self._buffer = self._buffer[0], self._buffer[1:]
            self._text(text)
            return True
        after = self._buffer[tag.length :]
        about = self._around.are_about(after, final=final) if _may_be_meant(tag) else False
        if about is None:
            return False
        written, self._buffer = self._buffer[: tag.length], after
        self._tag(tag, written, about)
        return True

    def _begin(self, *, final: bool) -> bool:
        for opening, closing in PHRASES.items():
            if match := opening.match(self._buffer):
                self._begun, self._phrase, self._opened = True, closing, True
                self._buffer = self._buffer[match.end() :]
                return True
        self._begun = final or not PHRASE_PART.fullmatch(self._buffer)
        return self._begun

    def _skip_to_phrase(self, closing: re.Pattern[str], *, final: bool) -> bool:
        match = closing.search(self._buffer)
        if match:
            self._phrase = None
        rest = match.end() if match else max(0, len(self._buffer) - LONGEST_PHRASE)
        if final and not match:
            rest = len(self._buffer)
        self._keep(self._buffer[:rest])
        self._buffer = self._buffer[rest:]
        return match is not None

    def _text(self, text: str) -> None:
        if self._place in ("role", "header"):
            self._header += text
            self._end_header(final=False)
            return
        if self._place == "call":
            self._header = (self._header + text)[:_MAX_CALL]
            return
        self._around.take(text)
        if self._place == "reasoning":
            self._keep(text)
        else:
            self._say(text)

    def _keep(self, text: str) -> None:
        self.reasoning = (self.reasoning + text)[:MAX_KEPT]

    def _say(self, text: str) -> None:
        if self._unopened:
            if not text.strip():
                return
            self._take_back()
        if not self._said:
            text = text.lstrip()  # what stands between the reasoning and the first word
        if text:
            self._said.append(text)
            self._items.append(text)

    def _take_back(self) -> None:
        self._unopened = False
        self.closed_unopened = self.closed_unopened or not self._opened
        self._opened = True
        if self._said:
            self._keep("".join(self._said))
            self._said = []
            self._items = [item for item in self._items if not isinstance(item, str)]
            self._items.append(TakenBack())

    # -- tags -----------------------------------------------------------------------------------

    def _tag(self, tag: Tag, written: str, about: bool) -> None:
        if self._place in ("role", "header"):
            if tag.kind == "drop" or (tag.kind == "channel" and self._place == "header"):
                self._harmony = self._harmony or tag.kind == "channel"
                self._header += " "
                return
            self._end_header(final=True, complete=tag.kind == "message")
            if tag.kind in ("header_end", "message"):
                return
        if self._place == "call" and tag.kind in ("open", "close", "drop"):
            self._text(written)
        elif tag.kind in ("open", "close"):
            self._reasoning_tag(tag, written, about)
        elif not about:
            self._turn_tag(tag)

    def _reasoning_tag(self, tag: Tag, written: str, about: bool) -> None:
        if about or (tag.kind == "close" and self._mentioned and not self._inside):
            self._mentioned = self._mentioned or not self._inside
            self._text(written)
        elif tag.kind == "open":
            self._open(tag.name)
        elif tag.name in self._inside:
            while self._inside.pop() != tag.name:
                pass
            if not self._inside:
                self._place = "answer"
                self._around = TextContext()
        elif not self._inside and tag.name not in ("result", "unused"):
            self._unopened = True

    def _open(self, name: str) -> None:
        if self._place == "answer" and not self._inside and name not in ("result", "turn"):
            self._opened = True
        self._inside.append(name)
        self._place = "reasoning"
        self._around = TextContext()

    def _turn_tag(self, tag: Tag) -> None:
        match tag.kind:
            case "start" | "channel" | "over":
                self._harmony_tag(tag)
            case "turn":
                if self._inside:
                    self._leave()
                self._place, self._header = "role", ""
            case "role":
                self._turn_of(tag.name == "assistant")
            case "end":
                self._end(tag)
            case _:
                pass

    def _end(self, tag: Tag) -> None:
        """Of a turn; before the first word it is only out of place."""
        self._end_call()
        if self._inside == ["turn"]:
            self._leave()
        elif self._inside or self._said or tag.name == "return":
            self.over = True

    def _turn_of(self, assistant: bool) -> None:
        if assistant:
            if self._inside == ["turn"]:
                self._leave()
        elif self._said:
            self.over = True  # it goes on with the user's part
        else:
            self._open("turn")

    def _leave(self) -> None:
        self._inside.clear()
        self._place = "answer"
        self._around = TextContext()

    # -- turns and channels ---------------------------------------------------------------------

    def _harmony_tag(self, tag: Tag) -> None:
        self._end_call()
        if self._inside == ["harmony"] or (self._inside and tag.kind != "over"):
            self._leave()
        if tag.kind != "over":
            self._harmony = self._harmony or tag.kind == "channel"
            self._place, self._header = "header", ""
        elif not self._inside and self._said and not self._harmony:
            self.over = True  # Phi ends its answers so

    def _end_header(self, *, final: bool, complete: bool = False) -> None:
        """What the header of a turn or a channel says comes next, once all of it is there.
        `complete`: it was ended as it should be."""
        if self._place == "role":
            self._end_role(final=final)
        elif final or len(self._header) > _LONGEST_HEADER:
            self._end_channel(complete=complete)

    def _end_role(self, *, final: bool) -> None:
        line, found, _ = self._header[: _LONGEST_ROLE + 1].partition("\n")
        if not (found or final or len(self._header) > _LONGEST_ROLE):
            return
        role = _ROLE.match(line)
        name = role[1].lower() if role else ""
        rest = self._header[role.end() if role else 0 :]
        self._place, self._header = "answer", ""
        self._turn_of(name in ("", "assistant", "model"))
        if rest and not self.over:
            self._text(rest)

    def _end_channel(self, *, complete: bool) -> None:
        written, self._header = self._header, ""
        header, after = written[:_LONGEST_HEADER], written[_LONGEST_HEADER:]
        recipient = _RECIPIENT.search(header)
        self._place = "answer"
        self._around = TextContext()
        if recipient and recipient[1] not in _PEOPLE:
            self._place, self._recipient = "call", recipient[1]
        elif "to=assistant" in header or _is_hidden(header):
            self._open("harmony")
        elif not complete:
            self._text(_CHANNEL.sub("", header, count=1))
        if after:
            self._text(after)

    def _end_call(self) -> None:
        if self._place == "call":
            self._items.append(read_arguments(self._recipient, self._header, ""))
            self._place, self._header, self._recipient = "answer", "", ""


def _is_hidden(header: str) -> bool:
    words = header.split()
    if words and words[0] not in ("assistant", "final", "commentary", "analysis"):
        return True  # another's turn
    return "analysis" in words


def _may_be_meant(tag: Tag) -> bool:
    """Whether people write about such a tag, so that it need not be one."""
    return tag.kind in ("open", "close", "end", "role", "turn", "start", "over")
