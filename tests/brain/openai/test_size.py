"""Whether a model is too small for tools is told by its name, by its server, or by what it can."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from assistant.brain.base import LanguageModelError
from assistant.brain.openai.capabilities import Ask, CapabilitiesCache, ModelCapabilities
from assistant.brain.openai.client import OpenAIBrain
from assistant.brain.openai.size import ModelSize, parameters_in, small_by_name
from tests.brain.openai.servers import STREAM_HEAD, LoopbackServer, Send, event, reply, serve
from tests.brain.openai.test_manners import DONE, TOOL, ask, question
from tests.processes import PATIENCE


@pytest.mark.parametrize(
    ("name", "small"),
    [
        ("qwen2.5-coder-1.5b", True),
        ("llama3.2:1b", True),
        ("/models/SmolLM2-360M-Instruct-Q4_K_M.gguf", True),
        ("gemma-3-270m-it", True),
        ("gemma-3n-E2B-it", True),
        ("qwen3:4b", False),
        ("mixtral:8x7b", False),
        ("Qwen3-30B-A3B-Instruct-2507", False),
        ("meta-llama/Llama-3.1-8B-Instruct", False),
        ("llama3.2:3b", False),
        ("gpt-4o-mini", None),
        ("mistral", None),
        ("phi-4", None),
        ("model-q8_0.gguf", None),
    ],
)
def test_a_models_name_often_says_it(name: str, small: bool | None) -> None:
    assert small_by_name(name) is small


def test_sizes_are_read_as_they_are_written() -> None:
    assert parameters_in("1.5B") == 1.5e9
    assert parameters_in("494.03M") == pytest.approx(494.03e6)
    assert parameters_in("large") is None


def bodies(server: LoopbackServer, path: str) -> list[dict[str, Any]]:
    return [json.loads(body) for request, _, body in server.requests if request.endswith(path)]


def server_of(models: dict[str, Any], show: dict[str, Any] | None = None) -> Any:
    async def script(request: str, send: Send) -> None:
        if request == "GET /v1/models":
            await send(reply(json.dumps(models).encode()))
        elif request == "POST /api/show" and show is not None:
            await send(reply(json.dumps(show).encode()))
        elif request == "POST /v1/chat/completions":
            await send(STREAM_HEAD + event("Aye.") + DONE)
        else:
            await send(reply(b"{}", status="404 Not Found"))

    return serve(script)


LLAMA_CPP = {"data": [{"id": "m", "meta": {"n_params": 494032768, "n_vocab": 151936}}]}
OLLAMA = {"data": [{"id": "m", "owned_by": "library"}]}


@pytest.mark.parametrize(
    ("models", "show", "tools"),
    [
        (LLAMA_CPP, None, False),
        ({"data": [{"id": "m", "meta": {"n_params": 8_030_261_312}}]}, None, True),
        (OLLAMA, {"details": {"parameter_size": "1.5B"}}, False),
        (OLLAMA, {"model_info": {"general.parameter_count": 494032768}}, False),
        (OLLAMA, {"details": {"parameter_size": "7.6B"}}, True),
        ({"data": [{"id": "/a/file.gguf", "meta": {"n_params": 630_167_424}}]}, None, False),
        ({"data": [{"id": "x", "meta": {"n_params": 5}}, {"id": "y"}, "?"]}, None, True),
        ({"data": None}, {"details": []}, True),
    ],
)
async def test_a_server_is_asked_once_how_large_its_model_is(
    models: dict[str, Any], show: dict[str, Any] | None, tools: bool, tmp_path: Path
) -> None:
    file = tmp_path / "models.json"
    async with server_of(models, show) as server:
        for _ in range(2):
            brain = OpenAIBrain(server.url, "m", traits=CapabilitiesCache(file), find_size=True)
            await ask(brain, question(tools=[TOOL]))
            await ask(brain, question(tools=[TOOL]))
            await brain.close()
    asked = bodies(server, "/chat/completions")
    assert ["tools" in body for body in asked] == [tools] * 4
    looked = [request for request, _, _ in server.requests if request == "GET /v1/models"]
    if not tools:
        assert len(looked) == 1, "it is remembered"
        assert brain.small


async def test_a_server_that_says_nothing_of_it_does_not_hold_up_the_answer() -> None:
    async def script(request: str, send: Send) -> None:
        if request == "POST /v1/chat/completions":
            await send(STREAM_HEAD + event("Aye.") + DONE)
        else:
            await asyncio.sleep(3600)

    async with serve(script) as server:
        brain = OpenAIBrain(server.url, "m", find_size=True)
        async with asyncio.timeout(PATIENCE):
            assert await ask(brain, question(tools=[TOOL]))
        await brain.close()


CLEVER = {
    "Set a timer for twelve minutes, please.": '{"tool": "set_timer", "minutes": 12}',
    "I can hardly hear you!": '```json\n{"tool": "set_volume", "change": "up"}\n```',
    "My sister Grace visits us on Saturday.": '{"tool": null}',
    "The timer of my oven broke yesterday.": '{"tool":null}',
    "Switch off the lights in the kitchen.": "No.",
    "yellow, blue, red": "Blue, red, yellow",
}
URL = "http://127.0.0.1:9/v1"


class Asked:
    """A model that answers the six questions by a table, and whatever else with "Done."."""

    def __init__(self, answers: dict[str, str], failure: Exception | None = None) -> None:
        self.answers = answers
        self.failure = failure
        self.questions: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.traits = CapabilitiesCache()
        self.size = ModelSize(URL, self.traits, self._request, self._ask, after=0.0)

    async def _request(self, method: str, url: str, body: dict[str, str] | None) -> Any:
        return None

    async def _ask(self, ask: Ask) -> str:
        body = ask.body("m", ModelCapabilities())
        said = str(body["messages"][-1]["content"])
        self.bodies.append(body)
        self.questions.append(said)
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        return self.answers.get(said, "Done.")

    async def silence(self, until: int = 6) -> None:
        self.size.silence()
        for _ in range(200):
            await asyncio.sleep(0)
            if len(self.questions) >= until:
                break
        if until >= 6:
            for _ in range(20):
                await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("answers", "small"),
    [
        (CLEVER, False),
        ({**CLEVER, "yellow, blue, red": "Done."}, False),
        ({}, True),
        ({**CLEVER, "Switch off the lights in the kitchen.": "Yes.",
          "My sister Grace visits us on Saturday.": '{"tool": "set_timer"}'}, True),
    ],
)  # fmt: skip
async def test_what_nobody_tells_is_asked_in_silence(answers: dict[str, str], small: bool) -> None:
    model = Asked(answers)
    assert await model.size.told("m") is None
    await model.silence()
    assert model.traits.of(URL, "m").small is small
    assert len(model.questions) == 6
    assert all(body["temperature"] == 0 and body["max_tokens"] <= 40 for body in model.bodies)


async def test_it_is_interrupted_by_a_person_and_goes_on_later() -> None:
    model = Asked(CLEVER)
    await model.size.told("m")
    await model.silence(until=3)
    await model.size.interrupt()
    before = len(model.questions)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(model.questions) == before, "nothing is asked while somebody waits"
    await model.silence(until=7)
    assert model.traits.of(URL, "m").small is False
    assert set(model.questions) == set(CLEVER)
    await model.size.close()


async def test_a_model_that_cannot_answer_is_left_alone() -> None:
    model = Asked(CLEVER, LanguageModelError("busy", "busy"))
    await model.size.told("m")
    await model.silence()
    await model.size.interrupt()
    await model.silence()
    assert len(model.questions) == 1
    assert model.traits.of(URL, "m").small is None


async def test_nobody_elsewhere_is_asked_six_questions() -> None:
    model = Asked(CLEVER)
    size = ModelSize(
        "https://llm.example.org/v1", model.traits, model._request, model._ask, after=0
    )
    assert await size.told("m") is None
    size.silence()
    for _ in range(20):
        await asyncio.sleep(0)
    assert model.questions == []


async def test_what_was_found_out_is_forgotten_after_thirty_days(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    traits = CapabilitiesCache()
    traits.learn(URL, "m", ModelCapabilities(small=True))
    later = time.time() + 31 * 24 * 3600
    monkeypatch.setattr("assistant.brain.openai.capabilities.time.time", lambda: later)
    assert traits.of(URL, "m").small is None
