"""The server while somebody without the token, or a client of bad will, does what no honest one
would."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.serving.api import speech
from assistant.serving.api.errors import ApiError
from assistant.serving.connection_limits import Limits
from tests.serving.api.served import TOKEN, Served, openai, serving

PATHS = ("/models", "/audio/voices", "/audio/speech", "/audio/transcriptions", "/nowhere")


def error_of(answer: httpx.Response) -> dict[str, object]:
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, object] = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return error


async def test_without_the_token_nothing_is_done(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url) as web:
        for header in ("", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
            for path in PATHS:
                answer = await web.post(path, headers={"Authorization": header}, content=b"{}")
                assert answer.status_code == 401
                assert error_of(answer)["type"] == "authentication_error"
    stranger = openai.AsyncOpenAI(base_url=served.url, api_key="wrong", max_retries=0)
    async with stranger:
        with pytest.raises(openai.AuthenticationError, match="token"):
            await stranger.models.list()
    assert served.process.sent == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_names_that_were_pointed_here_and_web_pages_are_refused(
    served: Served, headers: dict[str, str], status: int
) -> None:
    async with served.web as web:
        answer = await web.get("/audio/voices", headers=headers)
    assert answer.status_code == status
    error_of(answer)


async def test_what_there_is_not_is_told_in_the_same_form(served: Served) -> None:
    async with served.web as web:
        assert error_of(await web.get("/nowhere"))["type"] == "not_found_error"
        assert (await web.get("/audio/speech")).status_code == 405
        assert error_of(await web.get("/audio/speech"))["type"] == "invalid_request_error"
        assert (await web.get("/../etc/passwd")).status_code == 404


async def told(served: Served, length: int, body: bytes) -> bytes:
    """What is answered to a request that announces so much and sends so little."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(served.url).port)
    head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
    writer.write(f"{head}Authorization: Bearer {TOKEN}\r\n\r\n".encode() + body)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    async with served.web as web:
        assert (await web.get("/models")).status_code == 200
    return bytes(answer)


async def test_a_body_that_does_not_come_keeps_nobody_waiting(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "_BODY_SECONDS", 0.3)
    answer = await told(served, 100, b'{"input": ')
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"error"' in answer


async def test_a_body_without_an_end_is_not_waited_for(served: Served) -> None:
    assert (await told(served, 10**12, b"a")).startswith(b"HTTP/1.1 413")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"a" * 10_000

    async with served.web as web:
        with contextlib.suppress(httpx.TransportError):  # hung up on while it was sending
            assert (await web.post("/audio/speech", content=endless())).status_code == 413
        assert (await web.get("/models")).status_code == 200


async def test_hundreds_who_say_nothing_keep_nobody_out() -> None:
    async with serving(limits=Limits(total=40, each=20)) as served:
        port = httpx.URL(served.url).port
        calls = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
        async with served.web as web:
            assert (await web.get("/models")).status_code == 200
        for _, writer in calls:
            writer.close()


async def test_the_token_is_in_no_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "assistant")
    caplog.set_level(logging.DEBUG, "uvicorn")
    async with served.web as web:
        await web.post("/audio/speech", content=b'{"input": 5}')
        await web.get("/nowhere")
    ours = [r.getMessage() for r in caplog.records if r.name.startswith(("assistant", "uvicorn"))]
    assert not any(TOKEN in line for line in ours)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
_FIELDS = ("input", "voice", "speed", "response_format", "instructions", "stream_format", "model")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(_FIELDS), _json, min_size=1))
def test_whatever_is_asked_is_done_or_refused(wanted: dict[str, object]) -> None:
    try:
        request = speech._read(json.dumps(wanted).encode("utf-8", "surrogatepass"))
    except ApiError as refused:
        status = refused.status
    else:
        status = 200 if request.input.strip() else 500
    assert status in (200, 400)
