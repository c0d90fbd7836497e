"""Our server while a client, or somebody without the token, does what no honest one would."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("websockets", reason="the server needs websockets")
pytest.importorskip("sphn", reason="the server needs sphn")

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from assistant.backends.server import protocol
from assistant.serving.connection_limits import Limits
from assistant.serving.settings import (
    ServeError,
    ServeSettings,
    check_exposure,
    token_from,
)
from tests.serving.conftest import LOUD, SILENT, Running, serving, stranger, until

TURN = [*[LOUD] * 10, *[SILENT] * 30]
TOKEN = "a-token-of-some-length"
UPGRADE = (
    b"GET /api/chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n"
)


@contextlib.asynccontextmanager
async def callers(running: Running, count: int, first: bytes = b"") -> AsyncIterator[list]:  # type: ignore[type-arg]
    calls = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", running.server.port)
        writer.write(first)
        calls.append((reader, writer))
    try:
        yield calls
    finally:
        for _, writer in calls:
            writer.close()


async def told(running: Running, request: bytes) -> bytes:
    """All that the server answers before it hangs up."""
    async with callers(running, 1, request) as [(reader, _)]:
        async with asyncio.timeout(10):
            return bytes(await reader.read())


async def talks(running: Running, **options: object) -> None:
    """A whole turn works."""
    async with stranger(running.url, **options) as client:  # type: ignore[arg-type]
        await until(lambda: client.talks)
        for frame in TURN:
            await client.send(frame)
        await until(lambda: "echo" in client.text)


@pytest.mark.parametrize("first", [b"", b"G", UPGRADE])
async def test_hundreds_who_say_nothing_keep_nobody_out(first: bytes) -> None:
    async with serving(limits=Limits(total=40, each=20)) as running, callers(running, 150, first):
        await talks(running)
        assert len(running.server.connections) <= 21


async def test_who_does_not_come_to_the_point_is_hung_up_on() -> None:
    async with serving(limits=Limits(stranger=0.3)) as running:
        for first in (b"", UPGRADE):
            await told(running, first)
        head = iter(UPGRADE * 1000)
        async with callers(running, 1) as [(reader, writer)]:
            with contextlib.suppress(ConnectionError):
                while not reader.at_eof():
                    writer.write(bytes((next(head),)))
                    await writer.drain()
                    await asyncio.sleep(0.02)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.001):
                            await reader.read(1)
        await talks(running)


@pytest.mark.parametrize(
    "lines",
    [
        [f"Authorization: Bearer {TOKEN}"] * 2,
        [f"Authorization: Bearer {TOKEN}", "Authorization: Bearer no"],
        [f"Authorization: Bearer {TOKEN}", "Host: evil.example"],
        [f"Authorization: Bearer {TOKEN}", "Origin: null", "Origin: null"],
        [f"Authorization: Bearer {TOKEN}", *["Assistant-Moshi: 1"] * 2],
        [f"Authorization: Bearer {TOKEN}", "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg=="],
    ],
)
async def test_a_header_that_stands_twice_is_refused(lines: list[str]) -> None:
    async with serving(token=TOKEN) as running:
        request = UPGRADE + "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
        assert (await told(running, request)).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "value", [b"Bearer \xff\xfe", b"Bearer \xc3\xa9", b"", b"Bearer", b"Basic x", TOKEN.encode()]
)
async def test_a_token_that_is_no_text_is_a_wrong_one(value: bytes) -> None:
    async with serving(token=TOKEN) as running:
        request = UPGRADE + b"Authorization: " + value + b"\r\n\r\n"
        assert (await told(running, request)).startswith(b"HTTP/1.1 401")
        asked = UPGRADE.replace(b"chat", b"chat?token=" + TOKEN.encode()) + b"\r\n"
        assert (await told(running, asked)).startswith(b"HTTP/1.1 401")


async def test_the_token_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="assistant")
    caplog.set_level(logging.ERROR, logger="websockets")  # our client's
    async with serving(token=TOKEN) as running:
        await talks(running, headers={"Authorization": f"Bearer {TOKEN}"})
        with pytest.raises(InvalidStatus):
            await connect(running.url + f"?token={TOKEN}")
    assert TOKEN not in caplog.text
    assert TOKEN not in "\n".join(running.told)


async def test_strangers_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as running:
        for _ in range(20):
            async with callers(running, 1, b"GET / HT"):
                pass
        await talks(running)
    assert "Traceback" not in caplog.text


async def test_a_flood_of_personas_and_sayings_breaks_nothing() -> None:
    async with serving() as running:
        async with stranger(running.url, own=True) as client:
            await until(lambda: client.talks)
            pid = running.process.pid
            for number in range(500):
                await client.ask(persona=protocol.PersonaRequest(text="p" * 1_000))
                await client.ask(say=protocol.SayRequest(number, "word " * 20, True))
            await client.ask(interrupt=True)
            for frame in TURN:
                await client.send(frame)
            await until(lambda: "echo" in client.text)
            assert (running.process.pid, running.process.restarts) == (pid, 0)
        await talks(running)


async def test_what_is_too_much_to_say_is_left_out_and_told() -> None:
    async with serving() as running, stranger(running.url, own=True) as client:
        await until(lambda: client.talks)
        pid = running.process.pid
        for _ in range(60):
            await client.ask(say=protocol.SayRequest(1, "a " * 8_000, False, 0.0))
        await until(lambda: any(r.notice for r in client.reports))
        await client.ask(say=protocol.SayRequest(1, "", True))
        await client.ask(interrupt=True)
        for frame in TURN:
            await client.send(frame)
        await until(lambda: "echo" in client.text)
        assert (running.process.pid, running.process.restarts) == (pid, 0)


@pytest.mark.parametrize(
    "asked",
    [
        '{"say": {"utterance": 99999999999999999999999999, "text": "a", "final": true}}',
        '{"say": {"utterance": -1, "text": "a", "final": true}}',
        '{"say": {"utterance": 9007199254740991, "text": "\\ud800 \\udfff", "final": true}}',
        '{"say": {"utterance": 1, "text": "a", "final": true, "rate": 1e308}}',
        '{"say": {"utterance": 1, "text": "a", "final": true, "rate": 1e999}}',
        '{"say": {"utterance": 1, "text": "a", "final": true, "rate": -0.0}}',
        '{"persona": {"text": "\\udfff", "name": "\\u0000", "slug": "\\ud8ff"}}',
        '{"persona": {"temperature": -1e308, "text_temperature": 1e308}}',
        '{"inject": "\\ud83d"}',
        '{"interrupt": true, "interrupt": true, "persona": null, "inject": null}',
    ],
)
async def test_what_is_odd_in_a_request_reaches_nobody_else(asked: str) -> None:
    async with serving() as running, stranger(running.url, own=True) as client:
        await until(lambda: client.talks)
        pid = running.process.pid
        for _ in range(3):
            await client.socket.send(b"\x04" + asked.encode())
        json.loads(asked)
        for frame in [*[SILENT] * 10, *TURN]:
            await client.send(frame)
        await until(lambda: "echo" in client.text)
        assert (running.process.pid, running.process.restarts) == (pid, 0)


def test_a_token_that_can_be_found_by_trying_is_refused_where_others_can_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ServeError, match="16") as refused:
        check_exposure(ServeSettings(host="0.0.0.0", token="fifteen-letters"))
    assert "secrets.token_urlsafe(24)" in refused.value.remedy
    check_exposure(ServeSettings(host="::1", token="short"))
    check_exposure(ServeSettings(host="0.0.0.0", token="sixteen-letters-"))
    monkeypatch.setenv("A_TOKEN", "пароль-длинный-и-странный")
    with pytest.raises(ServeError, match="no header can carry"):
        token_from("A_TOKEN")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += " -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "cert.pem"


async def test_a_tls_handshake_that_never_ends_keeps_nobody_out(certificate: Path) -> None:
    key = certificate.with_name("key.pem")
    limits = Limits(total=40, each=20, stranger=2.0)
    async with serving(certificate=certificate, key=key, limits=limits) as running:
        for first in (b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
            async with callers(running, 60, first) as calls:
                trust = ssl.create_default_context(cafile=certificate)
                await talks(running, ssl=trust)
                async with asyncio.timeout(10):
                    with contextlib.suppress(ConnectionError):
                        await calls[-1][0].read()
