"""A language model's server fails in every way it can, in the middle of a whole conversation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.brain.base import Brain, BrainError
from assistant.brain.choose import choose_brain
from assistant.config.schema import BrainConfig
from assistant.session.events import AgentSaid, Notice, PersonaChanged, ToolFinished
from tests.brain.openai.servers import (
    CHUNKED_HEAD,
    STREAM_HEAD,
    Script,
    Send,
    chunk,
    event,
    reply,
    serve,
)
from tests.fakes import FakeAudio
from tests.session.room import Room

DONE = b"data: [DONE]\n\n"


async def says_nothing(request: str, send: Send) -> None:
    await asyncio.sleep(60)


async def sends_a_web_page(request: str, send: Send) -> None:
    await send(reply(b"<!doctype html><html><h1>Router login</h1></html>", "text/html"))


async def breaks(request: str, send: Send) -> None:
    await send(reply(b'{"error": {"message": "out of memory"}}', status="500 Oops"))


async def hangs_up(request: str, send: Send) -> None:
    pass


async def is_cut_off(request: str, send: Send) -> None:
    await send(CHUNKED_HEAD)
    await send(chunk(event("The first half, ")))


async def pours(request: str, send: Send) -> None:
    await send(STREAM_HEAD)
    for _ in range(1_000):
        await send(event("words and words " * 700))  # 11 MB in all


async def sings_one_note(request: str, send: Send) -> None:
    await send(STREAM_HEAD)
    await send(b"data: " + b"x" * 10_000_000 + b"\n\n")


async def make_room(folder: Path, url: str, patience: float = 5.0) -> Room:
    """A conversation in writing with the model at `url`."""
    config = BrainConfig(kind="openai", url=url, model="big:70b", timeout_s=patience)

    async def make_brain(notify: Callable[[Notice], None]) -> Brain:
        def tell(error: BrainError) -> None:
            notify(Notice(text=error.message, remedy=error.remedy, severity="warning"))

        brain, _ = await choose_brain(config, notify=tell)
        return brain

    audio = FakeAudio(microphone=False, speaker=False)
    return await Room(folder, audio=audio, make_brain=make_brain).enter()


@pytest.mark.parametrize(
    "script",
    [says_nothing, sends_a_web_page, breaks, hangs_up, is_cut_off, pours, sings_one_note],
)
async def test_whatever_the_server_does_the_conversation_goes_on(
    tmp_path: Path, script: Script
) -> None:
    async with serve(script) as server:
        room = await make_room(tmp_path, server.url, 0.3 if script is says_nothing else 5.0)
        await room.type("Tell me a joke.")
        await room.type("Who are you?")
        await room.leave()
    assert len(room.answers()) == 2
    assert all(room.answers())
    assert max(map(len, room.answers())) < 100_000
    assert "<" not in "".join(room.answers())
    assert room.session.state == "idle"
    if script is not pours:
        assert room.of(Notice)[0].remedy
    assert "Who are you?" in room.transcript()


async def test_a_server_that_is_not_there_is_told_and_the_persona_answers(tmp_path: Path) -> None:
    async with serve(hangs_up) as server:
        url = server.url
    room = await make_room(tmp_path, url)
    await room.type("Tell me a joke.")
    await room.leave()
    assert room.answers()[0] in room.session.persona.lines.joke
    notice = room.of(Notice)[0]
    assert notice.text
    assert notice.remedy


async def test_a_model_behind_a_real_server_calls_a_tool_and_sees_what_came_of_it(
    tmp_path: Path,
) -> None:
    """The call comes in pieces over the network; none of it is shown."""
    call = 'TOOL_CALL: {"name": "set_volume", "arguments": {"percent": 40}}'
    bodies: list[dict[str, object]] = []

    async def script(request: str, send: Send) -> None:
        bodies.append(json.loads(server.requests[-1][2]))
        await send(STREAM_HEAD)
        text = f"Softer, then. {call}" if len(bodies) == 1 else "There."
        for at in range(0, len(text), 4):
            await send(event(text[at : at + 4]))
        await send(DONE)

    async with serve(script) as server:
        room = await make_room(tmp_path, server.url)
        await room.type("It is a little loud in here, is it not?")
        await room.leave()
    assert room.of(ToolFinished)[0].result.ok
    assert room.session.sound.volume == 0.4
    assert room.answers() == ["Softer, then. There."]
    assert "set_volume" in json.dumps(bodies[0]), "it was told of the tool"
    assert "set_volume → 40" in json.dumps(bodies[1], ensure_ascii=False)
    assert "TOOL_CALL" not in room.transcript()


async def test_a_spoken_command_needs_no_model(tmp_path: Path) -> None:
    async with serve(says_nothing) as server:
        room = await make_room(tmp_path, server.url)
        await room.type("Change to GLaDOS.")
        await room.leave()
        assert server.requests == []
    assert room.of(PersonaChanged)[0].persona.slug == "glados"


async def test_a_call_by_the_servers_own_protocol_is_made_and_answered(tmp_path: Path) -> None:
    """Offered, called, and given back as OpenAI has it; nothing of it is shown."""
    bodies: list[dict[str, Any]] = []

    def delta(finish: str | None = None, **delta: object) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"

    async def script(request: str, send: Send) -> None:
        bodies.append(json.loads(server.requests[-1][2]))
        await send(STREAM_HEAD + b": keep-alive\n\n")
        if len(bodies) > 1:
            await send(event("<think>It worked.</think>There.<|im_end|>") + DONE)
            return
        await send(delta(reasoning_content="They want it softer."))
        name = {"name": "set_volume", "arguments": '{"perc'}
        await send(delta(tool_calls=[{"index": 0, "id": "a1B2c3D4e", "function": name}]))
        await send(delta(tool_calls=[{"index": 0, "function": {"arguments": 'ent": 40}'}}]))
        await send(delta("tool_calls") + DONE)

    async with serve(script) as server:
        room = await make_room(tmp_path, server.url)
        await room.type("It is a little loud in here, is it not?")
        await room.leave()
    assert room.session.sound.volume == 0.4
    assert room.answers() == ["There."]
    assert "set_volume" in [tool["function"]["name"] for tool in bodies[0]["tools"]]
    assert bodies[1]["messages"][-1]["role"] == "tool"
    assert bodies[1]["messages"][-1]["tool_call_id"] == "a1B2c3D4e"
    assert bodies[1]["messages"][-2]["tool_calls"][0]["id"] == "a1B2c3D4e"
    shown = room.transcript() + str(room.history()) + str(room.of(AgentSaid))
    assert "think" not in shown
    assert "softer" not in shown
    assert "im_end" not in shown


@pytest.mark.parametrize(
    "answer",
    [
        '<tool_call>{"name": "set_volume", "arguments": {"percent": 40}}</tool_call>',
        '[TOOL_CALLS][{"name": "set_volume", "arguments": {"percent": 40}}]',
        '{"name": "set_volume", "parameters": {"percent": 40}}',
        '```json\n{"name": "set_volume", "arguments": {"percent": 40}}\n```',
    ],
)
async def test_a_call_in_a_models_own_dialect_is_made_and_not_shown(
    tmp_path: Path, answer: str
) -> None:
    async def script(request: str, send: Send) -> None:
        await send(STREAM_HEAD)
        text = answer if len(server.requests) == 1 else 'There. JSON is {"name": "Ada"}.'
        for at in range(0, len(text), 3):
            await send(event(text[at : at + 3]))
        await send(DONE)

    async with serve(script) as server:
        room = await make_room(tmp_path, server.url)
        await room.type("It is a little loud in here, is it not?")
        await room.leave()
    assert room.session.sound.volume == 0.4
    assert room.answers() == ['There. JSON is {"name": "Ada"}.']
