"""A server of the user's is asked before it is sure that the turn is over, and asked in vain where
it was not."""

from __future__ import annotations

import asyncio
import json

import pytest

from assistant.brain.base import Anticipates, Question
from assistant.brain.choose import FallbackBrain, choose_brain
from assistant.brain.openai.client import OpenAIBrain
from assistant.brain.openai.speculation import SpeculativeBrain
from assistant.brain.scripted import ScriptedBrain
from assistant.config.schema import BrainConfig
from tests.brain.openai.servers import STREAM_HEAD, LoopbackServer, Send, event, serve
from tests.brain.openai.test_manners import DONE
from tests.brain.personas import persona
from tests.fakes import until


def asked(text: str) -> Question:
    return Question(text, persona(), [])


async def parrot(request: str, send: Send) -> None:
    await send(STREAM_HEAD + event("Polly waits on the old mast.") + DONE)


def questions(server: LoopbackServer) -> list[str]:
    return [json.loads(body)["messages"][-1]["content"] for _, _, body in server.requests if body]


async def said(brain: FallbackBrain, text: str) -> str:
    return "".join([piece async for piece in brain.answer(asked(text)) if isinstance(piece, str)])


async def test_an_answer_begun_in_a_pause_is_the_one_that_is_given() -> None:
    async with serve(parrot) as server:
        model = SpeculativeBrain(OpenAIBrain(server.url, "m"))
        brain = FallbackBrain(model, ScriptedBrain(), lambda error: None)
        brain.expect(asked("where is the parrot"))
        await until(lambda: len(questions(server)) == 1)
        assert await said(brain, "Where is the parrot?") == "Polly waits on the old mast."
        assert len(questions(server)) == 1
        assert (model.ahead.counts.begun, model.ahead.counts.used) == (1, 1)
        await brain.close()


async def test_who_goes_on_gets_an_answer_to_the_whole() -> None:
    async with serve(parrot) as server:
        model = SpeculativeBrain(OpenAIBrain(server.url, "m"))
        brain = FallbackBrain(model, ScriptedBrain(), lambda error: None)
        brain.expect(asked("where is"))
        await until(lambda: len(questions(server)) == 1)
        brain.withdraw()
        assert await said(brain, "Where is the parrot?") == "Polly waits on the old mast."
        assert "Where is the parrot?" in questions(server)[-1]
        assert model.ahead.counts.thrown_away == 1
        await brain.close()


async def test_nothing_is_begun_on_a_battery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.brain.choose.on_battery", lambda: True)
    async with serve(parrot) as server:
        model = SpeculativeBrain(OpenAIBrain(server.url, "m"))
        brain = FallbackBrain(model, ScriptedBrain(), lambda error: None)
        brain.expect(asked("where is the parrot"))
        await asyncio.sleep(0)
        assert model.ahead.counts.begun == 0
        await brain.close()


@pytest.mark.parametrize(
    ("url", "settings", "speculates"),
    [
        ("http://127.0.0.1:9/v1", {}, True),
        ("http://192.168.1.7:8000/v1", {}, True),
        ("http://gpu.lan:8000/v1", {}, True),
        ("https://models.example/v1", {}, False),
        ("http://127.0.0.1:9/v1", {"speculate": False}, False),
    ],
)
async def test_whoever_pays_by_the_token_is_asked_once(
    url: str, settings: dict[str, bool], speculates: bool
) -> None:
    config = BrainConfig.model_validate({"kind": "openai", "url": url, "model": "m", **settings})
    brain, _ = await choose_brain(config)
    assert isinstance(brain, FallbackBrain)
    assert isinstance(brain._model, Anticipates) is speculates
    await brain.close()
