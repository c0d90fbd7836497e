"""Working ahead of a question: reading what its prompt begins with, beginning the answer itself.

A small model on a slow machine reads some fifty tokens a second. What it reads while somebody
speaks, or while nobody does, nobody waits for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from assistant.brain.base import BrainError, Piece, PromptRead, Question, Waiting

MOST_A_TURN = 3
"""Answers that are begun for one turn of the user's; each costs what others on the machine want."""

_BEGINNING = 300
"""Characters of an answer that are told before it is asked for: a first clause is no longer."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class AheadCounts:
    """Answers that were begun before it was known that they would be wanted."""

    begun: int = 0
    used: int = 0
    thrown_away: int = 0


class _BegunAnswer:
    """An answer that is being made and that nobody has asked for yet: its pieces are kept."""

    def __init__(
        self,
        question: Question,
        pieces: AsyncGenerator[Piece],
        told: Callable[[str], None],
    ) -> None:
        self._question = question
        self._told = told
        self._text = ""
        self._kept: asyncio.Queue[Piece | Exception | None] = asyncio.Queue()
        self._asked = False
        self.failed = False
        """It came to nothing: its server may have been started again since."""
        self._task = asyncio.create_task(self._make(pieces), name="model-begins")

    def is_for(self, question: Question) -> bool:
        """Whether it answers this, too: nothing else can be different but the clock, and how the
        recogniser punctuated."""
        mine = self._question
        return (
            plain_words(mine.text) == plain_words(question.text)
            and mine.persona == question.persona
            and mine.history == question.history
            and mine.memory == question.memory
            and mine.summary == question.summary
            and list(mine.known) == list(question.known)
            and mine.tools == question.tools
            and _kind(mine) == _kind(question)
        )

    async def _make(self, pieces: AsyncGenerator[Piece]) -> None:
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    self._kept.put_nowait(self._marked(piece))
                    if isinstance(piece, str) and not self._asked:
                        self._tell(piece)
        except Exception as error:  # whatever it is, whoever asks for the answer is told
            self.failed = True
            self._kept.put_nowait(error)
        else:
            self._kept.put_nowait(None)

    def _tell(self, piece: str) -> None:
        if len(self._text) < _BEGINNING:
            self._text += piece
            self._told(self._text)

    def _marked(self, piece: Piece) -> Piece:
        if self._asked or not isinstance(piece, Waiting) or piece.read is None:
            return piece
        return replace(piece, read=replace(piece.read, ahead=True))

    async def pieces(self) -> AsyncGenerator[Piece]:
        """It is asked for now: what is there at once, the rest as it comes."""
        self._asked = True
        try:
            while (piece := await self._kept.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            await self.end()

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class Ahead:
    """One thing ahead of a question at a time.

    `answer(question)` streams an answer, `read(question)` has the beginning of its prompt read;
    both raise `BrainError`.
    """

    def __init__(
        self,
        answer: Callable[[Question], AsyncGenerator[Piece]],
        read: Callable[[Question], AsyncGenerator[Piece]],
    ) -> None:
        self.counts = AheadCounts()
        self.on_words: Callable[[str], None] = lambda text: None
        """See `base.Anticipates.listen`."""
        self.last_read: PromptRead | None = None
        """What was evaluated ahead the last time."""
        self._answer = answer
        self._read = read
        self._reading: asyncio.Task[None] | None = None
        self._read_for = ""
        self._next: Question | None = None
        """What is read after that."""
        self._begun: _BegunAnswer | None = None
        self._begun_in_turn = 0
        self._answering = 0
        self._ended: set[asyncio.Task[None]] = set()

    def read_ahead(self, question: Question) -> None:
        """Have this read, unless there is an answer to be made; after what is being read for the
        same persona, which has to be read anyway."""
        if self._answering or self._begun is not None:
            return
        self._begun_in_turn = 0
        self._stop_reading_of_others(question)
        self._next = question
        if self._reading is None or self._reading.done():
            self._read_for = question.persona.slug
            self._reading = asyncio.create_task(self._read_all(), name="model-reads")

    def turn_over(self) -> None:
        """Another turn of the user's comes next: what may be begun for it is counted anew."""
        self._begun_in_turn = 0

    async def settled(self) -> None:
        """Wait until all is read."""
        if self._reading is not None:
            await asyncio.wait({self._reading})

    def expect(self, question: Question) -> None:
        """Begin the answer; nothing where this turn has had its share."""
        if self._answering or (self._begun is not None and self._begun.is_for(question)):
            return
        self.withdraw()
        if self._begun_in_turn >= MOST_A_TURN:
            return
        self._stop_reading_of_others(question)
        self._begun_in_turn += 1
        self.counts.begun += 1
        self._begun = _BegunAnswer(question, self._answer(question), self.on_words)

    def withdraw(self) -> None:
        """Throw away what was begun."""
        begun, self._begun = self._begun, None
        if begun is not None:
            self.counts.thrown_away += 1
            self._beside(begun)

    async def answer(self, question: Question) -> AsyncGenerator[Piece]:
        """Stream the answer: the one that was begun, where it is to this question."""
        begun = self._begun
        if begun is not None and not begun.failed and begun.is_for(question):
            self._begun = None
            self.counts.used += 1
            pieces = begun.pieces()
        else:
            self.withdraw()
            self._stop_reading_of_others(question)
            pieces = self._answer(question)
        self._begun_in_turn = 0
        self._answering += 1
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece
        finally:
            self._answering -= 1

    async def close(self) -> None:
        """Nothing is read or answered any more."""
        self._stop_reading()
        self.withdraw()
        await asyncio.gather(*self._ended, return_exceptions=True)

    async def _read_all(self) -> None:
        while (question := self._next) is not None:
            self._next = None
            with contextlib.suppress(BrainError):
                async with aclosing(self._read(question)) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Waiting) and piece.read is not None:
                            self.last_read = piece.read
                            _log.debug("read ahead: %s", piece.read)
                            break

    def _stop_reading_of_others(self, question: Question) -> None:
        """What is being read for this persona has to be read anyway, and goes on in its slot."""
        self._next = None
        if self._read_for != question.persona.slug:
            self._stop_reading()

    def _stop_reading(self) -> None:
        if self._reading is not None and not self._reading.done():
            self._reading.cancel()
            self._keep(self._reading)
        self._reading = None

    def _beside(self, begun: _BegunAnswer) -> None:
        self._keep(asyncio.create_task(begun.end(), name="model-ends"))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._ended.add(task)
        task.add_done_callback(self._ended.discard)


def _kind(question: Question) -> str | None:
    return question.feeling.kind if question.feeling is not None else None


def plain_words(text: str) -> str:
    """Without what a recogniser may write in one way or in another: case and punctuation. Signs of
    arithmetic are words."""
    letters = text.casefold().replace("'", "").replace("’", "")
    return " ".join(re.findall(r"\w+(?:[.,:]\w+)*|[-+*/×÷=%^]", letters))
