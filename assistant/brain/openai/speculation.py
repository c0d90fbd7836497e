"""Speculation: a server of the user's is asked in the first pause of his turn, while it is still
judged whether the turn is over."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, cast

from assistant.brain.ahead import Ahead
from assistant.brain.base import Piece, Question
from assistant.brain.openai.client import OpenAIBrain


class SpeculativeBrain:
    """A language model that begins answers nobody has asked for yet, see `base.Anticipates`; at
    most `ahead.MOST_A_TURN` a turn, counted in `ahead.counts`. Prompts are not read ahead: what a
    server keeps of them, and for whom else, is its own business."""

    memory_tokens: int | None = None

    def __init__(self, model: OpenAIBrain) -> None:
        self.ahead = Ahead(self._answered, self._read)
        self._model = model

    @property
    def label(self) -> str:
        return self._model.label

    @label.setter
    def label(self, label: str) -> None:
        self._model.label = label

    @property
    def url(self) -> str:
        return self._model.url

    @property
    def small(self) -> bool | None:
        return self._model.small

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        """See `OpenAIBrain.answer`."""
        async with aclosing(self.ahead.answer(question)) as pieces:
            async for piece in pieces:
                yield piece

    async def complete(
        self, messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int
    ) -> str:
        """See `OpenAIBrain.complete`."""
        return await self._model.complete(messages, schema, max_tokens)

    def read_ahead(self, question: Question) -> None:
        """Not here."""
        self.ahead.turn_over()

    def expect(self, question: Question) -> None:
        self.ahead.expect(question)

    def listen(self, told: Callable[[str], None]) -> None:
        self.ahead.on_words = told

    def withdraw(self) -> None:
        self.ahead.withdraw()

    async def close(self) -> None:
        """End what was begun, and the connections."""
        await self.ahead.close()
        await self._model.close()

    def _answered(self, question: Question) -> AsyncGenerator[Piece]:
        return cast("AsyncGenerator[Piece]", self._model.answer(question))

    async def _read(self, question: Question) -> AsyncGenerator[Piece]:
        return
        yield
