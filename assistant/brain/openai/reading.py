"""One answer as it arrives: its pieces, and what it showed of the model."""

from __future__ import annotations

import asyncio
import email.utils
import time
from collections.abc import AsyncIterator, Callable, Sequence

import httpx

from assistant.brain.base import LanguageModelError, Piece, PromptRead, TakenBack, Waiting
from assistant.brain.openai.capabilities import ModelCapabilities
from assistant.brain.openai.refusals import RequestTarget
from assistant.brain.openai.replies import AnswerReader, Broken
from assistant.brain.output_filter.filter import Item
from assistant.brain.output_filter.unopened import UnopenedReasoning

# Timeouts of a language model: how long an answer is waited for (as long as there are signs of
# life, within a bound), and how long a server that says `Retry-After` is left alone.

MOST = 10
"""Times the patience for silence that an answer may take to its first word."""
LONGEST_RETRY = 20.0
"""Seconds; a server that wants a longer rest than this is not waited for."""
TOLD_EVERY = 1.0
"""Seconds between two signs that are passed on."""


class Patience:
    """Seconds of `clock`. Silence is borne for `quiet` seconds; every sign of life begins them
    anew, up to `MOST` times as many in all."""

    def __init__(self, quiet: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.quiet = quiet
        self._clock = clock
        self._began = self._sign = clock()
        self._told = self._began
        self.signs = 0

    def sign(self) -> None:
        """It is still at work."""
        self.signs += 1
        self._sign = self._clock()

    def word(self, idle: float) -> None:
        """It speaks; from now on `idle` seconds are the patience for silence."""
        self.quiet = idle
        self._began = self._sign = self._clock()

    @property
    def left(self) -> float:
        """Seconds until it is given up, unless there is a sign."""
        now = self._clock()
        return max(0.0, min(self._sign + self.quiet, self._began + MOST * self.quiet) - now)

    @property
    def waited(self) -> float:
        """Seconds since it was asked, or spoke."""
        return self._clock() - self._began

    def due(self) -> bool:
        """Whether the last sign that was passed on is long enough ago; this one is then."""
        if self._clock() - self._told < TOLD_EVERY:
            return False
        self._told = self._clock()
        return True


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds that a server asks to be left alone for (RFC 9110, 10.2.3: seconds or a date); None
    where it does not say so in a way that can be read. `now` in seconds since the epoch."""
    if header is None:
        return None
    text = header.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - now
        except (ValueError, TypeError, OverflowError, OSError):
            return None
    return max(0.0, seconds) if seconds == seconds and seconds != float("inf") else None


MAX_ANSWER_CHARS = 20_000
"""Where an answer that will not end is ended."""
MAX_BODY_BYTES = 8_000_000
"""Of a whole reply, with all that surrounds the words."""


class ResponseReader:
    """Reads one response."""

    def __init__(
        self, place: RequestTarget, model: str, traits: ModelCapabilities, hold: float
    ) -> None:
        self.spoken = 0
        """Characters of the answer so far."""
        self.reasoning = ""
        """What the model wrote that is no part of its answer."""
        self.read: PromptRead | None = None
        """What was evaluated of the prompt, where the server tells."""
        self.cut = False
        """Its bound ended the answer."""
        self.unopened: bool | None = None
        """Whether the answer began with reasoning that was never opened; None: cannot be told."""
        self._place = place
        self._opening = UnopenedReasoning(model, traits.unopened, hold=hold)
        self._size = 0

    async def pieces(
        self,
        response: httpx.Response,
        patience: Patience,
        idle: float,
        redact: Callable[[str], str],
    ) -> AsyncIterator[Piece]:
        """The answer; raises `LanguageModelError`. What came before is yielded first."""
        reader = AnswerReader(self._place.url, response.headers, redact=redact)
        failure: LanguageModelError | None = None
        try:
            async for piece in self._arriving(reader, response, patience, idle):
                yield piece
            rest = reader.end(truncated=self._truncated)
        except Broken as broken:
            failure, rest = broken, broken.pieces
        except LanguageModelError as error:
            failure, rest = error, reader.broken_off()
        finally:
            self.reasoning = reader.reasoning
            self.cut = reader.cut
        for piece in self._bounded([*self._opening.take(rest, settled=True)]):
            yield piece
        if failure is not None:
            raise failure
        self._judge(reader)

    async def _arriving(
        self, reader: AnswerReader, response: httpx.Response, patience: Patience, idle: float
    ) -> AsyncIterator[Piece]:
        chunks = response.aiter_bytes()
        waiting: asyncio.Task[bytes | None] | None = None
        try:
            while not (self._truncated or reader.done):
                waiting = waiting or asyncio.ensure_future(_next(chunks))
                if not await self._ready(waiting, patience):
                    for piece in self._bounded(self._opening.release_if_due()):
                        patience.word(idle)
                        yield piece
                    continue
                chunk, waiting = self._chunk(waiting), None
                if chunk is None:
                    break
                self._size += len(chunk)
                patience.sign()
                items = reader.feed(chunk)
                if reader.read is not None and self.read is None:
                    self.read = reader.read
                    yield Waiting(read=reader.read)
                settled = reader.apart or reader.thinking.reasoned
                pieces = self._bounded(self._opening.take(items, settled=settled))
                for piece in pieces:
                    patience.word(idle)
                    yield piece
                if not pieces and not self.spoken and patience.due():
                    yield Waiting()
        finally:
            if waiting is not None:
                waiting.cancel()
                await asyncio.wait({waiting})

    async def _ready(self, waiting: asyncio.Task[bytes | None], patience: Patience) -> bool:
        """Whether more has come; not, where it is time to say what is held. Raises where patience
        is at its end."""
        left, due = patience.left, self._opening.due_in
        await asyncio.wait({waiting}, timeout=left if due is None else min(left, due))
        if waiting.done():
            return True
        if due is not None and due <= left:
            return False
        raise self._silent(patience)

    @property
    def _begun(self) -> bool:
        """There are words of the answer, said or held back."""
        return self.spoken > 0 or self._opening.holds_words

    def _chunk(self, waiting: asyncio.Task[bytes | None]) -> bytes | None:
        try:
            return waiting.result()
        except httpx.HTTPError:
            raise LanguageModelError(
                "cut" if self._begun else "garbage",
                "The language model's answer broke off."
                if self._begun
                else f"The server at {self._place.url}{self._place.through} closed the connection "
                "without an answer.",
                "Ask again; if it stays so, look into the server's log.",
            ) from None

    def _silent(self, patience: Patience) -> LanguageModelError:
        if self._begun:
            return LanguageModelError(
                "cut",
                f"The language model fell silent for {patience.quiet:g} seconds in mid-answer.",
                "Ask again; if it stays so, look into the server's log.",
            )
        waited = patience.waited
        said = "said nothing" if waited < 1.5 * patience.quiet else "thought without a word"
        return LanguageModelError(
            "slow",
            f"The language model {said} for {max(waited, patience.quiet):.3g} seconds.",
            "Choose a smaller model in brain.model, or raise brain.timeout_s.",
        )

    @property
    def _truncated(self) -> bool:
        return self._size >= MAX_BODY_BYTES or self.spoken >= MAX_ANSWER_CHARS

    def _bounded(self, items: Sequence[Item]) -> list[Piece]:
        pieces: list[Piece] = []
        for item in items:
            if isinstance(item, str):
                item = item[: max(0, MAX_ANSWER_CHARS - self.spoken)]
                self.spoken += len(item)
                if not item:
                    continue
            elif isinstance(item, TakenBack):
                self.spoken = 0
            pieces.append(item)
        return pieces

    def _judge(self, reader: AnswerReader) -> None:
        if reader.thinking.closed_unopened:
            self.unopened = True
        elif self.spoken:
            self.unopened = False


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)
