"""Servers want to be asked in their own way: tools, bounds, roles, contexts, rests. Real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from assistant.brain.base import LanguageModelError, Message, Piece, Question, TakenBack, Waiting
from assistant.brain.openai.capabilities import CapabilitiesCache, ModelCapabilities
from assistant.brain.openai.client import OpenAIBrain
from assistant.brain.openai.reading import Patience, retry_after
from assistant.calls.parser import Malformed, ToolCall
from tests.brain.openai.servers import STREAM_HEAD, LoopbackServer, Send, event, reply, serve
from tests.brain.personas import persona

DONE = b"data: [DONE]\n\n"
TOOL = {
    "name": "set_volume",
    "description": "Louder or softer.",
    "parameters": {"type": "object", "properties": {"percent": {"type": "integer"}}},
}


def question(text: str = "Hello?", **more: Any) -> Question:
    return Question(text, persona(), more.pop("history", []), **more)


async def ask(brain: OpenAIBrain, asked: Question | None = None) -> list[Piece]:
    """The pieces of an answer, but for the signs of life."""
    pieces = [piece async for piece in brain.answer(asked or question())]
    return [piece for piece in pieces if not isinstance(piece, Waiting)]


def words(pieces: list[Piece]) -> str:
    text = ""
    for piece in pieces:
        text = "" if isinstance(piece, TakenBack) else text + (piece if piece is str(piece) else "")
    return text


def delta(finish: str | None = None, **delta: Any) -> bytes:
    data = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def bodies(server: LoopbackServer) -> list[dict[str, Any]]:
    return [json.loads(body) for request, _, body in server.requests if body]


Answer = bytes | Callable[[dict[str, Any]], bytes]


def answering(*answers: Answer) -> Any:
    """A server that gives these one after the other, the last one for ever; bytes without a head
    are a stream."""
    given = iter(answers)
    last: list[Answer] = []

    async def script(request: str, send: Send) -> None:
        if answer := next(given, None):
            last[:] = [answer]
        content = last[0]
        data = content if isinstance(content, bytes) else content({})
        await send(data if data.startswith(b"HTTP/") else STREAM_HEAD + data)

    return serve(script)


def refusal(status: str, message: str, *headers: str) -> bytes:
    body = json.dumps({"error": {"message": message}}).encode()
    whole = reply(body, status=status)
    return whole.replace(b"\r\n", "".join(f"\r\n{h}" for h in headers).encode() + b"\r\n", 1)


FINE = event("Good day.", finish_reason="stop") + DONE


# --- adapting ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "complaint", "changed"),
    [
        (
            "400 Bad Request",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
            lambda body: "max_tokens" not in body and body["max_completion_tokens"] == 300,
        ),
        (
            "400 Bad Request",
            "Unsupported value: 'temperature' does not support 0.7 with this model. Only the "
            "default (1) value is supported.",
            lambda body: "temperature" not in body,
        ),
        (
            "400 Bad Request",
            "System role not supported",
            lambda body: body["messages"][0]["role"] == "user",
        ),
        (
            "500 Internal Server Error",
            "Jinja Exception: Conversation roles must alternate user/assistant/user/assistant/...",
            lambda body: body["messages"][0]["role"] == "user",
        ),
        (
            "400 Bad Request",
            "registry.ollama.ai/library/gemma3:4b does not support tools",
            lambda body: "tools" not in body and "TOOL_CALL:" in body["messages"][0]["content"],
        ),
        (
            "500 Internal Server Error",
            "tools param requires --jinja flag",
            lambda body: "tools" not in body and "TOOL_CALL:" in body["messages"][0]["content"],
        ),
        (
            "400 Bad Request",
            "the request exceeds the available context size, try increasing it",
            lambda body: len(body["messages"]) < 8,
        ),
        (
            "400 Bad Request",
            "This model's maximum context length is 4096 tokens. However, you requested 9000.",
            lambda body: len(body["messages"]) < 8,
        ),
        ("413 Payload Too Large", "", lambda body: len(body["messages"]) < 8),
        ("422 Unprocessable", "stream: unsupported", lambda body: body["stream"] is False),
    ],
)
async def test_a_server_is_asked_as_it_wants_to_be_and_that_is_remembered(
    status: str, complaint: str, changed: Callable[[dict[str, Any]], bool]
) -> None:
    history = [Message("user" if n % 2 else "assistant", f"line {n}", "edgar") for n in range(10)]
    asked = question(history=history, tools=[TOOL])
    async with answering(refusal(status, complaint), FINE) as server:
        brain = OpenAIBrain(server.url, "m")
        assert words(await ask(brain, asked)) == "Good day."
        assert words(await ask(brain, asked)) == "Good day."
        await brain.close()
    first, second, third = bodies(server)
    assert not changed(first)
    assert changed(second)
    assert changed(third), "it is not found out again"
    assert "Hello?" in second["messages"][-1]["content"], "the question itself is never dropped"


async def test_a_complaint_in_the_stream_is_one_too() -> None:
    said = b'data: {"error": {"message": "context length exceeded"}}\n\n'
    history = [Message("user", "x", "edgar")] * 10
    async with answering(said, FINE) as server:
        brain = OpenAIBrain(server.url, "m")
        assert words(await ask(brain, question(history=history))) == "Good day."
        await brain.close()


async def test_several_wishes_of_one_server_are_all_granted() -> None:
    complaints = [
        refusal("400 Bad", "System role not supported"),
        refusal("400 Bad", "this model does not support tools"),
        refusal("400 Bad", "max_tokens is unsupported, use max_completion_tokens"),
    ]
    async with answering(*complaints, FINE) as server:
        brain = OpenAIBrain(server.url, "m")
        assert words(await ask(brain, question(tools=[TOOL]))) == "Good day."
        await brain.close()
    assert len(server.requests) == 4


async def test_a_complaint_that_stays_is_told_and_ends() -> None:
    async with answering(refusal("400 Bad", "System role not supported")) as server:
        brain = OpenAIBrain(server.url, "m")
        with pytest.raises(LanguageModelError, match="System role"):
            await ask(brain)
        await brain.close()
    assert len(server.requests) == 2


async def test_a_context_too_small_for_anything_is_told_with_a_remedy() -> None:
    async with answering(refusal("400 Bad", "maximum context length is 16 tokens")) as server:
        brain = OpenAIBrain(server.url, "m")
        with pytest.raises(LanguageModelError) as caught:
            await ask(brain)
        await brain.close()
    assert "longer context" in caught.value.remedy
    assert len(server.requests) < 6


async def test_a_pasted_text_that_was_too_long_costs_later_questions_nothing() -> None:
    history = [Message("user" if n % 2 else "assistant", f"line {n}", "edgar") for n in range(10)]
    too_long = refusal("400 Bad", "the request exceeds the available context size")
    async with answering(too_long, FINE) as server:
        brain = OpenAIBrain(server.url, "m")
        pasted = "word " * 20_000
        assert words(await ask(brain, question(pasted, history=history))) == "Good day."
        assert words(await ask(brain, question(history=history))) == "Good day."
        await brain.close()
    first, second, third = bodies(server)
    assert all(pasted.strip() in body["messages"][-1]["content"] for body in (first, second))
    assert len(second["messages"]) < len(first["messages"]) == len(third["messages"])


async def test_a_form_that_is_not_known_is_not_asked_for() -> None:
    unknown = refusal("400 Bad", "response_format is not supported")
    async with answering(unknown, event("{}", finish_reason="stop") + DONE) as server:
        brain = OpenAIBrain(server.url, "m")
        assert await brain.complete([{"role": "user", "content": "x"}], {}, 20) == "{}"
        await brain.close()
    assert "response_format" not in bodies(server)[1]


async def test_reasoning_is_no_part_of_a_form_that_was_asked_for() -> None:
    answer = event("I shall write it.") + event('</think>{"a"') + event(": 1}") + DONE
    async with answering(answer) as server:
        brain = OpenAIBrain(server.url, "m")
        assert await brain.complete([{"role": "user", "content": "x"}], {}, 20) == '{"a": 1}'
        await brain.close()


# --- traits ------------------------------------------------------------------------------------


def test_traits_are_kept_over_a_restart_by_server_and_model(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "models.json"
    CapabilitiesCache(file).learn(
        "http://u:secret@a/v1", "m", ModelCapabilities(tools="spelled", unopened=True)
    )
    again = CapabilitiesCache(file)
    assert again.of("http://u:secret@a/v1", "m") == ModelCapabilities(
        tools="spelled", unopened=True
    )
    assert again.of("http://u:secret@a/v1", "n") == ModelCapabilities()
    assert "secret" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"x": 1}',
        '{"x": {"learned": "y"}}',
        '{"x": {"learned": 9e99, "tools": 3}}',
        "\udce9",
    ],
)
def test_a_file_of_traits_that_is_none_is_no_trouble(tmp_path: Path, content: str) -> None:
    file = tmp_path / "models.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    book = CapabilitiesCache(file)
    assert book.of("a", "m") == ModelCapabilities()
    book.learn("a", "m", ModelCapabilities(system_role=False))
    assert CapabilitiesCache(file).of("a", "m") == ModelCapabilities(system_role=False)


def test_traits_that_cannot_be_kept_are_known_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    book = CapabilitiesCache(tmp_path / "file" / "models.json")
    book.learn("a", "m", ModelCapabilities(system_role=False))
    assert book.of("a", "m") == ModelCapabilities(system_role=False)


# --- reasoning that is not opened ---------------------------------------------------------------


async def test_reasoning_that_was_never_opened_is_not_said_and_remembered() -> None:
    answer = event("The user greets me. ") + event("So I greet.") + event("</think>\n\nGood day.")
    async with answering(answer + DONE) as server:
        book = CapabilitiesCache()
        brain = OpenAIBrain(server.url, "m", traits=book)
        assert await ask(brain) == ["Good day."]
        assert book.of(server.url, "m").unopened is True
        await brain.close()


async def test_words_that_were_said_already_are_taken_back() -> None:
    async def slowly(request: str, send: Send) -> None:
        await send(STREAM_HEAD + event("Greetings are called for. "))
        await asyncio.sleep(0.3)
        await send(event("</think>Good day.", finish_reason="stop") + DONE)

    async with serve(slowly) as server:
        brain = OpenAIBrain(server.url, "m", hold_s=0.05)
        assert await ask(brain) == ["Greetings are called for. ", TakenBack(), "Good day."]
        assert await ask(brain) == ["Good day."], "the second time it is known"
        await brain.close()


async def test_a_model_that_is_known_to_begin_with_words_is_not_waited_for() -> None:
    more = asyncio.Event()

    async def slowly(request: str, send: Send) -> None:
        await send(STREAM_HEAD + event("Let me see. "))
        await more.wait()
        await send(event("Yes.", finish_reason="stop") + DONE)

    async with serve(slowly) as server:
        book = CapabilitiesCache()
        book.learn(server.url, "m", ModelCapabilities(unopened=False))
        brain = OpenAIBrain(server.url, "m", traits=book, hold_s=60)
        pieces = aiter(brain.answer(question()))
        assert await anext(pieces) == "Let me see. "
        more.set()
        assert [piece async for piece in pieces] == ["Yes."]
        await brain.close()


@pytest.mark.parametrize(
    "thought",
    [
        {"reasoning": "They greet."},
        {"reasoning_content": "They greet."},
        {"thinking": "They greet."},
        {"thinking": [{"type": "text", "text": "They greet."}]},
        {"reasoning": {"text": "They greet."}},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "They greet."}]}]},
        {"content": [{"type": "reasoning", "text": "They greet."}]},
        {"content": "<think>They greet.</think>"},
        {"content": "They greet.", "thought": True},
    ],
)
async def test_reasoning_in_a_field_of_its_own_is_only_logged(
    thought: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "assistant.brain")
    answer = delta(role="assistant", **{"content": "", **thought}) + FINE
    async with answering(answer) as server:
        brain = OpenAIBrain(server.url, "m")
        assert words(await ask(brain)) == "Good day."
        await brain.close()
    assert "They greet." in caplog.text


# --- calls -------------------------------------------------------------------------------------


def call_delta(**call: Any) -> bytes:
    return delta(tool_calls=[call])


def function(arguments: Any, name: str | None = "set_volume") -> dict[str, Any]:
    return {"arguments": arguments, **({} if name is None else {"name": name})}


END = delta("tool_calls") + DONE
VOLUME = {"percent": 40}


@pytest.mark.parametrize(
    "stream",
    [
        call_delta(index=0, id="a1", type="function", function=function(""))
        + call_delta(index=0, function=function('{"perc', None))
        + call_delta(index=0, function=function('ent": 40}', None))
        + END,
        call_delta(index=0, id="a1", function=function('{"percent": 40}')) + END,
        call_delta(index=0, id="a1", function=function(VOLUME)) + END,
        call_delta(id="a1", function=function('{"percent"'))
        + call_delta(function=function(": 40}", None))
        + END,
        call_delta(index=0, id="a1", function=function('{"percent"'))
        + call_delta(index=0, id="a1", function=function(": 40}"))
        + END,
        call_delta(index=0, id="a1", function=function("", "set_"))
        + call_delta(index=0, function=function('{"percent": 40}', "volume"))
        + END,
        delta("tool_calls", tool_calls=[{"id": "a1", "function": function('{"percent": 40}')}]),
        json.dumps(
            {"choices": [{"message": {"tool_calls": [{"id": "a1", "function": function(VOLUME)}]}}]}
        ).encode(),
    ],
    ids=[
        "pieces",
        "whole",
        "object",
        "no index",
        "repeated",
        "name in pieces",
        "one",
        "unstreamed",
    ],
)
async def test_a_call_by_the_servers_protocol_is_put_together(stream: bytes) -> None:
    async with answering(stream) as server:
        brain = OpenAIBrain(server.url, "m")
        assert await ask(brain, question(tools=[TOOL])) == [ToolCall("set_volume", VOLUME, "a1")]
        await brain.close()
    (body,) = bodies(server)
    assert body["tools"] == [{"type": "function", "function": TOOL}]
    assert "TOOL_CALL:" not in body["messages"][0]["content"]


async def test_the_older_function_call_is_understood_and_gets_an_id() -> None:
    stream = delta(function_call={"name": "set_volume", "arguments": ""})
    stream += delta(function_call={"arguments": '{"percent": 40}'}) + delta("function_call") + DONE
    async with answering(stream) as server:
        brain = OpenAIBrain(server.url, "m")
        (call,) = await ask(brain)
        await brain.close()
    assert isinstance(call, ToolCall)
    assert (call.name, call.arguments) == ("set_volume", VOLUME)
    assert len(call.id) == 9
    assert call.id.isalnum()


@pytest.mark.parametrize("same_index", [True, False])
async def test_several_calls_are_told_apart(same_index: bool) -> None:
    stream = b"".join(
        call_delta(
            index=0 if same_index else n, id=f"id{n}", function=function(f'{{"percent": {n}}}')
        )
        for n in range(3)
    )
    async with answering(delta(content="So be it. ") + stream + END) as server:
        brain = OpenAIBrain(server.url, "m")
        pieces = await ask(brain)
        await brain.close()
    calls = [piece for piece in pieces if isinstance(piece, ToolCall)]
    assert [(call.id, call.arguments) for call in calls] == [
        (f"id{n}", {"percent": n}) for n in range(3)
    ]
    assert words(pieces) == "So be it. "


@pytest.mark.parametrize("arguments", ['{"percent": ', "[1]", "{'percent': 40}", '{"a": NaN}'])
async def test_a_call_with_broken_arguments_is_told_to_the_model(arguments: str) -> None:
    async with answering(call_delta(index=0, function=function(arguments)) + END) as server:
        brain = OpenAIBrain(server.url, "m")
        (item,) = await ask(brain)
        await brain.close()
    assert isinstance(item, Malformed)
    assert "set_volume" in item.reason


async def test_half_a_call_of_a_broken_connection_is_not_made() -> None:
    stream = event("Well, ") + call_delta(index=0, function=function('{"percent": 4'))
    async with answering(stream) as server:
        brain = OpenAIBrain(server.url, "m")
        pieces = aiter(brain.answer(question()))
        assert await anext(pieces) == "Well, "
        with pytest.raises(LanguageModelError):
            await anext(pieces)
        await brain.close()


async def test_results_go_back_by_the_same_protocol() -> None:
    calls = (ToolCall("set_volume", VOLUME, "a1"),)
    history = [
        Message("user", "Softer.", "edgar"),
        Message("assistant", "", "edgar", calls=calls),
        Message("tool", "set_volume → 40", "edgar", call_id="a1"),
    ]
    refused = refusal("400 Bad", "this model does not support tools")
    async with answering(FINE, refused, FINE) as server:
        for _ in range(2):
            brain = OpenAIBrain(server.url, "m")
            await ask(brain, question("", history=history, tools=[TOOL]))
            await brain.close()
    native, _, spelled = bodies(server)
    assert native["messages"][-2]["tool_calls"][0]["function"] == {
        "name": "set_volume",
        "arguments": '{"percent": 40}',
    }
    assert native["messages"][-1] == {
        "role": "tool",
        "tool_call_id": "a1",
        "content": "set_volume → 40",
    }
    assert spelled["messages"][-2]["content"].strip().startswith("TOOL_CALL: {")
    assert spelled["messages"][-1]["content"] == "TOOL_RESULT: set_volume → 40"


# --- patience ----------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_signs_of_life_extend_patience_within_a_bound() -> None:
    clock = Clock()
    patience = Patience(30, clock)
    clock.now = 29
    assert patience.left == 1
    patience.sign()
    assert patience.left == 30
    for _ in range(100):
        clock.now += 20
        patience.sign()
    assert patience.left == 0, "an endless thought is ended"


@pytest.mark.parametrize(
    "sign",
    [
        delta(reasoning="Hm."),
        delta(content=""),
        delta(role="assistant"),
        b": keep-alive\n\n",
        b": OPENROUTER PROCESSING\n\n",
        b"\n",
        b'data: {"prompt_progress": {"total": 9, "processed": 3}}\n\n',
        event("Hm."),
    ],
)
async def test_who_shows_signs_of_life_is_waited_for(sign: bytes) -> None:
    async def thinks(request: str, send: Send) -> None:
        await send(STREAM_HEAD + event("<think>"))
        for _ in range(20):
            await send(sign)
            await asyncio.sleep(0.08)
        await send(event("</think>") + FINE)

    async with serve(thinks) as server:
        brain = OpenAIBrain(server.url, "m", timeout_s=0.5)
        pieces = [piece async for piece in brain.answer(question())]
        await brain.close()
    assert [piece for piece in pieces if isinstance(piece, Waiting)], "and that is told"
    assert words(pieces) == "Good day."


async def test_silence_is_not_waited_for_longer() -> None:
    async def dozes(request: str, send: Send) -> None:
        await send(STREAM_HEAD + b": keep-alive\n\n")
        await asyncio.sleep(60)

    async with serve(dozes) as server:
        brain = OpenAIBrain(server.url, "m", timeout_s=0.3)
        with pytest.raises(LanguageModelError) as caught:
            await asyncio.wait_for(ask(brain), 20)
        await brain.close()
    assert caught.value.kind == "slow"


async def test_a_model_that_is_being_loaded_is_waited_for_and_told() -> None:
    loading = refusal("503 Service Unavailable", "Loading model", "Retry-After: 0")
    async with answering(loading, loading, loading, FINE) as server:
        brain = OpenAIBrain(server.url, "m")
        pieces = [piece async for piece in brain.answer(question())]
        await brain.close()
    waits = [piece for piece in pieces if isinstance(piece, Waiting)]
    assert {wait.doing for wait in waits} == {"loading"}
    assert words(pieces) == "Good day."


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize("after", ["0", "0.2", "date"])
async def test_a_busy_server_is_asked_again_when_it_says_and_that_is_told(
    status: str, after: str
) -> None:
    header = formatdate(usegmt=True) if after == "date" else after
    busy = refusal(status, "slow down", f"Retry-After: {header}")
    async with answering(busy, FINE) as server:
        brain = OpenAIBrain(server.url, "m")
        pieces = [piece async for piece in brain.answer(question())]
        await brain.close()
    (wait,) = [piece for piece in pieces if isinstance(piece, Waiting)]
    assert "slow down" in wait.notice
    assert words(pieces) == "Good day."


async def test_a_server_that_wants_an_hour_of_rest_is_not_waited_for() -> None:
    busy = refusal("429 Too Many Requests", "quota", "Retry-After: 7200")
    async with answering(busy) as server:
        brain = OpenAIBrain(server.url, "m")
        with pytest.raises(LanguageModelError) as caught:
            await asyncio.wait_for(ask(brain), 10)
        await brain.close()
    assert caught.value.kind == "busy"
    assert "2 hours" in caught.value.remedy
    assert len(server.requests) == 1


async def test_a_server_that_stays_busy_is_given_up() -> None:
    busy = refusal("429 Too Many Requests", "slow down", "Retry-After: 0")
    async with answering(busy) as server:
        brain = OpenAIBrain(server.url, "m")
        with pytest.raises(LanguageModelError, match="too busy"):
            await ask(brain)
        await brain.close()
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0),
        (" 0.5 ", 0.5),
        ("-3", 0.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("Thu, 01 Jan 99999 00:00:00 GMT", None),
        (None, None),
    ],
)
def test_the_rest_that_is_asked_for_is_read(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, 10.0) == seconds


async def test_waiting_can_be_interrupted() -> None:
    busy = refusal("429 Too Many Requests", "slow down", "Retry-After: 15")
    async with answering(busy) as server:
        brain = OpenAIBrain(server.url, "m")
        pieces = aiter(brain.answer(question()))
        assert isinstance(await anext(pieces), Waiting)
        task = asyncio.ensure_future(anext(pieces))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 5)
        await brain.close()


SMALL = ModelCapabilities(small=True)


async def test_a_small_model_gets_no_tools_and_is_told_where_to_stop() -> None:
    traits = CapabilitiesCache()
    async with answering(event("Aye.") + DONE) as server:
        brain = OpenAIBrain(server.url, "m", traits=traits)
        traits.learn(brain.url, "m", SMALL)
        assert words(await ask(brain, question(tools=[TOOL]))) == "Aye."
        await brain.close()
    (body,) = bodies(server)
    assert "tools" not in body
    assert "set_volume" not in str(body)
    assert "\nUser:" in body["stop"]
    assert "\nEdgar:" in body["stop"]
    assert len(body["stop"]) <= 4, "more are refused by some servers"
    assert len(body["messages"]) > 2, "it is shown how its persona speaks"


async def test_a_server_without_stop_words_is_asked_without_them() -> None:
    traits = CapabilitiesCache()
    complaint = "Unsupported parameter: 'stop' is not supported with this model."
    async with answering(refusal("400 Bad Request", complaint), event("Aye.") + DONE) as server:
        brain = OpenAIBrain(server.url, "m", traits=traits)
        traits.learn(brain.url, "m", SMALL)
        assert words(await ask(brain)) == "Aye."
        assert words(await ask(brain)) == "Aye."
        await brain.close()
    assert ["stop" in body for body in bodies(server)] == [True, False, False]


async def test_a_small_model_that_reasons_is_not_cut_off_in_its_thoughts() -> None:
    traits = CapabilitiesCache()
    async with answering(event("Aye.") + DONE) as server:
        brain = OpenAIBrain(server.url, "deepseek-r1:1.5b", traits=traits)
        traits.learn(brain.url, "deepseek-r1:1.5b", SMALL)
        await ask(brain)
        await brain.close()
    assert "stop" not in bodies(server)[0]


def test_what_an_earlier_version_found_out_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    CapabilitiesCache(file).learn("http://a/v1", "m", ModelCapabilities(tools="spelled"))
    known = json.loads(file.read_text())
    for entry in known.values():
        del entry["stop"], entry["small"]
    file.write_text(json.dumps(known))
    assert CapabilitiesCache(file).of("http://a/v1", "m").tools == "spelled"
