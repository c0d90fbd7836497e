"""The inner monologue: text tokens become words with their place, and tool calls are cut out.

Moshi writes what it says a moment before it says it, one text token a frame (Défossez et al. 2024,
section 3.4.4): a word's tokens stand at its beginning, padding fills the rest of its time. So the
sound of a frame can be held back while the words so far may still become a call.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.moshi.contract import ModelShape, TextTokenizer
from assistant.calls.parser import Malformed, PlainText, ToolCallParser

MARKER_PAUSE = 3
"""Frames of padding after which an unfinished marker is none: a word's tokens follow each other."""
CALL_PAUSE = 75
"""Frames without text (6 s) after which a call counts as broken off."""
LONGEST_HOLD = 750
"""Frames (one minute) after which a call counts as broken off, whatever is still written."""
LONGEST_TAIL = 25
"""Frames (2 s) that the sound of a call may last after its closing brace."""
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_CONTROL = frozenset({"<unk>", "<s>", "</s>", "<pad>", ""})


class TokenText:
    """Text tokens to text, one at a time: "▁" is a space, bytes are put together."""

    def __init__(self, tokenizer: TextTokenizer, shape: ModelShape) -> None:
        self._tokenizer = tokenizer
        self._silent = {shape.padding, shape.end_of_padding}
        self._bytes = codecs.getincrementaldecoder("utf-8")("ignore")

    def __call__(self, token: int) -> str:
        """ "" where the token says nothing."""
        if token in self._silent:
            return ""
        piece = self._tokenizer.piece(token)
        if piece in _CONTROL:
            return ""
        byte = _BYTE.fullmatch(piece)
        if byte:
            return self._bytes.decode(bytes([int(byte[1], 16)]))
        return piece.replace("▁", " ")


@dataclass(slots=True)
class DecidedFrame:
    """A frame whose fate is decided: what of it may be heard, and what is said in it."""

    pcm: Float32 | None
    """None: it belongs to a call."""
    text: str


@dataclass(frozen=True, slots=True)
class Spelled:
    """A call was written, or something that was meant to be one."""

    text: str


@dataclass(slots=True)
class _MonologueFrame:
    pcm: Float32
    undecided: int = 0
    """Characters of it that may belong to a call."""
    cut: bool = False
    speech: list[str] = field(default_factory=list)


