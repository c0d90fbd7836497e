"""A language model behind a server: words come as they are made, its failures in plain words."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from assistant.brain.base import LanguageModelError, Message, Question
from assistant.brain.openai.client import MAX_ANSWER_CHARS, OpenAIBrain
from tests.brain.openai.servers import (
    CHUNKED_HEAD,
    STREAM_HEAD,
    Send,
    chunk,
    event,
    models,
    reply,
    serve,
)
from tests.brain.personas import persona

DONE = b"data: [DONE]\n\n"


def question(text: str = "Hello?") -> Question:
    return Question(text=text, persona=persona(), history=[])


async def answer(brain: OpenAIBrain, asked: Question | None = None) -> list[str]:
    try:
        return [piece async for piece in brain.answer(asked or question())]
    finally:
        await brain.close()


def mocked(
    handler: Callable[[httpx.Request], httpx.Response], model: str | None = "m", **options: Any
) -> OpenAIBrain:
    options.setdefault("environment", {})
    transport = httpx.MockTransport(handler)
    return OpenAIBrain("http://127.0.0.1:9/v1", model, transport=transport, **options)


def streaming(body: bytes, **headers: str) -> OpenAIBrain:
    return mocked(lambda _: httpx.Response(200, content=body, headers=headers))


async def failure(brain: OpenAIBrain) -> LanguageModelError:
    with pytest.raises(LanguageModelError) as caught:
        await answer(brain)
    return caught.value


async def test_words_are_passed_on_piece_by_piece() -> None:
    brain = streaming(event("Good ") + event("day.") + event("", finish_reason="stop") + DONE)
    assert await answer(brain) == ["Good ", "day."]


async def test_an_answer_in_a_form_is_asked_for_as_servers_know_it() -> None:
    seen: list[dict[str, Any]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return httpx.Response(200, content=event('{"a"') + event(": 1}") + DONE)

    brain = mocked(handler)
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    asked = [{"role": "user", "content": "How many?"}]
    assert await brain.complete(asked, schema, 20) == '{"a": 1}'
    await brain.close()
    assert seen[0]["messages"] == asked
    assert seen[0]["max_tokens"] == 20
    assert seen[0]["temperature"] == 0
    form = seen[0]["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["schema"] == schema


async def test_the_request_carries_prompt_history_and_settings() -> None:
    seen: list[dict[str, Any]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return httpx.Response(200, content=event("Yes.") + DONE)

    history = [Message("user", "Hi."), Message("assistant", "Ahoy.", "edgar")]
    brain = mocked(handler, temperature=0.2, max_tokens=50, facts=lambda: ["your cat is Tom"])
    await answer(brain, Question(text="More?", persona=persona(), history=history))
    (body,) = seen
    assert (body["model"], body["stream"], body["temperature"], body["max_tokens"]) == (
        "m",
        True,
        0.2,
        50,
    )
    assert [m["role"] for m in body["messages"]] == ["system", "user", "assistant", "user"]
    assert "You are Edgar" in body["messages"][0]["content"]
    assert "your cat is Tom" in body["messages"][0]["content"]


@pytest.mark.parametrize(
    "body",
    [
        (event("Good ") + event("day.") + DONE).replace(b"\n", b"\r\n"),
        b": keep alive\n\n"
        + event("Good ")
        + b": ping\n\nevent: x\nid: 7\n"
        + event("day.")
        + DONE,
        event("Good ") + event("day.", finish_reason="stop"),
        event("Good ") + event("day.") + b"data: [DONE]",
        event("Good ") + b"data: {broken\n\ndata: 17\n\n" + event("day.") + DONE,
        b'data:{"choices":[{"delta":{"content":"Good day."}}]}\n\ndata:[DONE]\n\n',
        json.dumps({"choices": [{"message": {"content": "Good day."}}]}).encode(),
        b'\n {"choices":[{"message":{"content":[{"type":"text","text":"Good day."}]}}]}',
        event("<think>What do they") + event(" want?</thi") + event("nk>\n\nGood day.") + DONE,
        b'data: {"choices":[{"delta":{"reasoning":"Hm"}}]}\n\n' + event("Good day.") + DONE,
        event("Good day.") + DONE + event(" And never this."),
    ],
    ids=[
        "CRLF",
        "comments",
        "no DONE",
        "no last newline",
        "garbage between",
        "no blank after data",
        "not streamed",
        "parts",
        "thinking",
        "reasoning",
        "after DONE",
    ],
)
async def test_servers_that_do_it_their_own_way_are_understood(body: bytes) -> None:
    assert "".join(await answer(streaming(body))) == "Good day."


async def test_invalid_utf8_does_not_end_the_answer() -> None:
    body = event("Good ").replace(b"Good ", b"Go\xff\xfeod ") + event("day.") + DONE
    said = "".join(await answer(streaming(body)))
    assert said.startswith("Go")
    assert said.endswith("day.")


@pytest.mark.parametrize(
    ("response", "kind", "words"),
    [
        (httpx.Response(200, html="<html>Welcome!</html>"), "garbage", "web page"),
        (httpx.Response(200, content=b"data: nonsense\n\n" * 9), "garbage", "nothing that"),
        (httpx.Response(200, content=b'{"choices": []}'), "garbage", "without an answer"),
        (httpx.Response(200, content=b'{"choices": [{"mess'), "garbage", "broken JSON"),
        (
            httpx.Response(200, content=b'{"error":{"message":"out of memory"}}'),
            "error",
            "of memory",
        ),
        (httpx.Response(500, json={"error": {"message": "no GPU"}}), "error", "no GPU"),
        (httpx.Response(500, html="<html>Oops</html>"), "error", "500"),
        (httpx.Response(429, json={"error": "slow down"}), "busy", "slow down"),
        (httpx.Response(200, content=b'data: {"error":{"message":"full"}}\n\n'), "error", "full"),
    ],
)
async def test_a_failure_says_what_and_what_to_do(
    response: httpx.Response, kind: str, words: str
) -> None:
    error = await failure(mocked(lambda _: response))
    assert error.kind == kind
    assert words in error.message
    assert "<" not in error.message
    assert error.remedy


async def test_a_refused_key_is_named_by_its_variable_and_never_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(401, json={"error": {"message": "Incorrect key: s3cret-key"}})

    environment = {"MY_KEY": "s3cret-key"}
    error = await failure(mocked(handler, api_key_env="MY_KEY", environment=environment))
    assert seen == ["Bearer s3cret-key"]
    assert error.kind == "refused"
    assert "MY_KEY" in error.remedy
    assert "s3cret" not in error.message + error.remedy + caplog.text


async def test_without_a_key_none_is_sent() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers
        return httpx.Response(403, json={})

    error = await failure(mocked(handler))
    assert "ASSISTANT_API_KEY" in error.remedy


async def test_an_unknown_model_is_answered_with_those_there_are() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/models"):
            return httpx.Response(200, content=models("qwen3:4b", "nomic-embed-text", "llama3"))
        return httpx.Response(404, json={"error": {"message": "model not found"}})

    error = await failure(mocked(handler, model="gpt-9"))
    assert error.kind == "missing"
    assert "gpt-9" in error.message
    assert "qwen3:4b, llama3" in error.remedy
    assert "nomic" not in error.remedy


async def test_a_wrong_address_is_told_from_a_wrong_model() -> None:
    error = await failure(mocked(lambda _: httpx.Response(404, html="<html>404</html>")))
    assert error.kind == "missing"
    assert "/v1" in error.remedy


async def test_without_a_model_the_servers_first_that_chats_is_taken_once() -> None:
    paths: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        if request.url.path == "/v1/models":
            return httpx.Response(200, content=models("bge-m3", "/models/qwen.gguf", "b"))
        assert json.loads(request.content)["model"] == "/models/qwen.gguf"
        return httpx.Response(200, content=event("Yes.") + DONE)

    brain = mocked(handler, model=None, server="llama.cpp")
    for _ in range(2):
        assert [piece async for piece in brain.answer(question())] == ["Yes."]
    await brain.close()
    assert paths == ["/v1/models", "/v1/chat/completions", "/v1/chat/completions"]
    assert brain.label == "qwen · llama.cpp"


@pytest.mark.parametrize("url", ["", "http://", "http://[::1"])
def test_an_address_that_is_none_is_said_at_once(url: str) -> None:
    with pytest.raises(LanguageModelError, match=r"brain\.url"):
        OpenAIBrain(url)


# --- over a real connection ---------------------------------------------------------------------


async def test_nobody_listening_is_absent() -> None:
    async with serve(_silent) as server:
        pass
    error = await failure(OpenAIBrain(server.url, "m"))
    assert error.kind == "absent"
    assert server.url in error.message


async def _silent(request: str, send: Send) -> None:
    await asyncio.sleep(60)


async def test_a_server_that_says_nothing_is_slow() -> None:
    async with serve(_silent) as server:
        error = await failure(OpenAIBrain(server.url, "m", timeout_s=0.2))
    assert error.kind == "slow"
    assert "brain.timeout_s" in error.remedy


async def test_endless_thinking_without_a_word_is_slow() -> None:
    async def think(request: str, send: Send) -> None:
        await send(STREAM_HEAD + event("<think>"))
        while True:
            await send(event("hm ") + b": alive\n\n")
            await asyncio.sleep(0.01)

    async with serve(think) as server:
        error = await failure(OpenAIBrain(server.url, "m", timeout_s=0.3))
    assert error.kind == "slow"


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_stream_cut_in_the_middle_keeps_what_came(chunked: bool) -> None:
    async def cut(request: str, send: Send) -> None:
        words = event("Once upon a ")
        await send(CHUNKED_HEAD + chunk(words) if chunked else STREAM_HEAD + words)

    async with serve(cut) as server:
        brain = OpenAIBrain(server.url, "m")
        pieces = aiter(brain.answer(question()))
        assert await anext(pieces) == "Once upon a "
        with pytest.raises(LanguageModelError) as caught:
            await anext(pieces)
        await brain.close()
    assert caught.value.kind == "cut"


async def test_a_model_that_falls_silent_is_given_up() -> None:
    async def stall(request: str, send: Send) -> None:
        await send(STREAM_HEAD + event("Well, "))
        await asyncio.sleep(60)

    async with serve(stall) as server:
        error = await failure(OpenAIBrain(server.url, "m", idle_s=0.2))
    assert error.kind == "cut"


@pytest.mark.parametrize("piece", ["blah ", ""], ids=["words", "nothing"])
async def test_many_megabytes_are_ended_at_a_bound(piece: str) -> None:
    async def flood(request: str, send: Send) -> None:
        await send(STREAM_HEAD + event("Ahem. "))
        for _ in range(30):
            await send(event(piece) * (1_000_000 // len(event(piece))))
        await send(DONE)

    async with serve(flood) as server:
        said = "".join(await answer(OpenAIBrain(server.url, "m")))
        await asyncio.wait_for(server.hung_up.wait(), 10)
    assert said.startswith("Ahem.")
    assert len(said) <= MAX_ANSWER_CHARS


async def test_one_line_of_ten_megabytes_does_not_fill_the_memory() -> None:
    async def flood(request: str, send: Send) -> None:
        await send(STREAM_HEAD + b"data: ")
        for _ in range(10):
            await send(b"x" * 1_000_000)

    async with serve(flood) as server:
        error = await failure(OpenAIBrain(server.url, "m"))
    assert error.kind == "garbage"


async def test_an_interrupted_answer_ends_the_request() -> None:
    async def endless(request: str, send: Send) -> None:
        await send(STREAM_HEAD)
        while True:
            await send(event("and so on "))
            await asyncio.sleep(0.005)

    async with serve(endless) as server:
        brain = OpenAIBrain(server.url, "m")
        pieces = brain.answer(question())
        assert await anext(aiter(pieces)) == "and so on "
        await pieces.aclose()  # type: ignore[attr-defined]
        await asyncio.wait_for(server.hung_up.wait(), 10)
        await brain.close()


async def test_a_proxy_of_the_environment_is_not_asked_for_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answers(request: str, send: Send) -> None:
        await send(reply(event("Here.") + DONE, "text/event-stream"))

    async with serve(answers) as server, serve(answers) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert await answer(OpenAIBrain(server.url, "m")) == ["Here."]
        assert server.requests
        assert not proxy.requests
