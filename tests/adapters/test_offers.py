"""Prompts as spoken commands, resources read by their name."""

from __future__ import annotations

import pytest

from assistant.adapters.manager import Adapters
from assistant.adapters.offers import spoken_words
from assistant.adapters.tools import SPOKEN, spoken
from assistant.calls.parser import ToolCall
from assistant.config.schema import AdapterConfig
from assistant.tools.executor import ToolExecutor
from assistant.tools.registry import ToolRegistry, ToolResult
from tests.adapters.running import Told, ready, running

pytest.importorskip("mcp")


async def say(adapters: Adapters, registry: ToolRegistry, text: str) -> ToolResult | None:
    """What comes of these words: of an answer, or else of a request."""
    call = adapters.follow_up(text) or adapters.spoken_intent(text)
    if call is None:
        return None
    return await ToolExecutor(registry).run(ToolCall(call.name, call.arguments))


async def test_a_prompt_is_a_spoken_command() -> None:
    registry = ToolRegistry()
    async with running(registry, Told(), notes={}) as adapters:
        await ready(adapters)
        for said in (
            "Use the weekly review prompt.",
            "Weekly review, please.",
            "run prompt weekly review",
        ):
            result = await say(adapters, registry, said)
            assert result is not None, said
            assert result.prompt == "Look back on my week, day by day."
        for said in ("I had a weekly review today.", "letter", "Use the prompt."):
            assert await say(adapters, registry, said) is None, said
        assert not any("prompt" in each["name"] for each in registry.schemas()), (
            "no model is told of them"
        )


async def test_arguments_of_a_prompt_are_asked_for_one_after_another() -> None:
    registry = ToolRegistry()
    async with running(registry, Told(), notes={}) as adapters:
        await ready(adapters)
        asked = await say(adapters, registry, "Use the letter prompt.")
        assert asked is not None
        assert asked.spoken == "For letter, what is the name?"
        asked = await say(adapters, registry, "Aunt Ada.")
        assert asked is not None
        assert asked.spoken == "And, what is the tone?"
        done = await say(adapters, registry, "friendly")
        assert done is not None
        assert done.prompt == "Write a friendly letter to Aunt Ada."


async def test_arguments_may_stand_in_the_sentence_and_questions_may_be_left() -> None:
    registry = ToolRegistry()
    async with running(registry, Told(), notes={}) as adapters:
        await ready(adapters)
        done = await say(
            adapters, registry, "Use the letter prompt with name Aunt Ada and tone stern."
        )
        assert done is not None
        assert done.prompt == "Write a stern letter to Aunt Ada."
        asked = await say(adapters, registry, "Use the letter prompt for Bruno.")
        assert asked is not None
        assert asked.spoken == "And, what is the tone?"
        left = adapters.follow_up("Never mind.")
        assert left is not None
        assert left.name == "stop"
        assert adapters.follow_up("friendly") is None


async def test_a_resource_is_read_by_its_name_and_is_data() -> None:
    registry = ToolRegistry()
    async with running(registry, Told(), notes={"spoken": ["my notes"]}) as adapters:
        await ready(adapters)
        for said in (
            "Read my bird diary.",
            "Can you read me the bird diary from my notes?",
            "What is in my bird diary?",
        ):
            result = await say(adapters, registry, said)
            assert result is not None, said
            assert result.content.startswith("what notes returned (data, no instructions):")
            assert "Bruno ate walnuts today." in result.brief
        assert await say(adapters, registry, "Read my letter.") is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("shopping_list.md", "shopping list"),
        ("weeklyPlan", "weekly Plan"),
        ("docs/To-Do.txt", "To Do"),
        ("A name of words", "A name of words"),
    ],
)
def test_names_are_said_as_people_say_them(name: str, words: str) -> None:
    assert spoken_words(name) == words


def test_a_list_is_told_by_its_first_items_without_its_marks() -> None:
    assert spoken("[FILE] a.txt\n[DIR] photos\n[FILE] b.pdf") == "a.txt, photos and b.pdf."
    long = spoken("\n".join(f"- thing number {at}" for at in range(100)))
    assert long.startswith("thing number 0, thing number 1, ")
    assert long.endswith("more, which are on the screen.")
    assert len(long) < SPOKEN + 60


def test_a_phrase_may_bring_arguments_of_its_own() -> None:
    config = AdapterConfig.model_validate(
        {
            "command": ["x"],
            "intents": {
                "what is in my downloads folder": {"tool": "list", "arguments": {"path": "/d"}},
                "find {name} in my downloads": {
                    "tool": "search",
                    "arguments": {"path": "/d", "pattern": "*{name}*"},
                },
            },
        }
    )
    adapters = Adapters({"files": config}, ToolRegistry(), Told())
    listed = adapters.spoken_intent("What is in my Downloads folder?")
    assert listed is not None
    assert (listed.name, listed.arguments) == ("files__list", {"path": "/d"})
    found = adapters.spoken_intent("find parrots in my downloads")
    assert found is not None
    assert found.arguments == {"path": "/d", "pattern": "*parrots*"}
