"""What people ask for in words, and what they say that asks for nothing.

`requests.toml` has a table for each tool: the words, and the arguments that they give it.
`ordinary.txt` has sentences that must start nothing, whatever they are about.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from assistant.skills import SkillSet, SkillSources, all_skills

HERE = Path(__file__).parent
REQUESTS = [
    (words, name, arguments)
    for name, table in tomllib.loads((HERE / "requests.toml").read_text("utf-8")).items()
    for words, arguments in table.items()
]
ORDINARY = [
    line
    for line in (HERE / "ordinary.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
SKILLS = SkillSet(all_skills(SkillSources()), lambda: ["JARVIS"])


@pytest.mark.parametrize(("words", "name", "arguments"), REQUESTS)
def test_what_people_ask_for(words: str, name: str, arguments: dict[str, Any]) -> None:
    call = SKILLS.call(words)
    assert call is not None
    assert (call.name, call.arguments) == (name, arguments)


@pytest.mark.parametrize("dressed", ["Jarvis, {}", "{}, please", "Hey Jarvis. {}", "could you {}"])
@pytest.mark.parametrize(
    ("words", "name", "arguments"),
    [each for each in REQUESTS if each[0].split()[0] in ("set", "add", "flip", "spell", "remind")],
)
def test_politeness_changes_nothing(
    words: str, name: str, arguments: dict[str, Any], dressed: str
) -> None:
    call = SKILLS.call(dressed.format(words))
    assert call is not None
    assert (call.name, call.arguments) == (name, arguments)


@pytest.mark.parametrize("sentence", ORDINARY)
def test_an_ordinary_sentence_starts_nothing(sentence: str) -> None:
    assert SKILLS.call(sentence) is None
    assert SKILLS.call(f"Jarvis, {sentence}") is None


def test_there_are_enough_of_both() -> None:
    assert len(REQUESTS) >= 120
    assert len(ORDINARY) >= 200
