"""A language model running on this machine is found at once; anything else is left alone."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from assistant.brain.openai.discover import FoundServer, Server, discover
from tests.brain.openai.servers import LoopbackServer, Script, Send, chunk, models, reply, serve

WAIT = 5.0
"""Generous: these tests are about what is found, on machines of any speed."""


def replying(data: bytes) -> Script:
    async def script(request: str, send: Send) -> None:
        assert request == "GET /v1/models"
        await send(data)

    return script


async def found(
    *scripts: Script | None, wait: float = WAIT
) -> tuple[FoundServer | None, list[int]]:
    """What is found where the first script is the most preferred server's; None: not running."""
    async with AsyncExitStack() as stack:
        running: list[LoopbackServer] = []
        for script in scripts:
            server = await stack.enter_async_context(serve(script or replying(b"")))
            running.append(server)
        servers = [Server(f"server {n}", s.port) for n, s in enumerate(running)]
        result = await discover(wait, servers)
        return result, [server.port for server in running]


async def test_nothing_there_finds_nothing() -> None:
    async with serve(replying(b"")) as server:
        pass
    assert await discover(WAIT, [Server("gone", server.port)]) is None


async def test_a_server_with_a_model_is_found() -> None:
    result, (port,) = await found(replying(reply(models("qwen3:4b", "llama3"))))
    assert result == FoundServer("server 0", f"http://127.0.0.1:{port}/v1", ("qwen3:4b", "llama3"))
    assert result.label == "qwen3:4b · server 0"


async def test_embedding_models_do_not_chat() -> None:
    data = models("nomic-embed-text:latest", "text-embedding-3", "BAAI/bge-m3", "gemma3:1b")
    result, _ = await found(replying(reply(data)))
    assert result is not None
    assert result.models == ("gemma3:1b",)


async def test_the_preferred_server_wins_though_it_answers_later() -> None:
    async def late(request: str, send: Send) -> None:
        await asyncio.sleep(0.1)
        await send(reply(models("preferred")))

    result, _ = await found(late, replying(reply(models("other"))))
    assert result is not None
    assert result.model == "preferred"


async def test_a_stuck_server_does_not_hide_another() -> None:
    async def stuck(request: str, send: Send) -> None:
        await asyncio.sleep(60)

    result, _ = await found(stuck, replying(reply(models("other"))), wait=0.5)
    assert result is not None
    assert result.model == "other"


@pytest.mark.parametrize(
    "data",
    [
        reply(b"<html>Welcome to Tomcat</html>", "text/html"),
        reply(b"{}"),
        reply(b'{"data": []}'),
        reply(b'{"data": [{"name": "no id"}, 7, null]}'),
        reply(models("nomic-embed-text")),
        reply(models("m"), status="401 Unauthorized"),
        reply(models("m"), status="302 Found"),
        b"220 smtp.example ESMTP\r\n",
        b"\x00\x01\x02" * 1_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000,
        b"",
    ],
)
async def test_any_other_server_is_no_language_model(data: bytes) -> None:
    result, _ = await found(replying(data))
    assert result is None


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.0 200 OK\r\n\r\n" + models("m"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunk(models("m")[:9])
        + chunk(models("m")[9:])
        + b"0\r\n\r\n",
    ],
    ids=["until closed", "chunked"],
)
async def test_replies_of_every_framing_are_read(data: bytes) -> None:
    result, _ = await found(replying(data))
    assert result is not None
    assert result.model == "m"


async def test_llama_cpp_gives_a_path_and_the_status_line_a_name() -> None:
    result, _ = await found(replying(reply(models("/srv/models/qwen2.5-3b-q4.gguf"))))
    assert result is not None
    assert result.label == "qwen2.5-3b-q4 · server 0"


async def test_at_every_start_only_loopback_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    async def refuse(host: str, port: int, **_: object) -> None:
        asked.append((host, port))
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio, "open_connection", refuse)
    assert await discover() is None
    assert [host for host, _ in asked] == ["127.0.0.1"] * 4
    assert [port for _, port in asked] == [11434, 1234, 8080, 8000]
