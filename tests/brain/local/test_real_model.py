"""A real small model in llama.cpp's real server, through the same brain as in a conversation.

`make setup-model` brings both; `ASSISTANT_TESTS_MODEL` names the GGUF file.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest

from assistant.brain.base import BrainError, Message, Question
from assistant.brain.local.brevity import SENTENCES
from assistant.brain.local.process import MEMORY_TOKENS, LocalBrain, Served
from assistant.brain.openai.capabilities import ModelCapabilities, QuestionAsk
from assistant.config.schema import BrainConfig
from assistant.memory.base import Found
from assistant.memory.recall import Recalled
from assistant.personas.loading import load_personas
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


async def test_an_answer_is_begun_before_it_is_asked_for(brain: LocalBrain) -> None:
    await served(brain)
    brain.read_ahead(Question("Hello.", persona(), []))
    await brain.ahead.settled()
    brain.expect(Question("Say hello", persona(), []))
    begun = brain.ahead._begun
    assert begun is not None
    while begun._kept.empty():  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.02)
    assert (await answer(brain, "Say hello.", [])).strip()
    assert brain.last_read is not None
    assert brain.last_read.ahead
    brain.expect(Question("What is the", persona(), []))
    assert (await answer(brain, "What is the capital of France?", [])).strip()
    counts = brain.ahead.counts
    assert (counts.begun, counts.used, counts.thrown_away) == (2, 1, 1)


async def test_an_answer_is_short_unless_more_is_asked_for(brain: LocalBrain) -> None:
    await served(brain)
    short = await answer(brain, "What is the sea?", [])
    assert len(re.findall(r"[.!?]+(?=\s)", short)) < SENTENCES
    long = await answer(brain, "Tell me a long story about a fox and the sea.", [])
    assert long.rstrip()[-1] in '.!?…"”', "it ends with a sentence"


def notes(turn: int) -> str:
    """Another memory at every turn, as much as may be quoted."""
    now = datetime(2026, 11, 21).astimezone()
    hits = (f"Ada has {turn} parrots.", "Ada's talk went well.", "Ada works at a bakery in Leeds.")
    found = [Found(str(n), text, now, "jarvis", 1.0) for n, text in enumerate(hits)]
    return Recalled(found=tuple(found), who="Ada").context(MEMORY_TOKENS, now)


async def test_every_turn_but_the_first_evaluates_few_tokens_anew() -> None:
    """Minutes pass, memories come, facts are learned, history is dropped, personas change and
    change back, and the server is killed once."""
    told: list[BrainError] = []
    facts = ["your name is Ada"]
    brain = LocalBrain(model_file(), BrainConfig(timeout_s=600, temperature=0, max_tokens=16))
    first, second = (load_personas().loaded[slug] for slug in ("jarvis", "glados"))
    brain.start(told.append, lambda: facts, first)
    found = await served(brain)
    await brain.ahead.settled()
    now, history = datetime(2026, 11, 21, 9, 41), list[Message]()
    evaluated: list[int] = []
    for turn in range(28):
        who = second if 10 <= turn < 13 else first
        if turn in (10, 13):
            brain.read_ahead(Question("Hello.", who, list(history), now=now))
            await brain.ahead.settled()
        text = f"What do you think of number {turn} on the list of wonders, then?"
        memory = notes(turn) if turn % 2 else ""
        asked = Question(text, who, list(history), now=now, memory=memory)
        async for _ in brain.answer(asked):
            pass
        assert brain.last_read is not None
        evaluated.append(brain.last_read.evaluated)
        if turn == 5:
            facts.append("you have a parrot called Picasso")
        answered = (
            f"Number {turn} is a very remarkable one, if I may say so. It was built a long time ago"
            " by a people of whom we know rather little, and it has stood through storms, wars and"
            " tourists ever since. I would visit it at dawn."
        )
        history += [Message("user", text, who.slug), Message("assistant", answered, who.slug)]
        now += timedelta(seconds=50)
        brain.read_ahead(Question("Hello.", who, list(history), now=now))
        if turn == 20:
            assert brain.server is not None
            assert brain.server.pid is not None
            os.kill(brain.server.pid, signal.SIGKILL)
            while brain.server.served in (found, None):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.05)
        await brain.ahead.settled()
    await brain.close()
    assert max(evaluated[1:]) <= 120, evaluated
    assert len(told) == 1, "the one that was killed"


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
