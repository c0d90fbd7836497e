"""Who answers is chosen from the settings and from what runs on this machine, and said why."""

from __future__ import annotations

import subprocess
import sys
from random import Random

from assistant.brain.base import BrainError
from assistant.brain.choose import FallbackBrain, choose_brain
from assistant.brain.openai.discover import FoundServer
from assistant.brain.scripted import ScriptedBrain
from assistant.config.schema import BrainConfig

OLLAMA = FoundServer("Ollama", "http://127.0.0.1:11434/v1", ("qwen3:4b", "llama3"))


async def choose(config: BrainConfig, found: FoundServer | None = None) -> tuple[str, str, bool]:
    """Label, reason, and whether this machine was searched."""
    searched: list[bool] = []

    async def find() -> FoundServer | None:
        searched.append(True)
        return found

    brain, reason = await choose_brain(config, find=find)
    await brain.close()
    return brain.label, reason, bool(searched)


async def test_scripted_searches_nothing() -> None:
    label, _, searched = await choose(BrainConfig(kind="scripted"), OLLAMA)
    assert (label, searched) == ("scripted", False)


async def test_auto_takes_what_it_finds() -> None:
    label, reason, _ = await choose(BrainConfig(), OLLAMA)
    assert label == "qwen3:4b · Ollama"
    assert "on this machine" in reason


async def test_auto_without_a_server_is_the_scripted_persona() -> None:
    label, reason, searched = await choose(BrainConfig())
    assert (label, searched) == ("scripted", True)
    assert "no language model" in reason


async def test_a_url_is_used_without_a_search() -> None:
    config = BrainConfig(kind="openai", url="http://10.0.0.7:8000/v1", model="gemma3")
    label, reason, searched = await choose(config, OLLAMA)
    assert (label, searched) == ("gemma3 · 10.0.0.7", False)
    assert "brain.url" in reason


async def test_a_wanted_model_is_asked_of_the_server_found() -> None:
    label, _, _ = await choose(BrainConfig(model="llama3"), OLLAMA)
    assert label == "llama3 · Ollama"


async def test_openai_without_url_or_server_says_so() -> None:
    label, reason, _ = await choose(BrainConfig(kind="openai"))
    assert label == "scripted"
    assert "brain.url is not set" in reason


async def test_a_url_that_is_none_is_told_and_the_persona_answers() -> None:
    told: list[BrainError] = []
    brain, reason = await choose_brain(BrainConfig(url="http://"), notify=told.append)
    assert brain.label == "scripted"
    assert "brain.url" in reason
    assert told[0].remedy


async def test_looking_again_keeps_what_was_told() -> None:
    scripted = ScriptedBrain(Random(1))
    scripted.knowledge.learn_name("Ada")

    async def find() -> FoundServer | None:
        return OLLAMA

    brain, _ = await choose_brain(BrainConfig(), scripted=scripted, find=find)
    assert isinstance(brain, FallbackBrain)
    await brain.close()
    assert scripted.knowledge.name == "Ada"


def test_the_scripted_persona_and_the_search_load_no_http_client() -> None:
    code = (
        "import sys, assistant.brain.scripted, assistant.brain.choose\n"
        "print([m for m in ('httpx', 'numpy', 'textual') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
