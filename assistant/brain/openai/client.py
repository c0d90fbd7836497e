"""A language model behind an OpenAI-compatible server: Ollama, LM Studio, llama.cpp, vLLM, …"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import httpx

from assistant.brain.base import LanguageModelError, Piece, Question, Waiting
from assistant.brain.openai.capabilities import (
    Ask,
    CapabilitiesCache,
    ModelCapabilities,
    QuestionAsk,
    form_ask,
)
from assistant.brain.openai.discover import display_name
from assistant.brain.openai.reading import (
    LONGEST_RETRY,
    MAX_ANSWER_CHARS,
    Patience,
    ResponseReader,
)
from assistant.brain.openai.refusals import (
    BUSY,
    Refusal,
    adapted,
    duration,
)
from assistant.brain.openai.replies import readable
from assistant.brain.openai.server import ModelServer
from assistant.brain.openai.size import ModelSize, small_by_name
from assistant.brain.output_filter.unopened import HOLD_SECONDS

__all__ = ["MAX_ANSWER_CHARS", "OpenAIBrain"]

CONNECT_SECONDS = 3.0
_MAX_ERROR_BYTES = 64_000
_LOADING_SECONDS = 1.0
"""Between two looks at a model that is being loaded."""
_BUSY_SECONDS = 1.0
"""Rest of a server that is too busy and does not say for how long."""
_MOST_RETRIES = 2
"""Of a busy server; one that loads is asked as long as patience lasts."""
_MOST_CHANGES = 5
_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})

_log = logging.getLogger(__name__)


class OpenAIBrain:
    """Streams `/v1/chat/completions`.

    `model` None asks for the server's first. The key is read from the environment variable
    `api_key_env` at each request and goes nowhere else. `facts` gives what is known of the user.
    `timeout_s` bounds silence before the first word (every sign of life begins it anew, see
    `Patience`), `idle_s` (as long, if not given) silence later. `traits` remembers how the model
    wants to be asked. `hold_s`: see `Opening`. `stable_prompt`: see `build_messages`. `small`:
    whether the model is too small for tools; None: as its name says, or, with
    `find_size`, its server, or else answers that are asked of it in silence (on this machine).
    Raises `LanguageModelError` where `url` is no address, or a proxy that is none leads there.
    """

    def __init__(
        self,
        url: str,
        model: str | None = None,
        *,
        server: str = "",
        api_key_env: str = "ASSISTANT_API_KEY",
        temperature: float = 0.7,
        max_tokens: int = 300,
        timeout_s: float = 30.0,
        idle_s: float | None = None,
        hold_s: float = HOLD_SECONDS,
        facts: Callable[[], Sequence[str]] = tuple,
        environment: Mapping[str, str] = os.environ,
        traits: CapabilitiesCache | None = None,
        stable_prompt: bool = False,
        small: bool | None = None,
        find_size: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._server = ModelServer(url, api_key_env, environment, timeout_s, transport)
        self.url = self._server.url
        self._model = model
        self._name = server or self._server.host
        self._temperature = temperature
        self._max_tokens = max_tokens
        self._timeout = timeout_s
        self._idle = idle_s or timeout_s
        self._hold = hold_s
        self._facts = facts
        self._traits = traits or CapabilitiesCache()
        self._stable = stable_prompt
        self._small = small
        self._size: ModelSize | None = None
        if find_size:
            self._size = ModelSize(self.url, self._traits, self._server.told, self._plain)
        self.label = self._label()
        self.cut = False
        """The last answer was ended by its bound."""

    async def answer(
        self,
        question: Question,
        *,
        max_tokens: int | None = None,
        options: Mapping[str, Any] = _NO_OPTIONS,
    ) -> AsyncIterator[Piece]:
        """Stream the answer; raises `LanguageModelError`. Closing the iterator ends the request.

        `max_tokens`: other than usual; `options`: what else goes into the request's body.
        """
        longest = max_tokens or self._max_tokens
        ask = QuestionAsk(question, self._facts(), self._temperature, longest, self._stable)
        if self._size is not None:
            await self._size.interrupt()
        try:
            async for piece in self._chat(ask, options=options):
                yield piece
        finally:
            if self._size is not None:
                self._size.silence()

    async def complete(
        self,
        messages: list[dict[str, str]],
        schema: dict[str, Any],
        max_tokens: int,
        *,
        options: Mapping[str, Any] = _NO_OPTIONS,
    ) -> str:
        """See `base.Completes`. The form is asked for as OpenAI, Ollama and llama.cpp know it
        (`response_format`). `options`: see `answer`. Raises `LanguageModelError`."""
        pieces: list[str] = []
        ask = form_ask(messages, schema, max_tokens)
        async for piece in self._chat(ask, hold=0.0, options=options):
            if isinstance(piece, str):
                pieces.append(piece)
            elif not isinstance(piece, Waiting):
                pieces.clear()
        return "".join(pieces)

    async def close(self) -> None:
        """Close connections."""
        if self._size is not None:
            await self._size.close()
        await self._server.close()

    # --- asking ------------------------------------------------------------------------------

    async def _chat(
        self,
        ask: Ask,
        hold: float | None = None,
        options: Mapping[str, Any] = _NO_OPTIONS,
    ) -> AsyncIterator[Piece]:
        """Ask, and ask otherwise where the server says that it has to be."""
        patience = Patience(self._timeout)
        model = self._model or await self._first_model(patience)
        known = traits = await self._known(model)
        changes = retries = 0
        while True:
            reading = ResponseReader(
                self._server.target(), model, traits, self._hold if hold is None else hold
            )
            try:
                async for piece in self._attempt(ask, model, traits, patience, reading, options):
                    yield piece
            except _Declined as declined:
                refusal = declined.refusal
                other = adapted(traits, refusal.status, declined.complaint, form=ask.in_a_form)
                if other is not None and changes < _MOST_CHANGES:
                    changes += 1
                    _log.info("%s wants to be asked otherwise: %s", model, readable(refusal.said))
                    traits = other
                    continue
                pause = self._pause(refusal, patience, retries)
                if pause is None:
                    raise await self._server.error(refusal, model, traits) from None
                retries += not refusal.loading
                yield _told(refusal, pause)
                await asyncio.sleep(pause)
                patience.sign()
                continue
            history = known.history if ask.lengthy else traits.history
            self._learn(model, replace(traits, history=history), reading)
            self.cut = reading.cut
            return

    @property
    def small(self) -> bool | None:
        """Whether the model is too small for tools; None: not known yet."""
        if self._small is None and self._model is not None:
            known = self._traits.of(self.url, self._model).small
            return known if known is not None else small_by_name(self._model)
        return self._small

    async def _known(self, model: str) -> ModelCapabilities:
        """How the model wants to be asked, as far as is known."""
        traits = self._traits.of(self.url, model)
        if traits.small is not None:
            return traits
        small = self._small if self._small is not None else small_by_name(model)
        if small is None and self._size is not None:
            small = await self._size.told(model)
        return replace(traits, small=small)

    async def _plain(self, ask: Ask) -> str:
        return "".join([p async for p in self._chat(ask, hold=0.0) if isinstance(p, str)])

    async def _attempt(
        self,
        ask: Ask,
        model: str,
        traits: ModelCapabilities,
        patience: Patience,
        reading: ResponseReader,
        options: Mapping[str, Any],
    ) -> AsyncIterator[Piece]:
        """One request. Raises `_Declined` where the server refuses it before the first word."""
        body = {**ask.body(model, traits), **options}
        response = await self._server.chat(body, patience)
        try:
            if response.status_code != 200:
                raise _Declined(*await self._server.refusal(response))
            pieces = reading.pieces(response, patience, self._idle, self._server.redacted)
            async for piece in pieces:
                yield piece
        except LanguageModelError as error:
            if reading.spoken or not error.complaint:
                raise
            raise _Declined(Refusal(200, error.complaint), error.complaint, error) from None
        finally:
            await response.aclose()
            if reading.reasoning:
                _log.debug("reasoning of %s: %s", model, self._server.redacted(reading.reasoning))

    def _pause(self, refusal: Refusal, patience: Patience, retries: int) -> float | None:
        """Seconds until it is asked again; None where it is not."""
        if refusal.status not in BUSY:
            return None
        pause = refusal.retry_after
        if refusal.loading:
            pause = _LOADING_SECONDS if pause is None else min(pause, 5.0)
        elif retries >= _MOST_RETRIES or (retries and pause is None):
            return None
        elif pause is None:
            pause = _BUSY_SECONDS
        if pause > LONGEST_RETRY or patience.left <= 0.0:
            return None
        return min(pause, patience.left) if refusal.loading else pause

    def _learn(self, model: str, traits: ModelCapabilities, reading: ResponseReader) -> None:
        """Keep what this answer has shown, now that it was one."""
        if reading.unopened is not None:
            traits = replace(traits, unopened=reading.unopened)
        self._traits.learn(self.url, model, traits)

    async def _first_model(self, patience: Patience) -> str:
        """The server's first model that can chat; kept for the next turns."""
        names = await self._server.models(patience)
        if not names:
            raise self._server.target().no_model()
        self._model = names[0]
        self.label = self._label()
        return names[0]

    def _label(self) -> str:
        return f"{display_name(self._model)} · {self._name}" if self._model else self._name


class _Declined(Exception):
    """The server will not answer this request as it was made."""

    def __init__(
        self, refusal: Refusal, complaint: str, error: LanguageModelError | None = None
    ) -> None:
        super().__init__(refusal.said)
        self.refusal = refusal
        self.complaint = complaint
        self.error = error


def _told(refusal: Refusal, pause: float) -> Waiting:
    if refusal.loading:
        return Waiting("loading", "the language model is being loaded")
    why = f"{refusal.status}{refusal.detail}"
    again = duration(pause)
    return Waiting("waiting", f"the language model is busy ({why}): asking again in {again}")
