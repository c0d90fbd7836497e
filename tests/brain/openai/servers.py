"""A real HTTP server on loopback that answers with exactly the bytes a test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Send = Callable[[bytes], Awaitable[None]]
Script = Callable[[str, Send], Awaitable[None]]
"""Gets "POST /v1/chat/completions" and how to send; the connection closes when it returns."""


@dataclass
class LoopbackServer:
    port: int
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client went away before its answer was complete."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@asynccontextmanager
async def serve(script: Script, port: int = 0) -> AsyncIterator[LoopbackServer]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send(data: bytes) -> None:
            if reader.at_eof():
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()

        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in lines)
            body = await reader.readexactly(int(fields.get("content-length", "0")))
            request = " ".join(first.split()[:2])
            server.requests.append((request, fields, body))
            await script(request, send)
        except (ConnectionError, asyncio.IncompleteReadError):
            server.hung_up.set()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    listener = await asyncio.start_server(talk, "127.0.0.1", port)
    server = LoopbackServer(listener.sockets[0].getsockname()[1])
    try:
        yield server
    finally:
        listener.close()


def event(text: str, **choice: object) -> bytes:
    """One streamed piece, as chat servers send it."""
    data = {"choices": [{"index": 0, "delta": {"content": text}, **choice}]}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def reply(body: bytes, kind: str = "application/json", status: str = "200 OK") -> bytes:
    """A whole HTTP response with a length."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
CHUNKED_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def models(*names: str) -> bytes:
    return json.dumps({"object": "list", "data": [{"id": name} for name in names]}).encode()
