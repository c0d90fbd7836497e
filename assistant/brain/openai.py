"""A language model behind an OpenAI-compatible server: Ollama, LM Studio, llama.cpp, vLLM, …"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx

from assistant.brain.base import Question
from assistant.brain.failures import LanguageModelError
from assistant.brain.models import display_name, is_loopback, model_ids, server_url, usable
from assistant.brain.prompt import build_messages
from assistant.brain.replies import AnswerReader, error_text, readable

CONNECT_SECONDS = 3.0
MAX_ANSWER_CHARS = 20_000
"""Where an answer that will not end is ended."""
MAX_BODY_BYTES = 8_000_000
"""Of a whole reply, with all that surrounds the words."""
_MAX_ERROR_BYTES = 64_000


class OpenAIBrain:
    """Streams `/v1/chat/completions`.

    `model` None asks for the server's first. The key is read from the environment variable
    `api_key_env` at each request and goes nowhere else. `facts` gives what is known of the user.
    `timeout_s` bounds the wait for the first word, `idle_s` (as long, if not given) silence later.
    Raises `LanguageModelError` where `url` is no address.
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
        facts: Callable[[], Sequence[str]] = tuple,
        environment: Mapping[str, str] = os.environ,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        try:
            self.url = server_url(url)
            host = httpx.URL(self.url).host
        except (ValueError, httpx.InvalidURL):
            host = ""
        if not host:
            raise LanguageModelError(
                "missing",
                f"brain.url is no address: {readable(url)}.",
                "Write it like http://127.0.0.1:11434/v1.",
            )
        self._model = model
        self._place = server or host
        self._api_key_env = api_key_env
        self._temperature = temperature
        self._max_tokens = max_tokens
        self._timeout = timeout_s
        self._idle = idle_s or timeout_s
        self._facts = facts
        self._environment = environment
        local = is_loopback(self.url)
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            trust_env=not local,
            # Making a TLS context takes tens of milliseconds; plain HTTP needs none.
            verify=not self.url.startswith("http:"),
            headers={"Accept-Encoding": "identity"},
        )
        self.label = self._label()

    async def answer(self, question: Question) -> AsyncIterator[str]:
        """Stream the answer; raises `LanguageModelError`. Closing the iterator ends the request."""
        async for piece in self._chat(lambda model: self._body(model, question)):
            yield piece

    async def complete(
        self, messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int
    ) -> str:
        """See `base.Completes`. The form is asked for as OpenAI, Ollama and llama.cpp know it
        (`response_format`). Raises `LanguageModelError`."""
        form = {"name": "answer", "schema": schema, "strict": True}
        wanted = {
            "messages": messages,
            "stream": True,
            "temperature": 0.0,
            "max_tokens": max_tokens,
            "response_format": {"type": "json_schema", "json_schema": form},
        }
        pieces = [piece async for piece in self._chat(lambda model: {"model": model, **wanted})]
        return "".join(pieces)

    async def _chat(self, body: Callable[[str], dict[str, Any]]) -> AsyncIterator[str]:
        deadline = time.monotonic() + self._timeout
        model = self._model or await self._first_model(deadline)
        request = self._client.build_request(
            "POST",
            f"{self.url}/chat/completions",
            json=body(model),
            headers=self._headers(),
        )
        response = await self._send(request, deadline)
        try:
            if response.status_code != 200:
                raise await self._refusal(response, model)
            async for piece in self._read(response, deadline):
                yield piece
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()

    # --- asking ------------------------------------------------------------------------------

    def _body(self, model: str, question: Question) -> dict[str, Any]:
        messages = build_messages(question, self._facts())
        if "qwen3" in model.casefold():
            # Qwen 3 reasons for many seconds before each answer unless told not to.
            messages[0]["content"] += "\n\n/no_think"
        return {
            "model": model,
            "messages": messages,
            "stream": True,
            "temperature": self._temperature,
            "max_tokens": self._max_tokens,
        }

    def _key(self) -> str:
        return self._environment.get(self._api_key_env, "").strip()

    def _headers(self) -> dict[str, str]:
        key = self._key()
        return {"Authorization": f"Bearer {key}"} if key.isascii() and key else {}

    async def _send(self, request: httpx.Request, deadline: float) -> httpx.Response:
        """The response's head, within the time limit of the first word."""
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                return await self._client.send(request, stream=True)
        except TimeoutError:
            raise self._slow() from None
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise LanguageModelError(
                "absent",
                f"No language model answers at {self.url}.",
                "Start its server (for example: ollama serve), or correct brain.url.",
            ) from None
        except httpx.HTTPError as error:
            raise LanguageModelError(
                "garbage",
                f"The server at {self.url} broke off: {readable(str(error)) or 'no reason given'}.",
                "Look into the server's log.",
            ) from None

    async def _first_model(self, deadline: float) -> str:
        """The server's first model that can chat; kept for the next turns."""
        request = self._client.build_request("GET", f"{self.url}/models", headers=self._headers())
        response = await self._send(request, deadline)
        try:
            if response.status_code != 200:
                raise await self._refusal(response, "")
            names = usable(await self._models_in(response, deadline))
        finally:
            await response.aclose()
        if not names:
            raise LanguageModelError(
                "missing",
                f"The server at {self.url} has no model that can chat.",
                "Load one there (for example: ollama pull qwen3:4b), or name it in brain.model.",
            )
        self._model = names[0]
        self.label = self._label()
        return names[0]

    async def _models_in(self, response: httpx.Response, deadline: float) -> list[str]:
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                body = await _bounded(response, MAX_BODY_BYTES)
        except (TimeoutError, httpx.HTTPError):
            raise self._slow() from None
        return model_ids(body)

    # --- reading -----------------------------------------------------------------------------

    async def _read(self, response: httpx.Response, deadline: float) -> AsyncIterator[str]:
        reader = AnswerReader(self.url, response.headers, redact=self._redacted)
        chunks = response.aiter_bytes()
        spoken = size = 0
        while spoken < MAX_ANSWER_CHARS and size < MAX_BODY_BYTES and not reader.done:
            limit = self._idle if spoken else deadline - time.monotonic()
            chunk = await self._next(chunks, limit, spoken)
            if chunk is None:
                break
            size += len(chunk)
            for piece in reader.feed(chunk):
                piece = piece[: MAX_ANSWER_CHARS - spoken]
                spoken += len(piece)
                if piece:
                    yield piece
        for piece in reader.end(truncated=size >= MAX_BODY_BYTES or spoken >= MAX_ANSWER_CHARS):
            yield piece[: max(0, MAX_ANSWER_CHARS - spoken)]

    async def _next(self, chunks: AsyncIterator[bytes], limit: float, spoken: int) -> bytes | None:
        try:
            async with asyncio.timeout(max(0.0, limit)):
                return await anext(chunks, None)
        except TimeoutError:
            raise self._stuck() if spoken else self._slow() from None
        except httpx.HTTPError:
            raise LanguageModelError(
                "cut" if spoken else "garbage",
                "The language model's answer broke off."
                if spoken
                else f"The server at {self.url} closed the connection without an answer.",
                "Ask again; if it stays so, look into the server's log.",
            ) from None

    # --- failing -----------------------------------------------------------------------------

    async def _refusal(self, response: httpx.Response, model: str) -> LanguageModelError:
        """The error that a status other than 200 stands for."""
        body = b""
        with suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout(CONNECT_SECONDS):
                body = await _bounded(response, _MAX_ERROR_BYTES)
        status = response.status_code
        said = self._redacted(error_text(body))
        detail = f": {said}" if said else ""
        if status in (401, 403):
            name = self._api_key_env
            have = f"The key in {name} was refused" if self._key() else "It asks for a key"
            return LanguageModelError(
                "refused",
                f"The server at {self.url} let us not in ({status}{detail}). {have}.",
                f"Put the server's key into the environment variable {name}.",
            )
        if status == 404:
            return await self._not_found(model, detail)
        if status == 429:
            return LanguageModelError(
                "busy", f"The server is too busy (429{detail}).", "Wait a little and ask again."
            )
        return LanguageModelError(
            "error",
            f"The server at {self.url} answered {status}{detail}.",
            "Look into the server's log, or choose another model in brain.model.",
        )

    async def _not_found(self, model: str, detail: str) -> LanguageModelError:
        names: list[str] = []
        if model:
            request = self._client.build_request(
                "GET", f"{self.url}/models", headers=self._headers()
            )
            with suppress(LanguageModelError):
                deadline = time.monotonic() + CONNECT_SECONDS
                response = await self._send(request, deadline)
                try:
                    names = usable(await self._models_in(response, deadline))
                finally:
                    await response.aclose()
        if names:
            shown = ", ".join(readable(name) for name in names[:8])
            return LanguageModelError(
                "missing",
                f"The server at {self.url} has no model {model!r}.",
                f"Set brain.model to one it has: {shown}.",
            )
        return LanguageModelError(
            "missing",
            f"There is no chat at {self.url} (404{detail}).",
            "Check brain.url: it usually ends in /v1.",
        )

    def _slow(self) -> LanguageModelError:
        return LanguageModelError(
            "slow",
            f"The language model said nothing for {self._timeout:g} seconds.",
            "Choose a smaller model in brain.model, or raise brain.timeout_s.",
        )

    def _stuck(self) -> LanguageModelError:
        return LanguageModelError(
            "cut",
            f"The language model fell silent for {self._idle:g} seconds in mid-answer.",
            "Ask again; if it stays so, look into the server's log.",
        )

    def _redacted(self, text: str) -> str:
        key = self._key()
        return text.replace(key, "…") if key else text

    def _label(self) -> str:
        return f"{display_name(self._model)} · {self._place}" if self._model else self._place


async def _bounded(response: httpx.Response, limit: int) -> bytes:
    """At most `limit` bytes of a body."""
    parts, size = [], 0
    async for chunk in response.aiter_bytes():
        parts.append(chunk)
        size += len(chunk)
        if size >= limit:
            break
    return b"".join(parts)[:limit]
