"""A language model behind an OpenAI-compatible server: Ollama, LM Studio, llama.cpp, vLLM, …"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
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
from assistant.brain.openai.discover import display_name, model_ids, server_url, usable
from assistant.brain.openai.reading import (
    LONGEST_RETRY,
    MAX_ANSWER_CHARS,
    MAX_BODY_BYTES,
    Patience,
    ResponseReader,
    retry_after,
)
from assistant.brain.openai.refusals import (
    BUSY,
    Refusal,
    RequestTarget,
    adapted,
    duration,
    own_words,
    short,
)
from assistant.brain.openai.replies import readable
from assistant.brain.openai.size import SIZE_SECONDS, ModelSize, small_by_name
from assistant.brain.output_filter.unopened import HOLD_SECONDS
from assistant.models.web import BadProxy, async_client, proxy_for

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
        self.url = _address(url)
        self._model = model
        self._server = server or httpx.URL(self.url).host
        self._api_key_env = api_key_env
        self._temperature = temperature
        self._max_tokens = max_tokens
        self._timeout = timeout_s
        self._idle = idle_s or timeout_s
        self._hold = hold_s
        self._facts = facts
        self._environment = environment
        self._traits = traits or CapabilitiesCache()
        self._stable = stable_prompt
        self._small = small
        self._size: ModelSize | None = None
        if find_size:
            self._size = ModelSize(self.url, self._traits, self._json, self._plain)
        try:
            self._client = async_client(
                self.url,
                transport=transport,
                timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
                # Making a TLS context takes tens of milliseconds; plain HTTP needs none.
                verify=not self.url.startswith("http:"),
                headers={"Accept-Encoding": "identity"},
            )
        except BadProxy as error:
            raise LanguageModelError("missing", error.message, error.remedy) from None
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
        await self._client.aclose()

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
                self._place(), model, traits, self._hold if hold is None else hold
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
                    raise await self._error(refusal, model, traits) from None
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

    async def _json(self, method: str, url: str, body: dict[str, str] | None) -> Any:
        """What a server tells at once; None where it does not."""
        request = self._client.build_request(method, url, headers=self._headers(), json=body)
        with suppress(LanguageModelError, httpx.HTTPError, ValueError, RecursionError):
            response = await self._send(request, Patience(SIZE_SECONDS))
            try:
                if response.status_code == 200:
                    return json.loads(await _bounded(response, MAX_BODY_BYTES))
            finally:
                await response.aclose()
        return None

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
        request = self._request("POST", "/chat/completions", json=body)
        response = await self._send(request, patience)
        try:
            if response.status_code != 200:
                raise _Declined(*await self._refusal(response))
            async for piece in reading.pieces(response, patience, self._idle, self._redacted):
                yield piece
        except LanguageModelError as error:
            if reading.spoken or not error.complaint:
                raise
            raise _Declined(Refusal(200, error.complaint), error.complaint, error) from None
        finally:
            await response.aclose()
            if reading.reasoning:
                _log.debug("reasoning of %s: %s", model, self._redacted(reading.reasoning))

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

    def _request(self, method: str, path: str, **content: Any) -> httpx.Request:
        return self._client.build_request(
            method, f"{self.url}{path}", headers=self._headers(), **content
        )

    def _key(self) -> str:
        return self._environment.get(self._api_key_env, "").strip()

    def _headers(self) -> dict[str, str]:
        key = self._key()
        return {"Authorization": f"Bearer {key}"} if key.isascii() and key else {}

    def _place(self) -> RequestTarget:
        return RequestTarget(self.url, proxy_for(self.url), self._api_key_env, bool(self._key()))

    async def _send(self, request: httpx.Request, patience: Patience) -> httpx.Response:
        """The response's head, as long as patience lasts."""
        try:
            async with asyncio.timeout(patience.left):
                return await self._client.send(request, stream=True)
        except TimeoutError:
            raise self._slow() from None
        except httpx.ProxyError as error:
            raise self._place().proxy_refuses(str(error)) from None
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise self._place().absent() from None
        except (httpx.HTTPError, httpx.InvalidURL, ImportError, OSError, ValueError) as error:
            raise self._place().broke_off(str(error)) from None

    # --- models ------------------------------------------------------------------------------

    async def _first_model(self, patience: Patience) -> str:
        """The server's first model that can chat; kept for the next turns."""
        response = await self._send(self._request("GET", "/models"), patience)
        try:
            if response.status_code != 200:
                refusal, _ = await self._refusal(response)
                raise await self._error(refusal, "", ModelCapabilities())
            names = usable(await self._models_in(response, patience))
        finally:
            await response.aclose()
        if not names:
            raise self._place().no_model()
        self._model = names[0]
        self.label = self._label()
        return names[0]

    async def _models_in(self, response: httpx.Response, patience: Patience) -> list[str]:
        try:
            async with asyncio.timeout(patience.left):
                body = await _bounded(response, MAX_BODY_BYTES)
        except (TimeoutError, httpx.HTTPError):
            raise self._slow() from None
        return model_ids(body)

    async def _names(self) -> list[str]:
        """The models there are, where the server tells at once."""
        patience = Patience(CONNECT_SECONDS)
        with suppress(LanguageModelError):
            response = await self._send(self._request("GET", "/models"), patience)
            try:
                return usable(await self._models_in(response, patience))
            finally:
                await response.aclose()
        return []

    # --- failing -----------------------------------------------------------------------------

    async def _refusal(self, response: httpx.Response) -> tuple[Refusal, str]:
        """What a status other than 200 says, in short and in full."""
        body = b""
        with suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout(CONNECT_SECONDS):
                body = await _bounded(response, _MAX_ERROR_BYTES)
        after = retry_after(response.headers.get("retry-after"), time.time())
        refusal = Refusal(response.status_code, self._redacted(short(body)), after)
        return refusal, own_words(body)

    async def _error(
        self, refusal: Refusal, model: str, traits: ModelCapabilities
    ) -> LanguageModelError:
        """The error that a refusal ends in."""
        if refusal.status == 200:
            return LanguageModelError(
                "error",
                f"The language model's server says: {refusal.said}.",
                "Look into the server's log.",
            )
        if refusal.status == 404:
            names = await self._names() if model else []
            return self._place().not_found(model, names, refusal)
        return self._place().error(refusal, traits)

    def _slow(self) -> LanguageModelError:
        return slow(self._timeout)

    def _redacted(self, text: str) -> str:
        key = self._key()
        return text.replace(key, "…") if key else text

    def _label(self) -> str:
        return f"{display_name(self._model)} · {self._server}" if self._model else self._server


