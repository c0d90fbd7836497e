"""What people ask for in words, and what they say that asks for nothing.

`requests.toml` has a table for each tool: the words, and the arguments that they give it.
`ordinary.txt` has sentences that must start nothing, whatever they are about.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from assistant.language.inverse_normalisation.written import written
from assistant.skills import Limits, Schedule, SkillSet, SkillSources, all_skills
from assistant.skills.about import OwnFacts
from assistant.skills.schedule import Timer

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
BEYOND = [
    (words, topic)
    for topic, told in tomllib.loads((HERE / "beyond.toml").read_text("utf-8")).items()
    for words in told
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


@pytest.mark.parametrize(("words", "name", "arguments"), REQUESTS)
def test_the_written_form_asks_for_the_same(
    words: str, name: str, arguments: dict[str, Any]
) -> None:
    """What was said comes as one writes it: "20 minutes", "7:30", "15%"."""
    call = SKILLS.call(written(words))
    assert call is not None
    assert call.name == name
    timeless = {key: value for key, value in call.arguments.items() if key not in ("when", "day")}
    expected = {**arguments, "requests": [written(each) for each in arguments.get("requests", ())]}
    assert timeless.items() <= expected.items()


def _alone() -> SkillSet:
    """Without a model, while a timer runs and another rings, in the middle of a conversation."""
    schedule = Schedule()
    for kind, name in (("timer", "pasta"), ("alarm", ""), ("reminder", "to drink water")):
        schedule.add(kind, name, 2e9)  # type: ignore[arg-type]
    schedule.rang = [Timer(9, "timer", "eggs", 1.0)]
    talk = [("user", "My cat is out."), ("assistant", "Oh."), ("user", "…")]
    sources = SkillSources(
        facts=lambda: OwnFacts(brain="scripted"), schedule=schedule, talk=lambda: talk
    )
    return SkillSet(all_skills(sources), lambda: ["JARVIS"])


ALONE = _alone()
LIMITS = Limits(lambda: ["JARVIS"])


@pytest.mark.parametrize("skills", [SKILLS, ALONE], ids=["model", "alone"])
@pytest.mark.parametrize("sentence", ORDINARY)
def test_an_ordinary_sentence_starts_nothing(sentence: str, skills: SkillSet) -> None:
    assert skills.call(sentence) is None
    assert skills.call(f"Jarvis, {sentence}") is None
    assert skills.call(written(sentence)) is None


@pytest.mark.parametrize(("words", "topic"), BEYOND)
def test_what_is_not_done_here_is_known(words: str, topic: str) -> None:
    assert LIMITS.topic(words) == topic
    assert ALONE.call(words) is None


@pytest.mark.parametrize(
    ("words", "name", "arguments"),
    [
        ("five more minutes", "snooze", {"when": "five minutes"}),
        ("add five minutes", "extend_timer", {"when": "five minutes", "name": ""}),
        ("give the pasta two more minutes", "extend_timer",
         {"when": "two minutes", "name": "pasta"}),
        ("stop the pasta", "cancel_timer", {"name": "pasta"}),
        ("stop reminding me to drink water", "cancel_timer",
         {"name": "drink water", "kind": "reminder"}),
        ("time left", "show_timers", {}),
        ("how long do I have", "show_timers", {}),
        ("summarise what we talked about", "what_was_talked_about", {}),
        ("what have we talked about so far", "what_was_talked_about", {}),
        ("give me a summary of our conversation", "what_was_talked_about", {}),
    ],
)  # fmt: skip
def test_what_is_asked_for_as_things_stand(
    words: str, name: str, arguments: dict[str, Any]
) -> None:
    call = _alone().call(words)  # made anew: what rang a moment ago is soon long ago
    assert call is not None
    assert (call.name, call.arguments) == (name, arguments)
    assert SKILLS.call(words) is None


def test_there_are_enough_of_both() -> None:
    assert len(REQUESTS) >= 300
    assert len(ORDINARY) >= 430
