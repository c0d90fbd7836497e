"""A real small model in llama.cpp's real server, through the same brain as in a conversation.

`make setup-model` brings both; `ASSISTANT_TESTS_MODEL` names the GGUF file.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest

from assistant.brain.base import BrainError, Message, Question
from assistant.brain.local.process import LocalBrain, Served
from assistant.brain.openai.capabilities import ModelCapabilities, QuestionAsk
from assistant.config.schema import BrainConfig
from tests.brain.personas import persona
from tests.model import model_file
from tests.processes import is_alive, until

pytestmark = [pytest.mark.weights, pytest.mark.timeout(900)]


@pytest.fixture
async def brain() -> AsyncIterator[LocalBrain]:
    told: list[BrainError] = []
    brain = LocalBrain(model_file(), BrainConfig(timeout_s=600, temperature=0))
    brain.start(told.append)
    yield brain
    await brain.close()
    assert not told


async def answer(brain: LocalBrain, text: str, history: list[Message]) -> str:
    pieces = [p async for p in brain.answer(Question(text, persona(), history))]
    return "".join(piece for piece in pieces if isinstance(piece, str))


async def served(brain: LocalBrain) -> Served:
    assert brain.server is not None
    assert await brain.server.settled(600)
    assert brain.server.served is not None, brain.server.failure
    return brain.server.served


async def test_it_speaks_and_goes_on_after_an_interruption(brain: LocalBrain) -> None:
    assert (await served(brain)).small
    assert (await answer(brain, "Say hello.", [])).strip()
    interrupted = brain.answer(Question("Count to fifty.", persona(), []))
    async for piece in interrupted:
        if isinstance(piece, str):
            break
    await interrupted.aclose()  # type: ignore[attr-defined]
    history = [Message("user", "Count to fifty."), Message("assistant", "One.", "edgar")]
    assert (await answer(brain, "Thank you.", history)).strip()


async def test_it_is_closed_to_others(brain: LocalBrain) -> None:
    found = await served(brain)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        page = {"Origin": "http://evil.example"}
        for path in ("/v1/models", "/props", "/slots"):
            refused = await client.get(f"{found.url}{path}", headers=page)
            assert refused.status_code == 401
            assert refused.headers["access-control-allow-origin"] != "*"
        key = {"Authorization": f"Bearer {found.key}"}
        assert (await client.get(f"{found.url}/v1/models", headers=key)).status_code == 200
        assert (await client.get(found.url)).status_code == 404, "no page of its own"


async def test_the_beginning_of_a_prompt_is_read_once(brain: LocalBrain) -> None:
    found = await served(brain)
    key = {"Authorization": f"Bearer {found.key}"}
    async with httpx.AsyncClient(trust_env=False, timeout=600, headers=key) as client:

        async def tokens_read(question: Question) -> int:
            ask = QuestionAsk(question, (), 0.0, 8, stable=True)
            body = {**ask.body("m", ModelCapabilities()), "stream": False}
            reply = await client.post(f"{found.url}/v1/chat/completions", json=body)
            return int(reply.json()["timings"]["prompt_n"])

        morning = datetime(2026, 11, 21, 9, 41)
        first = await tokens_read(Question("I am Ada.", persona(), [], now=morning))
        history = [Message("user", "I am Ada."), Message("assistant", "Hello, Ada.", "edgar")]
        noon = datetime(2026, 11, 21, 12, 1)
        asked = Question("Who am I?", persona(), history, now=noon, memory="Ada has a parrot.")
        assert await tokens_read(asked) < first


HOST = """
import asyncio, sys
from pathlib import Path
from assistant.brain.local.process import LocalServer
async def main():
    child = LocalServer(Path(sys.argv[1]), print)
    child.start()
    if sys.argv[2] == "loaded":
        assert await child.settled(600)
    while child.pid is None:
        await asyncio.sleep(0.01)
    print(child.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.mark.parametrize("when", ["loaded", "loading"])
def test_it_ends_where_the_program_is_killed(when: str) -> None:
    command = [sys.executable, "-c", HOST, str(model_file()), when]
    host = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    pid = int(host.stdout.readline())
    host.kill()
    host.wait()
    host.stdout.close()
    until(lambda: not is_alive(pid), "the end of the model's process")