class CallFilter:
    """Frames with their text go in, frames that may be heard come out, in order.

    A frame that has a character of a call in it is cut, and so are all between a call's first and
    last character, and what follows until its sound is over.
    """

    def __init__(self) -> None:
        self._parser = ToolCallParser()
        self._frames: deque[_MonologueFrame] = deque()
        self._pending: deque[tuple[_MonologueFrame, str]] = deque()
        """Characters that the parser holds back, with the frame each came in."""
        self._spaces: list[tuple[_MonologueFrame, str]] = []
        """Spaces before what comes next, whose fate they share."""
        self._silence = 0
        """Frames without text."""
        self._tail = 0

    @property
    def holding(self) -> bool:
        """Some sound is held back."""
        return bool(self._pending)

    def take(self, text: str, pcm: Float32, quiet: bool) -> Sequence[DecidedFrame | Spelled]:
        """float32 [n] with the text written in it; `quiet`: nothing is to be heard in it."""
        if not (text or self._pending or self._spaces or self._tail):
            return (DecidedFrame(pcm, ""),)  # nearly all frames
        frame = _MonologueFrame(pcm)
        self._frames.append(frame)
        spelled: list[Spelled] = []
        for char in text:
            self._feed(char, frame, spelled)
        self._silence = 0 if text else self._silence + 1
        if self._pending:
            self._give_up(spelled)
        elif self._silence >= MARKER_PAUSE:
            self._release_spaces()
        self._cut_tail(frame, quiet)
        return [*self._decided(), *spelled]

    def finish(self) -> list[DecidedFrame | Spelled]:
        """No more text follows: what is held back is decided."""
        spelled: list[Spelled] = []
        self._break_off(spelled)
        self._release_spaces()
        self._tail = 0
        return [*self._decided(), *spelled]

    # -- inside ----------------------------------------------------------------------------------

    def _feed(self, char: str, frame: _MonologueFrame, spelled: list[Spelled]) -> None:
        self._pending.append((frame, char))
        frame.undecided += 1
        items = self._parser.feed(char)
        for index, item in enumerate(items):
            if isinstance(item, PlainText):
                self._release(len(item.text))
            else:
                after = sum(len(i.text) for i in items[index + 1 :] if isinstance(i, PlainText))
                self._cut(after, spelled, item.raw if isinstance(item, Malformed) else None)
        if not self._parser.holding:
            self._cut(0, [], "")  # a fence that closes after a call

    def _release(self, count: int) -> None:
        for _ in range(min(count, len(self._pending))):
            frame, char = self._pending.popleft()
            self._spaces.append((frame, char))
            if not char.isspace():
                self._release_spaces()
                self._tail = 0

    def _release_spaces(self) -> None:
        for frame, char in self._spaces:
            frame.undecided -= 1
            frame.speech.append(char)
        self._spaces.clear()

    def _cut(self, keep: int, spelled: list[Spelled], raw: str | None) -> None:
        """All pending characters but the last `keep` belong to a call, and so do the frames from
        the first to the last of them."""
        chars = [self._pending.popleft() for _ in range(len(self._pending) - keep)]
        if not chars:
            return
        if self._spaces and self._spaces[0][0].speech:
            self._release_spaces()
        else:
            chars, self._spaces = [*self._spaces, *chars], []
        first = next(i for i, f in enumerate(self._frames) if f is chars[0][0])
        for frame in list(self._frames)[first:]:
            frame.cut = True
        for frame, _ in chars:
            frame.undecided -= 1
        if raw != "":
            written = "".join(char for _, char in chars)
            spelled.append(Spelled(raw or written[written.find("TOOL_CALL") :].strip()))
        self._tail = LONGEST_TAIL

    def _give_up(self, spelled: list[Spelled]) -> None:
        """A marker that was never finished, a call that was never closed."""
        patience = CALL_PAUSE if self._parser.inside_call else MARKER_PAUSE
        if self._silence >= patience or len(self._frames) >= LONGEST_HOLD:
            self._break_off(spelled)

    def _break_off(self, spelled: list[Spelled]) -> None:
        for item in self._parser.finish():
            if isinstance(item, PlainText):
                self._release(len(item.text))
            else:
                self._cut(0, spelled, item.raw if isinstance(item, Malformed) else None)
        if self._pending:
            self._cut(0, [], "")
        self._parser = ToolCallParser()

    def _cut_tail(self, frame: _MonologueFrame, quiet: bool) -> None:
        """After a call, until words follow or its sound is over."""
        if self._tail and not self._pending and not frame.cut:
            frame.cut = True
            self._tail = 0 if quiet else self._tail - 1

    def _decided(self) -> list[DecidedFrame | Spelled]:
        out: list[DecidedFrame | Spelled] = []
        while self._frames and not self._frames[0].undecided:
            frame = self._frames.popleft()
            out.append(DecidedFrame(None if frame.cut else frame.pcm, "".join(frame.speech)))
        return out


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word and its place, in samples of the utterance's own sound."""

    text: str
    """With a space before it, where one was written and it is not the first."""
    start: int
    end: int


class Words:
    """Pieces of text at places become words at places.

    A word ends where the next one begins, or when as much time has gone by as its letters take.
    """

    def __init__(self) -> None:
        self._text = ""
        self._start = 0
        self._due = 0
        self._open = False
        """More tokens may belong to the word."""
        self._spaced = False
        """A space stands before the word."""
        self.any = False
        """A word was told."""

    def take(self, text: str, at: int, end: int) -> list[TimedWord]:
        """The text of the frame of samples `at` … `end` (the same, where its sound was cut)."""
        out: list[TimedWord] = []
        if not text:
            self._open = False
            if self._text and end >= self._due:
                out += self._finished(end)
            return out
        for part in re.findall(r"\s+|\S+", text):
            if part.isspace():
                out += self._finished(at)
                self._spaced = True
            else:
                if not self._open and self._text:
                    out += self._finished(at)
                self._begin_or_continue(part, at)
        return out

    def flush(self, at: int) -> list[TimedWord]:
        """The utterance ends at this sample."""
        return self._finished(at)

    def _begin_or_continue(self, part: str, at: int) -> None:
        if not self._text:
            self._start = at
        self._text += part
        self._open = True
        self._due = self._start + spoken_samples(self._text)

    def _finished(self, at: int) -> list[TimedWord]:
        text, self._text = self._text, ""
        self._open = False
        if not text:
            return []
        end = max(self._start, min(at, self._due))
        word = TimedWord(f" {text}" if self.any and self._spaced else text, self._start, end)
        self.any, self._spaced = True, False
        return [word]


def spoken_samples(word: str) -> int:
    """About how long a word sounds: English is read at some 14 letters a second."""
    return (3840 + 1600 * min(len(word), 20)) if word else 0


def rms(pcm: Float32) -> float:
    return float(np.sqrt(np.dot(pcm, pcm) / max(1, pcm.size)))
