"""A stand-in for a language model's server, in a process of its own: OpenAI's protocol, streamed at
a steady pace. It ends with its standard input, so that it outlives nobody.

    python -m benchmarks.first_word.stand_in SEED      prints its port
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

from benchmarks.first_word.answers import invented

MODEL = "stand-in-8b"
FIRST_TOKEN = 0.12
"""Seconds from a request to its first token: a prompt that was cached, on a small GPU."""
TOKENS_A_SECOND = 40.0
_TOKEN = re.compile(r"\s*(?:\w{1,7}|[^\w\s])")
_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nConnection: close\r\n\r\n"


class StandIn:
    """Answers every question with the next of `answers`."""

    def __init__(self, answers: Iterator[str]) -> None:
        self._answers = answers

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = re.search(r"content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            if "/chat/completions " in head:
                await self._answer(writer)
            else:
                models = {"object": "list", "data": [{"id": MODEL}]}
                writer.write((_HEAD.format("application/json") + json.dumps(models)).encode())
                await writer.drain()
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        writer.write(_HEAD.format("text/event-stream").encode())
        due = loop.time() + FIRST_TOKEN
        for token in _TOKEN.findall(next(self._answers)):
            await asyncio.sleep(due - loop.time())
            due += 1 / TOKENS_A_SECOND
            data = {"choices": [{"index": 0, "delta": {"content": token}}]}
            writer.write(f"data: {json.dumps(data)}\n\n".encode())
            await writer.drain()
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()


@asynccontextmanager
async def running(seed: int) -> AsyncIterator[str]:
    """The server's address, with its `/v1`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.first_word.stand_in", str(seed)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.stdin.close()
        await process.wait()


async def _serve(seed: int) -> None:
    server = await asyncio.start_server(StandIn(invented(seed)).talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
