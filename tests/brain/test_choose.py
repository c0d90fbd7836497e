"""Who answers is chosen from the settings and from what runs on this machine, and said why."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from assistant.brain.base import BrainError
from assistant.brain.choose import FallbackBrain, choose_brain
from assistant.brain.local.process import LocalServer
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


@pytest.fixture
def own_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A file that a model could be in, and a child that loads nothing."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"")
    monkeypatch.setattr(LocalServer, "start", lambda self: None)
    return str(path)


async def test_auto_takes_a_model_of_our_own_where_no_server_runs(own_model: str) -> None:
    label, reason, searched = await choose(BrainConfig(weights=own_model))
    assert (label, searched) == ("mine · own server", True)
    assert "our own" in reason


async def test_the_users_server_goes_before_our_own(own_model: str) -> None:
    label, _, _ = await choose(BrainConfig(weights=own_model), OLLAMA)
    assert label == "qwen3:4b · Ollama"


async def test_local_asks_no_server(own_model: str) -> None:
    label, _, searched = await choose(BrainConfig(kind="local", weights=own_model), OLLAMA)
    assert (label, searched) == ("mine · own server", False)


async def test_openai_is_never_our_own(own_model: str) -> None:
    label, _, _ = await choose(BrainConfig(kind="openai", weights=own_model))
    assert label == "scripted"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (BrainConfig(kind="local"), "no language model of our own"),
        (BrainConfig(kind="local", weights="gone"), "not on this machine"),
        (BrainConfig(weights="gone"), "not on this machine"),
    ],
)
async def test_a_model_that_is_not_here_is_told_and_the_persona_answers(
    config: BrainConfig, words: str
) -> None:
    told: list[BrainError] = []

    async def find() -> FoundServer | None:
        return None

    brain, _ = await choose_brain(config, notify=told.append, find=find)
    assert brain.label == "scripted"
    assert words in told[0].message
    assert "assistant setup brain" in told[0].remedy


def test_the_scripted_persona_and_the_search_load_no_http_client() -> None:
    code = (
        "import sys, assistant.brain.scripted, assistant.brain.choose\n"
        "print([m for m in ('httpx', 'numpy', 'textual') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
