"""The model's server is a child: it is started, asked, started again, and ended with us."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from assistant.brain.base import BrainError, LanguageModelError, Question, Waiting
from assistant.brain.local.process import MAX_TOKENS, LocalBrain
from assistant.config.schema import BrainConfig
from tests.brain.personas import persona
from tests.processes import command_of, is_alive, until

TOOL = {"name": "set_volume", "description": "Louder.", "parameters": {"type": "object"}}
Start = Callable[..., LocalBrain]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[tuple[Start, list[BrainError]]]:
    """Brains whose child does as it is told, and what was told of them."""
    started: list[LocalBrain] = []
    told: list[BrainError] = []

    def make(how: str, **settings: Any) -> LocalBrain:
        brain = LocalBrain(tmp_path / "tiny-q4.gguf", BrainConfig(**settings))
        command = (sys.executable, "-m", "tests.brain.local.model_process", how)
        brain.start(told.append, command=command)
        started.append(brain)
        return brain

    yield make, told
    for brain in started:
        await brain.close()


async def answer(brain: LocalBrain) -> tuple[dict[str, Any], list[Waiting]]:
    pieces = [p async for p in brain.answer(Question("Hello", persona(), [], tools=[TOOL]))]
    words = "".join(piece for piece in pieces if isinstance(piece, str))
    return json.loads(words), [piece for piece in pieces if isinstance(piece, Waiting)]


def environment_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().decode("utf-8", "replace")
    return ""


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.02)


async def test_a_small_model_answers_without_tools_and_briefly(
    start: tuple[Start, list[BrainError]],
) -> None:
    brain = start[0]("well")
    assert brain.label == "tiny-q4 · own server"
    with pytest.raises(LanguageModelError, match="not loaded"):
        await brain.complete([], {}, 10)
    told, waits = await answer(brain)
    assert (told["tools"], told["max_tokens"]) == (False, MAX_TOKENS)
    assert [wait.doing for wait in waits] == ["loading", "thinking"]
    _, waits = await answer(brain)
    assert not waits, "it is there now"
    with pytest.raises(LanguageModelError, match="too small"):
        await brain.complete([], {}, 10)


async def test_a_large_one_has_tools_and_the_settings_length(
    start: tuple[Start, list[BrainError]],
) -> None:
    told, _ = await answer(start[0]("large", max_tokens=400))
    assert (told["tools"], told["max_tokens"]) == (True, 400)


async def test_nobody_sees_the_key(start: tuple[Start, list[BrainError]]) -> None:
    brain = start[0]("well")
    told, _ = await answer(brain)
    assert brain.server is not None
    assert brain.server.served is not None
    key = brain.server.served.key
    assert len(key) > 30
    assert key not in command_of(told["pid"])
    assert key not in environment_of(told["pid"])


async def test_who_it_is_was_read_before_the_first_question(tmp_path: Path) -> None:
    told: list[BrainError] = []
    brain = LocalBrain(tmp_path / "m.gguf", BrainConfig())
    command = (sys.executable, "-m", "tests.brain.local.model_process", "well")
    brain.start(told.append, persona=persona(), command=command)
    assert brain.server is not None
    assert await brain.server.settled(60)
    await brain.ahead.settled()
    assert (await answer(brain))[0]["begun_alike"] == 2
    await brain.close()
    assert not told


async def test_a_model_that_reads_ahead_can_be_closed_at_any_time(tmp_path: Path) -> None:
    for seconds in (0.0, 0.05, 0.3, 0.5):
        brain = LocalBrain(tmp_path / "m.gguf", BrainConfig())
        command = (sys.executable, "-m", "tests.brain.local.model_process", "well")
        brain.start(lambda error: None, persona=persona(), command=command)
        await asyncio.sleep(seconds)
        await brain.close()
        assert brain.server is not None
        assert brain.server.pid is None or not is_alive(brain.server.pid)


async def test_one_that_dies_is_started_again(start: tuple[Start, list[BrainError]]) -> None:
    make, told = start
    brain = make("well")
    first, _ = await answer(brain)
    os.kill(first["pid"], signal.SIGKILL)
    await eventually(lambda: bool(told))
    second, _ = await answer(brain)
    assert second["pid"] != first["pid"]
    assert "SIGKILL" in told[0].message
    assert "starts again" in told[0].remedy


async def test_an_answer_that_it_dies_of_is_a_failure(
    start: tuple[Start, list[BrainError]],
) -> None:
    make, told = start
    brain = make("dies")
    with pytest.raises(LanguageModelError):
        await answer(brain)
    await eventually(lambda: bool(told))
    assert "exit code 7" in told[0].message


async def test_one_that_cannot_run_says_why_and_is_let_be(
    start: tuple[Start, list[BrainError]],
) -> None:
    make, told = start
    brain = make("cannot")
    with pytest.raises(LanguageModelError, match="no AVX2") as caught:
        await answer(brain)
    assert caught.value.remedy == "Run Ollama."
    assert [error.message for error in told] == ["There is no AVX2."]
    assert brain.server is not None
    assert brain.server.starts == 1


async def test_one_that_never_comes_up_is_given_up(start: tuple[Start, list[BrainError]]) -> None:
    make, told = start
    brain = make("crash")
    with pytest.raises(LanguageModelError, match="exit code 9") as caught:
        await answer(brain)
    assert "assistant setup brain" in caught.value.remedy
    assert len(told) == 3


async def test_what_hangs_while_loading_does_not_hold_up_the_talk(tmp_path: Path) -> None:
    brain = LocalBrain(tmp_path / "m.gguf", BrainConfig(timeout_s=0.2))
    brain.start(lambda error: None, command=(sys.executable, "-c", "import time; time.sleep(99)"))
    with pytest.raises(LanguageModelError, match="not loaded after"):
        await answer(brain)
    assert brain.server is not None
    pid = brain.server.pid
    assert pid is not None
    await brain.close()
    assert not is_alive(pid)


async def test_one_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    told: list[BrainError] = []
    brain = LocalBrain(tmp_path / "m.gguf", BrainConfig())
    brain.start(told.append, command=(str(tmp_path / "no-python"),))
    with pytest.raises(LanguageModelError, match="cannot be started"):
        await answer(brain)
    await brain.close()
    assert told


async def test_closing_it_ends_the_child(start: tuple[Start, list[BrainError]]) -> None:
    brain = start[0]("well")
    told, _ = await answer(brain)
    await brain.close()
    assert not is_alive(told["pid"])


HOST = """
import asyncio, sys
from pathlib import Path
from assistant.brain.local.process import LocalServer
CHILD = '''
import assistant.brain.local.server as server
from types import SimpleNamespace as Made
server.read_model_file = lambda path: Made(name="m", is_small=True)
server.load = lambda *a, **k: Made(listening_address="http://127.0.0.1:1")
raise SystemExit(server.main(["m.gguf"]))
'''
async def main():
    child = LocalServer(Path("m"), print, command=(sys.executable, "-c", CHILD))
    child.start()
    assert await child.settled(60)
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_it_ends_where_the_program_is_killed() -> None:
    host = subprocess.Popen([sys.executable, "-c", HOST], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    pid = int(host.stdout.readline())
    assert is_alive(pid)
    host.kill()
    host.wait()
    host.stdout.close()
    until(lambda: not is_alive(pid), "the end of the model's process")
