"""The server behind a language model: requests to it, what models it has, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx

from assistant.brain.base import LanguageModelError
from assistant.brain.openai.capabilities import ModelCapabilities
from assistant.brain.openai.discover import model_ids, server_url, usable
from assistant.brain.openai.reading import MAX_BODY_BYTES, Patience, retry_after
from assistant.brain.openai.refusals import Refusal, RequestTarget, own_words, short
from assistant.brain.openai.replies import readable
from assistant.brain.openai.size import SIZE_SECONDS
from assistant.models.web import BadProxy, async_client, proxy_for

CONNECT_SECONDS = 3.0
_MAX_ERROR_BYTES = 64_000


class ModelServer:
    """What answers at `url`. The key is read from the environment variable `api_key_env` at each
    request and goes nowhere else. Raises `LanguageModelError` where `url` is no address, or a proxy
    that is none leads there."""

    def __init__(
        self,
        url: str,
        api_key_env: str,
        environment: Mapping[str, str],
        timeout_s: float,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self.url = _address(url)
        self._api_key_env = api_key_env
        self._environment = environment
        self._timeout = timeout_s
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

    @property
    def host(self) -> str:
        return httpx.URL(self.url).host

    async def close(self) -> None:
        await self._client.aclose()

    async def chat(self, body: Mapping[str, Any], patience: Patience) -> httpx.Response:
        """The head of an answer, whatever its status; who called closes it."""
        return await self._send(self._request("POST", "/chat/completions", json=body), patience)

    async def told(self, method: str, url: str, body: dict[str, str] | None) -> Any:
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

    async def models(self, patience: Patience) -> list[str]:
        """Those that can chat. Raises `LanguageModelError`."""
        response = await self._send(self._request("GET", "/models"), patience)
        try:
            if response.status_code != 200:
                refusal, _ = await self.refusal(response)
                raise await self.error(refusal, "", ModelCapabilities())
            return usable(await self._models_in(response, patience))
        finally:
            await response.aclose()

    async def refusal(self, response: httpx.Response) -> tuple[Refusal, str]:
        """What a status other than 200 says, in short and in full."""
        body = b""
        with suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout(CONNECT_SECONDS):
                body = await _bounded(response, _MAX_ERROR_BYTES)
        after = retry_after(response.headers.get("retry-after"), time.time())
        refusal = Refusal(response.status_code, self.redacted(short(body)), after)
        return refusal, own_words(body)

    async def error(
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
            return self.target().not_found(model, names, refusal)
        return self.target().error(refusal, traits)

    def redacted(self, text: str) -> str:
        key = self._key()
        return text.replace(key, "…") if key else text

    def target(self) -> RequestTarget:
        return RequestTarget(self.url, proxy_for(self.url), self._api_key_env, bool(self._key()))

    # --- requests ----------------------------------------------------------------------------

    def _request(self, method: str, path: str, **content: Any) -> httpx.Request:
        return self._client.build_request(
            method, f"{self.url}{path}", headers=self._headers(), **content
        )

    def _key(self) -> str:
        return self._environment.get(self._api_key_env, "").strip()

    def _headers(self) -> dict[str, str]:
        key = self._key()
        return {"Authorization": f"Bearer {key}"} if key.isascii() and key else {}

    async def _send(self, request: httpx.Request, patience: Patience) -> httpx.Response:
        """The response's head, as long as patience lasts."""
        try:
            async with asyncio.timeout(patience.left):
                return await self._client.send(request, stream=True)
        except TimeoutError:
            raise self._slow() from None
        except httpx.ProxyError as error:
            raise self.target().proxy_refuses(str(error)) from None
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise self.target().absent() from None
        except (httpx.HTTPError, httpx.InvalidURL, ImportError, OSError, ValueError) as error:
            raise self.target().broke_off(str(error)) from None

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

    def _slow(self) -> LanguageModelError:
        return LanguageModelError(
            "slow",
            f"The language model said nothing for {self._timeout:g} seconds.",
            "Choose a smaller model in brain.model, or raise brain.timeout_s.",
        )


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
