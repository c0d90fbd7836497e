"""The assistant as a server of the Model Context Protocol, with the client of the protocol's own
library."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("mcp")

from mcp import Client
from mcp.types import Implementation

from assistant.serving import mcp_server
from assistant.serving.mcp_server import make_server
from assistant.session.clients.requests import (
    Answer,
    Answers,
    AnyRequest,
    AnyResult,
    Ask,
    Recall,
    Remember,
    RequestError,
    Speak,
    Spoken,
    Told,
)
from tests.fakes import until


class Session:
    """Does what it is asked once it is let go, and writes down what that was."""

    def __init__(self, result: AnyResult | Exception) -> None:
        self.result = result
        self.asked: list[tuple[str, AnyRequest]] = []
        self.go = asyncio.Event()
        self.go.set()
        self.cancelled = 0

    async def serve(
        self, client: str, request: AnyRequest, progress: Callable[[str], None]
    ) -> AnyResult:
        self.asked.append((client, request))
        progress("waits until the user has finished talking")
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def client_of(session: Session, name: str = "claude-code") -> Client:
    info = Implementation(name=name, version="1")
    return Client(make_server(session.serve), client_info=info, mode="legacy")


SPOKEN = Spoken("Done.", interrupted=False, aloud=True)


async def test_it_offers_four_tools_that_explain_themselves() -> None:
    async with client_of(Session(SPOKEN)) as client:
        tools = {each.name: each for each in (await client.list_tools()).tools}
    assert set(tools) == {"speak", "ask", "remember", "recall"}
    assert set(tools["ask"].input_schema["required"]) == {"questions"}
    assert "context" not in tools["ask"].input_schema["properties"]
    assert all(each.description for each in tools.values())
    hints = {name: each.annotations for name, each in tools.items()}
    assert [name for name, hint in hints.items() if hint and hint.read_only_hint] == ["recall"]


@pytest.mark.parametrize(
    ("tool", "arguments", "request_"),
    [
        ("speak", {"text": "Done."}, Speak("Done.")),
        (
            "speak",
            {"text": "Done.", "persona": "hal", "delivery": "dry"},
            Speak("Done.", "hal", "dry"),
        ),
        ("ask", {"questions": "Which?"}, Ask(["Which?"])),
        ("ask", {"questions": ["Which?", "Why?"], "timeout_s": 5}, Ask(["Which?", "Why?"], 5.0)),
        ("remember", {"text": "I like tea"}, Remember("I like tea")),
        ("recall", {"query": "tea"}, Recall("tea")),
    ],
)
async def test_a_call_becomes_a_request_in_the_clients_name(
    tool: str, arguments: dict[str, Any], request_: AnyRequest
) -> None:
    session = Session(SPOKEN)
    async with client_of(session) as client:
        result = await client.call_tool(tool, arguments)
    assert not result.is_error
    assert session.asked == [("Claude Code", request_)]


async def test_a_client_that_has_a_proper_name_keeps_it() -> None:
    session = Session(SPOKEN)
    async with client_of(session, "Zed") as client:
        await client.call_tool("speak", {"text": "Done."})
    assert session.asked[0][0] == "Zed"


async def test_answers_come_with_what_is_known_of_them() -> None:
    angry = Answer(question="Why?", text="Because!", feeling="frustrated", confidence=0.8)
    calm = Answer(question="Which?", text="This one.")
    session = Session(Answers([calm, angry]))
    async with client_of(session) as client:
        result = await client.call_tool("ask", {"questions": ["Which?", "Why?"]})
    plain = {"question": "Which?", "text": "This one.", "outcome": "answered"}
    told = json.loads(result.content[0].text)
    assert told["answers"][0] == plain
    assert told["answers"][1]["feeling"] == "frustrated"
    assert result.structured_content == told


async def test_what_memory_says_is_told() -> None:
    async with client_of(Session(Told("You like tea."))) as client:
        result = await client.call_tool("recall", {"query": "tea"})
    assert json.loads(result.content[0].text) == {"text": "You like tea.", "done": True}


async def test_what_cannot_be_done_is_told_with_the_remedy() -> None:
    session = Session(RequestError("there is no microphone", "plug one in"))
    async with client_of(session) as client:
        result = await client.call_tool("ask", {"questions": "Which?"})
    assert result.is_error
    assert result.content[0].text.endswith("there is no microphone. Remedy: plug one in")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("speak", {}),
        ("speak", {"text": 3}),
        ("ask", {"questions": {"a": 1}}),
        ("ask", {"questions": "Which?", "timeout_s": -1}),
        ("shout", {"text": "Done."}),
    ],
)
async def test_wrong_arguments_are_told(tool: str, arguments: dict[str, Any]) -> None:
    session = Session(SPOKEN)
    async with client_of(session) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert session.asked == []


async def test_while_it_waits_it_tells_what_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_server, "TELL_EVERY", 0.01)
    session = Session(SPOKEN)
    session.go.clear()
    told: list[tuple[float, str | None]] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append((done, message))
        if len(told) > 3:
            session.go.set()

    async with client_of(session) as client:
        await client.call_tool("speak", {"text": "Done."}, progress_callback=progress)
    assert {message for _, message in told} == {"waits until the user has finished talking"}
    assert [done for done, _ in told] == sorted({done for done, _ in told})


async def test_a_call_that_is_cancelled_ends_at_once() -> None:
    session = Session(SPOKEN)
    session.go.clear()
    async with client_of(session) as client:
        call = asyncio.create_task(client.call_tool("ask", {"questions": "Which?"}))
        await until(lambda: session.asked != [])
        call.cancel()
        await until(lambda: session.cancelled == 1)
        session.go.set()
        result = await client.call_tool("speak", {"text": "Done."})
        assert not result.is_error


async def test_a_client_that_leaves_takes_its_question_along() -> None:
    session = Session(SPOKEN)
    session.go.clear()
    async with client_of(session) as client:
        call = asyncio.create_task(client.call_tool("ask", {"questions": "Which?"}))
        await until(lambda: session.asked != [])
    await until(lambda: session.cancelled == 1)
    with pytest.raises(Exception):  # noqa: B017, PT011
        await call
