"""Finding a language model's server on this machine. Nothing beyond loopback is ever asked."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

_HOST = "127.0.0.1"
_MAX_REPLY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Server:
    """A program that serves language models, and the port it listens on unless told otherwise."""

    name: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self.port}/v1"


SERVERS = (
    Server("Ollama", 11434),
    Server("LM Studio", 1234),
    Server("llama.cpp", 8080),
    Server("vLLM", 8000),
)
"""In order of preference."""


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server that answers, and its models that can chat, in its own order."""

    server: str
    url: str
    models: tuple[str, ...]

    @property
    def model(self) -> str:
        return self.models[0]

    @property
    def label(self) -> str:
        """For the status line: "qwen3:4b · Ollama"."""
        return f"{display_name(self.model)} · {self.server}"


async def discover(
    timeout: float = 0.15,  # noqa: ASYNC109 - what answered by then still counts
    servers: Sequence[Server] = SERVERS,
) -> FoundServer | None:
    """The most preferred server that has a model, within `timeout` seconds; None where none has.

    Only a real reply of `/v1/models` counts, so that any other web server on port 8080 does not.
    The request is written by hand: this runs at every start, mostly in vain, and importing an HTTP
    client takes longer than the whole search.
    """
    probes = [asyncio.create_task(_probe(server)) for server in servers]
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                for probe in probes:
                    if found := await probe:
                        return found
        # Out of time: a preferred server may be stuck while another has answered.
        answered = (p.result() for p in probes if p.done() and not p.cancelled())
        return next((found for found in answered if found), None)
    finally:
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes, return_exceptions=True)


async def discover_all(
    timeout: float = 0.5,  # noqa: ASYNC109 - as above
    servers: Sequence[Server] = SERVERS,
) -> list[FoundServer]:
    """Every server that has a model and answers within `timeout` seconds, the most preferred
    first."""
    probes = [asyncio.create_task(_probe(server)) for server in servers]
    done, late = await asyncio.wait(probes, timeout=timeout)
    for probe in late:
        probe.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    return [found for probe in probes if probe in done and (found := probe.result())]


async def is_there(url: str, seconds: float = 2.0) -> bool:
    """Whether anything listens at this address; only for loopback, where no proxy is between. One
    that is too busy to take the call within `seconds` is there."""
    place = urlsplit(url)
    with suppress(TimeoutError, ValueError):
        async with asyncio.timeout(seconds):
            try:
                port = place.port or (443 if place.scheme == "https" else 80)
                _, writer = await asyncio.open_connection(place.hostname, port)
            except OSError:
                return False
            writer.close()
    return True


async def _probe(server: Server) -> FoundServer | None:
    try:
        body = await _get(server.port, "/v1/models")
    except (OSError, ValueError, EOFError):
        return None
    models = usable(model_ids(body))
    return FoundServer(server.name, server.url, tuple(models)) if models else None


async def _get(port: int, path: str) -> bytes:
    """A GET's body. HTTP/1.0, so that the reply is not chunked and ends with the connection.

    Raises `OSError` where nothing listens, `ValueError` or `EOFError` where it is no good reply.
    """
    reader, writer = await asyncio.open_connection(_HOST, port, limit=64_000)
    try:
        head = f"GET {path} HTTP/1.0\r\nHost: {_HOST}:{port}\r\nAccept: application/json\r\n\r\n"
        writer.write(head.encode())
        status = (await reader.readline()).split()
        if len(status) < 2 or not status[0].startswith(b"HTTP/1.") or status[1] != b"200":
            raise ValueError("not a good reply")
        length, chunked = -1, False
        while line := (await reader.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif name.lower() == b"transfer-encoding":
                chunked = value.strip().lower() == b"chunked"
        if chunked:
            return await _chunked(reader)
        if length >= 0:
            return await reader.readexactly(min(length, _MAX_REPLY_BYTES))
        return await _until_closed(reader)
    finally:
        writer.close()


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while len(body) < _MAX_REPLY_BYTES and (chunk := await reader.read(65_536)):
        body += chunk
        if _complete(body):
            break
    return bytes(body)


def _complete(body: bytearray) -> bool:
    """Whether the body is whole JSON: some servers keep the connection open all the same."""
    if not body.rstrip().endswith(b"}"):
        return False
    with suppress(ValueError, RecursionError):
        json.loads(body)
        return True
    return False


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    """A chunked body: not allowed in a reply to HTTP/1.0, and sent by some servers."""
    body = bytearray()
    while size := int((await reader.readline()).split(b";")[0], 16):
        if len(body) + size > _MAX_REPLY_BYTES:
            raise ValueError("too long")
        body += await reader.readexactly(size)
        await reader.readline()
    return bytes(body)


# Addresses of servers and names of models.

_NO_CHAT = re.compile(
    r"embed|rerank|(?:^|[/_-])(?:bge|gte|e5|minilm|all-minilm|whisper|tts|clip|kokoro)(?:[-_:.]|$)",
    re.IGNORECASE,
)


def server_url(text: str) -> str:
    """The base address of the API as people write it: scheme and `/v1` added where left out."""
    text = text.strip()
    parts = urlsplit(text if "://" in text else f"http://{text}")
    path = parts.path.rstrip("/")
    for ending in ("/chat/completions", "/models"):
        path = path.removesuffix(ending)
    return urlunsplit((parts.scheme, parts.netloc, path or "/v1", "", ""))


def usual_server(url: str) -> str:
    """Whose port it is where the address is on this machine; else ""."""
    try:
        host, port = urlsplit(url).hostname, urlsplit(url).port
    except ValueError:
        return ""
    local = host in (_HOST, "localhost")
    return next((each.name for each in SERVERS if local and each.port == port), "")


def model_ids(body: bytes) -> list[str]:
    """The models in a reply of `/v1/models`; empty where it is none."""
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return []
    data = reply.get("data") if isinstance(reply, dict) else None
    if not isinstance(data, list):
        return []
    ids = [entry.get("id") for entry in data if isinstance(entry, dict)]
    return [name for name in ids if isinstance(name, str) and name]


def usable(names: Sequence[str]) -> list[str]:
    """Without models that cannot chat: embeddings, rerankers, speech."""
    return [name for name in names if not _NO_CHAT.search(name)]


def display_name(model: str) -> str:
    """A model's name for the status line: llama.cpp gives the path of a file."""
    name = model.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return (name.removesuffix(".gguf") or model)[:40]
