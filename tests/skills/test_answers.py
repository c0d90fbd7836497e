"""What skills answer, each called as a tool."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from assistant.calls.parser import ToolCall
from assistant.skills import SkillSet, SkillSources, all_skills
from assistant.skills.calendar import day_named
from assistant.tools.executor import ToolExecutor
from assistant.tools.registry import ToolRegistry, ToolResult


async def run(sources: SkillSources, name: str, /, **arguments: Any) -> ToolResult:
    tools = SkillSet(all_skills(sources)).tools
    return await ToolExecutor(ToolRegistry(tools)).run(ToolCall(name, arguments, origin="speech"))


async def told(sources: SkillSources, words: str) -> str:
    """What is said to these words."""
    call = SkillSet(all_skills(sources)).call(words)
    assert call is not None
    result = await run(sources, call.name, **call.arguments)
    return result.spoken if result.spoken is not None else result.content


async def test_a_coin_falls_on_both_sides() -> None:
    sources = SkillSources(random=Random(1))
    assert {await told(sources, "flip a coin") for _ in range(20)} == {"Heads.", "Tails."}


async def test_dice_add_up() -> None:
    sources = SkillSources(random=Random(1))
    assert await told(sources, "roll two dice") == "Two and five: that makes seven."
    assert (await told(sources, "roll a die")).startswith("It is a")


async def test_a_number_is_within_its_bounds_whichever_comes_first() -> None:
    sources = SkillSources(random=Random(1))
    for words in ("a number between 5 and 6", "pick a number between 6 and 5"):
        assert await told(sources, f"pick {words.removeprefix('pick ')}") in ("5.", "6.")


async def test_one_of_the_things_is_chosen() -> None:
    answers = {await told(SkillSources(), "pick one: tea or coffee") for _ in range(30)}
    assert answers == {"Tea.", "Coffee."}


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("spell necessary", "Necessary: N, E, C, E, S, S, A, R, Y."),
        ("how do you spell New York", "New York: N, E, W; Y, O, R, K."),
        ("spell Käse", "Käse: K, Ä, S, E."),
    ],
)
async def test_words_are_spelt(words: str, answer: str) -> None:
    assert await told(SkillSources(), words) == answer


async def test_the_users_last_words_are_those_before_the_question() -> None:
    question = "what did i just say"
    assert await told(SkillSources(heard=lambda: [question]), question) == (
        "You have not said anything before that."
    )
    turns = ["The cat is out.", question]
    assert await told(SkillSources(heard=lambda: turns), question) == "You said: The cat is out."


@pytest.mark.parametrize("count", [0, 21])
async def test_too_many_dice_are_refused(count: int) -> None:
    result = await run(SkillSources(), "throw_dice", count=count)
    assert not result.ok
    assert "count" in result.content


ANSWERS = tomllib.loads(Path(__file__).with_name("answers.toml").read_text("utf-8"))
FRIDAY = SkillSources(now=lambda: datetime(2026, 11, 27, 15, 0, tzinfo=ZoneInfo("Europe/Vienna")))


@pytest.mark.parametrize(("words", "answer"), ANSWERS.items())
async def test_days_hours_units_and_percentages(words: str, answer: str) -> None:
    assert await told(FRIDAY, words) == answer


@pytest.mark.parametrize(
    ("year", "day"), [(1961, (4, 2)), (2000, (4, 23)), (2024, (3, 31)), (2038, (4, 25))]
)
async def test_easter_is_when_the_church_says(year: int, day: tuple[int, int]) -> None:
    assert day_named(f"easter {year}", date(2026, 1, 1)) == date(year, *day)


async def test_what_is_not_known_is_said() -> None:
    for name, arguments, word in (
        ("convert", {"amount": 1, "unit": "parsecs", "to": "miles"}, "parsecs"),
        ("convert", {"amount": 1, "unit": "litres", "to": "miles"}, "litres"),
        ("time_in", {"place": "Atlantis"}, "Atlantis"),
        ("days_until", {"day": "the end of the world"}, "the end of the world"),
    ):
        result = await run(SkillSources(), name, **arguments)
        assert not result.ok
        assert word in result.content
