"""A language model of our own: the brain in front of its server, which is a child process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from assistant.brain.ahead import Ahead
from assistant.brain.base import (
    BrainError,
    LanguageModelError,
    Piece,
    PromptRead,
    Question,
    TakenBack,
    Waiting,
)
from assistant.brain.local.brevity import SENTENCES, Brevity, at_length
from assistant.brain.local.server import ASIDE_SLOT, PERSONA_SLOTS
from assistant.brain.local.supervisor import LOADING_LIMIT, LocalServer, Served
from assistant.brain.openai.size import small_by_name
from assistant.brain.prompt import pending
from assistant.config.schema import BrainConfig
from assistant.locations import log_dir
from assistant.personas.loading import Persona

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from assistant.brain.openai.client import OpenAIBrain

__all__ = ["LOADING_LIMIT", "MAX_TOKENS", "MEMORY_TOKENS", "LocalBrain", "LocalServer", "Served"]

MAX_TOKENS = 120
"""Of an answer: three sentences. A small model does not stop by itself where it should."""
MEMORY_TOKENS = 110
"""Of a small model's prompt that may be memory: it is evaluated anew at every turn."""
FIRST_WORD_SECONDS = 120.0
"""The prompt has to be read first, on a slow machine at twenty tokens a second."""
_KEY = "ASSISTANT_LOCAL_MODEL_KEY"


