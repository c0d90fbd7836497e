"""Forced speech: the host's words are put into the model's text stream, which it then speaks.

The model keeps its own pace. A word's tokens are forced one after another, a frame each; the time
until the next word is the model's, as it shows by the padding that it chooses (Défossez et al.
2024, section 3.4.4). Only where it takes unlikely long the next word is begun for it. For that
reason no rate of speech can be asked of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from assistant.backends.moshi.contract import ModelShape, TextTokenizer

MOST_LINES = 64
"""Utterances that may wait; the oldest goes."""
LONGEST_STALL = 375
"""Frames (30 s) that an open utterance waits for its next piece."""
LONGEST_PAUSE = 20
"""Frames between the last token of a word and the next word."""
_PAUSES = {".": 8, "!": 8, "?": 8, "…": 8, ",": 4, ";": 5, ":": 5, "—": 4}
"""Frames more than a word's own length, after these."""


@dataclass(frozen=True, slots=True)
class _Word:
    tokens: tuple[int, ...]
    pause: int
    """Frames that the model may take before the next one."""


@dataclass(slots=True)
class _Line:
    """One utterance of the host's."""

    number: int
    rest: str = ""
    """Text that may still be in the middle of a word."""
    words: deque[_Word] = field(default_factory=deque)
    final: bool = False
    stalled: int = 0
    begun: bool = False


class Saying:
    """What the host wants to be said. One thread drives it: `choose` once a frame."""

    def __init__(self, tokenizer: TextTokenizer, shape: ModelShape) -> None:
        self._tokenizer = tokenizer
        self._padding = shape.padding
        self._end_of_padding = shape.end_of_padding
        self._lines: deque[_Line] = deque()
        self._dropped = -1
        self._word: deque[int] = deque()
        """Tokens that the word under way still has."""
        self._pause = 0
        self._waited = 0
        self._opened = False
        """The end of padding was chosen: the next token is a word's."""

    @property
    def number(self) -> int | None:
        """The utterance that is being spoken."""
        return self._lines[0].number if self._lines and self._lines[0].begun else None

    @property
    def finished(self) -> bool:
        """All of its words were begun."""
        return self.number is not None and self._is_through(self._lines[0])

    @property
    def active(self) -> bool:
        """There is something to say, or to finish."""
        return bool(self._lines)

    def say(self, number: int, text: str, *, final: bool) -> None:
        """The next piece of utterance `number`; pieces of one that was forgotten are ignored."""
        if number <= self._dropped:
            return
        line = next((line for line in self._lines if line.number == number), None)
        if line is None:
            line = _Line(number)
            self._lines.append(line)
        text = line.rest + text
        if not final:
            # The next piece may go on in the middle of the last word.
            cut = len(text) - len(text.split(" ")[-1])
            text, line.rest = text[:cut], text[cut:]
        line.words += self._words(text)
        line.final = line.final or final

    def choose(self, token: int) -> int:
        """The text token to go on with, given the one that the model has chosen."""
        line = self._begun_line()
        if line is None:
            return token
        if self._word:
            return self._word.popleft()
        if not line.words:
            line.stalled += 1
            return self._padding
        line.stalled = 0
        if self._opened or self._begins_word(token):
            return self._begin_word(line.words.popleft())
        if token != self._end_of_padding:
            token = self._padding  # it would go on with the last word, which is complete
        if self._waited >= self._pause:
            token = self._end_of_padding
        self._waited += 1
        self._opened = token == self._end_of_padding
        return token

    def take_empty(self) -> list[int]:
        """Utterances that are over without a word, and those that had to make room."""
        empty = []
        while self._lines and not self._lines[0].begun:
            line = self._lines[0]
            too_many = len(self._lines) > MOST_LINES
            if not too_many and not (self._is_through(line) and line.final):
                break
            empty.append(self._lines.popleft().number)
        return empty

    def over(self, number: int) -> None:
        """The sound of this utterance is over, too: the model is free, or the next one begins."""
        if self.number == number:
            self._lines.popleft()
            self._rest()
        self._dropped = max(self._dropped, number)

    def forget(self) -> list[int]:
        """Say nothing more; returns the numbers of what was still to be said."""
        numbers = [line.number for line in self._lines]
        self._dropped = max([self._dropped, *numbers])
        self._lines.clear()
        self._rest()
        return numbers

    # -- inside ----------------------------------------------------------------------------------

    def _begun_line(self) -> _Line | None:
        line = self._lines[0] if self._lines else None
        if line is None or not (line.begun or line.words):
            return None
        line.begun = True
        return line

    def _begins_word(self, token: int) -> bool:
        if token in (self._padding, self._end_of_padding):
            return False
        return self._tokenizer.piece(token).startswith("▁")

    def _is_through(self, line: _Line) -> bool:
        if line.words or (self._word and line is self._lines[0]):
            return False
        return line.final or line.stalled >= LONGEST_STALL

    def _begin_word(self, word: _Word) -> int:
        self._word.extend(word.tokens)
        self._pause, self._waited, self._opened = word.pause, 0, False
        return self._word.popleft()

    def _rest(self) -> None:
        self._word.clear()
        self._pause = self._waited = 0
        self._opened = False

    def _words(self, text: str) -> list[_Word]:
        """Words as the vocabulary cuts them; what it cannot write is left out."""
        groups: list[list[tuple[int, str]]] = []
        for token in self._tokenizer.encode(text) if text.strip() else []:
            piece = self._tokenizer.piece(token)
            if token in (self._padding, self._end_of_padding) or piece in ("<unk>", "<s>", "</s>"):
                continue
            if piece.startswith("▁") or not groups:
                groups.append([])
            groups[-1].append((token, piece))
        words = []
        for group in groups:
            written = "".join(piece for _, piece in group)
            if written.strip("▁ "):
                tokens = tuple(token for token, _ in group)
                words.append(_Word(tokens, longest_pause(written.strip("▁ "), len(tokens))))
        return words


def longest_pause(word: str, tokens: int) -> int:
    """Frames that may lie between the last of a word's tokens and the next word: English is read
    at some 14 letters a second, a little more than one a frame."""
    own = max(2, len(word) + 2 - tokens)
    return min(LONGEST_PAUSE, own + _PAUSES.get(word[-1:], 0))
