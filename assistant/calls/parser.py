"""Finds `TOOL_CALL: {…}` in a stream of text that arrives in pieces of any size.

The parser reads character by character, so what is speech and what is a call depends on the text
alone and never on where its pieces were cut. Of ordinary text only a tail that may still become
the marker is held back.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Literal

# Calls of tools: the same whoever asks, a model's text, a spoken intent or a key.

Origin = Literal["model", "speech", "typed", "key", "client", "agent"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    origin: Origin = "model"


@dataclass(frozen=True, slots=True)
class Malformed:
    """A call that cannot be read; `reason` is meant for the model that wrote it."""

    raw: str
    """What was written, from the marker on, bounded."""
    reason: str


MAX_CALL = 64 * 1024
"""Characters of a pending call; a longer one is malformed."""
_MARKER = "TOOL_CALL"
_MAX_GAP = 200
"""Characters between the marker and its object."""


def _any_prefix(word: str, end: str) -> str:
    """Pattern of everything that `word` followed by the pattern `end` may begin with."""
    pattern = end
    for letter in reversed(word):
        pattern = f"(?:{letter}{pattern})?"
    return pattern


_WRAPPER = r"(?:(?P<wrapper>`{1,3})[a-z]{0,12}\s{0,8}|(?P<emphasis>\*{1,2}))?"
"""What models put around a call: a fence with its language, or emphasis."""
_OPENING = re.compile(_WRAPPER + _MARKER + r"[ \t]{0,8}:")
_MAY_OPEN = re.compile(_WRAPPER + _any_prefix(_MARKER, r"[ \t]{0,8}"))
_MAY_BEGIN = re.compile(r"[T`*]")
_GAP = re.compile(r"(?P<outer>[\s`*]*)(?:(?P<fence>`{1,3})[a-z]{0,12}\s*)?")
_AGAIN = re.compile(_MARKER + r"[ \t]{0,8}:\Z")


@dataclass(frozen=True, slots=True)
class PlainText:
    """Text that is no call."""

    text: str


__all__ = ["Item", "Malformed", "PlainText", "ToolCallParser", "load_json", "read_call"]

Item = PlainText | ToolCall | Malformed


class _State(Enum):
    TEXT = auto()
    """Outside of a call."""
    GAP = auto()
    """After the marker, before its object."""
    OBJECT = auto()
    """Inside the braces."""
    TOO_LONG = auto()
    """Inside the braces of a call that was given up: nothing of it is speech either."""
    NO_OBJECT = auto()
    """After a marker without an object: the rest of the line is no speech."""


class ToolCallParser:
    """Feed it an answer piece by piece; make a new one for each answer. Never raises."""

    def __init__(self) -> None:
        self._state = _State.TEXT
        self._items: list[Item] = []
        self._held = ""
        """Text that may become a marker, or the gap before the object."""
        self._speech: list[str] = []
        self._raw: list[str] = []
        self._wrapper = ""
        """What has to close after the call, and is no speech."""
        self._depth = 0
        self._in_string = False
        self._escaped = False

    @property
    def holding(self) -> bool:
        """Some of the text is held back: it is part of a call, or may be."""
        return self.inside_call or bool(self._held)

    @property
    def inside_call(self) -> bool:
        """A marker was read, and its call is not over."""
        return self._state is not _State.TEXT

    def feed(self, piece: str) -> list[Item]:
        """What became certain with this piece, in order; neighbouring speech is joined."""
        at = 0
        while at < len(piece):
            if self._state is _State.TEXT and not self._held:
                # Nearly all of an answer is here, and taken in one step.
                candidate = _MAY_BEGIN.search(piece, at)
                end = candidate.start() if candidate else len(piece)
                self._speech.append(piece[at:end])
                at = end
            if at < len(piece):
                self._step(piece[at])
                at += 1
        return self._taken()

    def finish(self) -> list[Item]:
        """The text is over: what was held back; a call that was cut off is malformed."""
        if self._state is _State.TEXT:
            held, self._held = self._held, ""
            if "TOOL_" in held:
                self._malformed("the text ended in the middle of the call", held)
            else:
                self._speech.append(held)
        elif self._state is _State.NO_OBJECT:
            self._malformed("expected a JSON object after the marker")
        elif self._state is not _State.TOO_LONG:
            self._malformed("the text ended in the middle of the call")
        self._wrapper = ""
        return self._taken()

    def _taken(self) -> list[Item]:
        self._end_speech()
        items, self._items = self._items, []
        return items

    def _end_speech(self) -> None:
        text = "".join(self._speech)
        self._speech = []
        if text:
            self._items.append(PlainText(text))

    def _step(self, char: str) -> None:
        match self._state:
            case _State.TEXT:
                self._text(char)
            case _State.GAP:
                self._gap(char)
            case _State.OBJECT | _State.TOO_LONG:
                self._object(char)
            case _State.NO_OBJECT:
                self._rest_of_line(char)

    def _text(self, char: str) -> None:
        self._held += char
        while self._held:
            if self._held == self._wrapper:
                self._held = self._wrapper = ""
                return
            opening = _OPENING.fullmatch(self._held)
            if opening:
                self._end_speech()
                self._wrapper = opening["wrapper"] or opening["emphasis"] or self._wrapper
                self._begin()
                return
            if _MAY_OPEN.fullmatch(self._held):
                return
            self._speech.append(self._held[0])
            self._held = self._held[1:]

    def _begin(self) -> None:
        self._state = _State.GAP
        self._raw = [f"{_MARKER}:"]
        self._held = ""
        self._depth = 0
        self._in_string = self._escaped = False

    def _gap(self, char: str) -> None:
        if char == "{":
            self._raw.append(self._held)
            self._settle_wrapper(self._held)
            self._held = ""
            self._state = _State.OBJECT
            self._object(char)
            return
        self._held += char
        if len(self._held) > _MAX_GAP or not _GAP.fullmatch(self._held):
            self._raw.append(self._held[:-1])
            self._held = ""
            self._state = _State.NO_OBJECT
            self._rest_of_line(char)

    def _settle_wrapper(self, gap: str) -> None:
        """Emphasis or backticks around the marker alone closed here; a fence may open here."""
        closing = gap.lstrip()
        if self._wrapper and closing.startswith(self._wrapper):
            closing = closing.removeprefix(self._wrapper)
            self._wrapper = ""
        fence = re.search(r"`{1,3}", closing)
        if fence:
            self._wrapper = fence[0]

    def _object(self, char: str) -> None:
        if self._state is _State.OBJECT:
            self._raw.append(char)
            if len(self._raw) > MAX_CALL:
                self._malformed(f"the call is longer than {MAX_CALL} characters")
                self._state = _State.TOO_LONG
        if not self._closes(char):
            return
        if self._state is _State.OBJECT:
            try:
                # The first two pieces are the marker and the gap.
                self._items.append(read_call("".join(self._raw[2:])))
                self._raw = []
            except ValueError as error:
                self._malformed(str(error))
        self._state = _State.TEXT

    def _closes(self, char: str) -> bool:
        """Whether this character ends the outermost object."""
        if self._escaped:
            self._escaped = False
        elif self._in_string:
            self._escaped = char == "\\"
            self._in_string = char != '"'
        elif char == '"':
            self._in_string = True
        elif char in "{}":
            self._depth += 1 if char == "{" else -1
            return self._depth == 0
        return False

    def _rest_of_line(self, char: str) -> None:
        if char == "\n":
            self._malformed("expected a JSON object after the marker")
            self._speech.append(char)
            return
        self._raw.append(char)
        if len(self._raw) > 2 * MAX_CALL:
            del self._raw[MAX_CALL : -len(_MARKER) * 2]
        if char == ":" and (again := _AGAIN.search("".join(self._raw[-20:]))):
            kept = "".join(self._raw)[: -len(again[0])]
            self._malformed("expected a JSON object after the marker", kept)
            self._begin()

    def _malformed(self, reason: str, raw: str | None = None) -> None:
        text = "".join(self._raw) + self._held if raw is None else raw
        self._end_speech()
        self._items.append(Malformed(text[:MAX_CALL], reason))
        self._raw, self._held = [], ""
        self._state = _State.TEXT


def load_json(text: str) -> Any:
    """A JSON value as models write it. Raises `ValueError` with what is wrong with it."""
    try:
        # Not strict: a model that breaks a line inside a string means a line break.
        value = json.loads(text, strict=False, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON: {error.msg} at character {error.pos}") from None
    except UnicodeEncodeError:
        raise ValueError("not valid JSON: half of a surrogate pair") from None
    except RecursionError:
        raise ValueError("not valid JSON: nested too deep") from None
    return value


def read_call(text: str) -> ToolCall:
    """The call that a JSON object describes. Raises `ValueError` with what is wrong with it."""
    value = load_json(text)
    name, arguments = value.pop("name", None), value.pop("arguments", {})
    identity = value.pop("id", "")
    value.pop("type", None)
    if not isinstance(name, str) or not name.strip():
        raise ValueError('"name" has to be the name of a tool')
    if value:
        raise ValueError(f'unknown key "{next(iter(value))}": "name" and "arguments" belong here')
    if isinstance(arguments, str):
        arguments = _decoded(arguments)
    if not isinstance(arguments, dict):
        raise ValueError('"arguments" has to be a JSON object')
    return ToolCall(name.strip(), arguments, id=identity if isinstance(identity, str) else "")


def _decoded(arguments: str) -> Any:
    """Some models write the arguments as a string of JSON, as OpenAI's own format has them."""
    try:
        return json.loads(arguments or "{}", strict=False, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> Any:
    raise ValueError(f"not valid JSON: {name} is no number")