class _Declined(Exception):
    """The server will not answer this request as it was made."""

    def __init__(
        self, refusal: Refusal, complaint: str, error: LanguageModelError | None = None
    ) -> None:
        super().__init__(refusal.said)
        self.refusal = refusal
        self.complaint = complaint
        self.error = error


def slow(seconds: float) -> LanguageModelError:
    return LanguageModelError(
        "slow",
        f"The language model said nothing for {seconds:g} seconds.",
        "Choose a smaller model in brain.model, or raise brain.timeout_s.",
    )


def _told(refusal: Refusal, pause: float) -> Waiting:
    if refusal.loading:
        return Waiting("loading", "the language model is being loaded")
    why = f"{refusal.status}{refusal.detail}"
    again = duration(pause)
    return Waiting("waiting", f"the language model is busy ({why}): asking again in {again}")


def _address(url: str) -> str:
    """The address of the API. Raises `LanguageModelError`."""
    try:
        address = server_url(url)
        host = httpx.URL(address).host
    except (ValueError, httpx.InvalidURL):
        host = ""
    if not host:
        raise LanguageModelError(
            "missing",
            f"brain.url is no address: {readable(url)}.",
            "Write it like http://127.0.0.1:11434/v1.",
        )
    return address


async def _bounded(response: httpx.Response, limit: int) -> bytes:
    """At most `limit` bytes of a body."""
    parts, size = [], 0
    async for chunk in response.aiter_bytes():
        parts.append(chunk)
        size += len(chunk)
        if size >= limit:
            break
    return b"".join(parts)[:limit]