class PersonaSlots:
    """Which of the server's slots holds which persona's prompt; the least recently used goes."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._slots: dict[str, int] = {}

    def of(self, persona: str) -> int:
        """0 ≤ slot < count."""
        slot = self._slots.pop(persona, None)
        if slot is None and len(self._slots) < self._count:
            slot = len(self._slots)
        elif slot is None:
            slot = self._slots.pop(next(iter(self._slots)))
        self._slots[persona] = slot
        return slot

    def clear(self) -> None:
        """A new server holds nothing."""
        self._slots.clear()


class LocalBrain:
    """Answers with a model of our own, once `start` was called.

    While the model is being loaded an answer waits for it, as long as `brain.timeout_s`. A small
    model is given no tools, is not asked what shall be remembered, and answers in three sentences
    unless more is asked for. What a prompt begins with is read ahead (see `base.Anticipates`): when
    the model is loaded, and whenever it is known who will be spoken to next.
    """

    def __init__(self, file: Path, config: BrainConfig, *, ahead: bool = True) -> None:
        """`ahead`: work ahead, and keep the beginning of the prompt stable; False shows what that
        is worth (`assistant bench latency --brain`)."""
        self.label = f"{file.name.removesuffix('.gguf')} · own server"
        self.server: LocalServer | None = None
        self.last_read: PromptRead | None = None
        """What was evaluated of the last answer's prompt."""
        self.ahead = Ahead(self._answered, self._read)
        self._works_ahead = ahead
        self._file = file
        self._config = config
        self._facts: Callable[[], Sequence[str]] = tuple
        self._client: OpenAIBrain | None = None
        self._start = 0
        """Of the server that the client speaks to."""
        self._making = asyncio.Lock()
        self._slots = PersonaSlots(PERSONA_SLOTS)
        self._next: Question | None = None
        """What the next question will begin like."""

    def start(
        self,
        tell: Callable[[BrainError], None],
        facts: Callable[[], Sequence[str]] = tuple,
        persona: Persona | None = None,
        *,
        command: Sequence[str] | None = None,
    ) -> None:
        """Load the model beside everything else. `tell`, `command`: see `LocalServer`; `facts`:
        what is known of the user; `persona`: who will probably be spoken to first."""
        self._facts = facts
        if persona is not None and self._works_ahead and self._next is None:
            self._next = Question("Hello.", persona, [])
        self.server = LocalServer(
            self._file, tell, command=command, log_path=log_dir() / "language-model.log"
        )
        self.server.on_served = self._served_anew
        self.server.start()

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        """Stream the answer; raises `LanguageModelError`. Closing the iterator ends the request."""
        if self.server is not None and self.server.served is None and self.server.failure is None:
            yield Waiting("loading", "the language model is being loaded")
            await self._served()
            yield Waiting("thinking")
        async with aclosing(self.ahead.answer(question)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Waiting) and piece.read is not None:
                    self.last_read = piece.read
                yield piece
        if self.server is not None:
            self.server.did_work()

    @property
    def small(self) -> bool | None:
        """Too small for tools; None: not loaded yet, and its file's name does not say."""
        served = self.server.served if self.server is not None else None
        return served.small if served is not None else small_by_name(self._file.name)

    async def complete(
        self, messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int
    ) -> str:
        """See `base.Completes`. Raises `LanguageModelError`, also where the model is small or not
        there yet: nobody waits for what may be left out."""
        served = self.server.served if self.server is not None else None
        if served is None:
            raise LanguageModelError("absent", "The language model is not loaded.")
        if served.small:
            raise LanguageModelError("absent", "The language model is too small to be asked that.")
        client = await self._client_of(served)
        return await client.complete(
            messages, schema, max_tokens, options={"id_slot": ASIDE_SLOT, "cache_prompt": True}
        )

    async def close(self) -> None:
        """End the server."""
        await self.ahead.close()
        if self._client is not None:
            await self._client.close()
        if self.server is not None:
            await self.server.stop()

    # -- ahead: see `base.Anticipates` ---------------------------------------------------------

    @property
    def memory_tokens(self) -> int | None:
        served = self.server.served if self.server is not None else None
        return MEMORY_TOKENS if self._works_ahead and served is not None and served.small else None

    def read_ahead(self, question: Question) -> None:
        """See `base.Anticipates`. Where the model is not loaded: once it is."""
        if not self._works_ahead:
            return
        self._next = question
        if self.server is not None and self.server.served is not None:
            self.ahead.read_ahead(question)

    def expect(self, question: Question) -> None:
        if self._works_ahead and self.server is not None and self.server.served is not None:
            self.ahead.expect(question)

    def listen(self, told: Callable[[str], None]) -> None:
        self.ahead.on_words = told

    def withdraw(self) -> None:
        self.ahead.withdraw()

    def _served_anew(self) -> None:
        self._slots.clear()
        if self._next is not None:
            self.ahead.read_ahead(self._next)

    async def _read(self, question: Question) -> AsyncGenerator[Piece]:
        """One token of an answer, for which all of the prompt has to be read."""
        served = await self._served()
        client = await self._client_of(served)
        asked = self._fitting(question, served)
        pieces = client.answer(asked, max_tokens=1, options=self._options(question))
        async with aclosing(cast("AsyncGenerator[Piece]", pieces)) as stream:
            async for piece in stream:
                yield piece

    async def _answered(self, question: Question) -> AsyncGenerator[Piece]:
        served = await self._served()
        client = await self._client_of(served)
        more = at_length(pending(question))
        longest = self._config.max_tokens if more or not served.small else MAX_TOKENS
        pieces = client.answer(
            self._fitting(question, served),
            max_tokens=min(longest, self._config.max_tokens),
            options=self._options(question),
        )
        async with aclosing(cast("AsyncGenerator[Piece]", pieces)) as stream:
            if not served.small:
                async for piece in stream:
                    yield piece
                return
            sentences = None if more else SENTENCES
            async for piece in _briefly(stream, sentences, lambda: client.cut):
                yield piece

    @staticmethod
    def _fitting(question: Question, served: Served) -> Question:
        return replace(question, tools=[]) if served.small else question

    def _options(self, question: Question) -> dict[str, Any]:
        """Of the request, beside what all servers know: llama.cpp's own."""
        slot = self._slots.of(question.persona.slug)
        options = {"id_slot": slot, "cache_prompt": True, "timings_per_token": True}
        return options if self._works_ahead else {**options, "n_cache_reuse": 0}

    async def _served(self) -> Served:
        if self.server is None:
            raise LanguageModelError("absent", "The language model was not started.")
        seconds = self._config.timeout_s
        settled = await self.server.settled(seconds)
        if self.server.served is not None:
            return self.server.served
        if settled and self.server.failure is not None:
            failure = self.server.failure
            raise LanguageModelError("absent", failure.message, failure.remedy)
        raise LanguageModelError(
            "slow",
            f"The language model is not loaded after {seconds:g} seconds.",
            "It answers once it is; a smaller one is there sooner: assistant brain list",
        )

    async def _client_of(self, served: Served) -> OpenAIBrain:
        """One for each start: a new server has a new address and a new key."""
        async with self._making:
            if self._client is None or self._start != served.start:
                if self._client is not None:
                    await self._client.close()
                self._client = await asyncio.to_thread(self._made_client, served)
                self._start = served.start
            return self._client

    def _made_client(self, served: Served) -> OpenAIBrain:
        # Imported in a thread: loading an HTTP client takes tens of milliseconds.
        from assistant.brain.openai.client import OpenAIBrain

        return OpenAIBrain(
            f"{served.url}/v1",
            served.name,
            server="own server",
            api_key_env=_KEY,
            temperature=self._config.temperature,
            max_tokens=self._config.max_tokens,
            timeout_s=max(self._config.timeout_s, FIRST_WORD_SECONDS),
            # Its server takes reasoning out by itself.
            hold_s=0.0,
            facts=self._facts,
            environment={_KEY: served.key},
            stable_prompt=self._works_ahead,
            small=served.small,
        )


async def _briefly(
    stream: AsyncIterator[Piece], sentences: int | None, cut: Callable[[], bool]
) -> AsyncIterator[Piece]:
    """So many sentences of an answer. `cut()`: its bound has ended it."""
    brevity = Brevity(sentences)
    async for piece in stream:
        if isinstance(piece, TakenBack):
            brevity = Brevity(sentences)
        if not isinstance(piece, str):
            yield piece
        elif said := brevity.feed(piece):
            yield said
        if brevity.over:
            return
    if rest := brevity.finish(cut=cut()):
        yield rest
