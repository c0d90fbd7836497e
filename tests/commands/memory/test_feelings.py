"""`assistant memory feelings`: weeks and patterns, with where they were said."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from assistant.commands.memory.feelings import sparkline
from assistant.memory.base import Journal, Turn
from tests.commands.memory.stored import House, empty

__all__ = ["empty"]


@pytest.fixture
def talked(empty: House) -> House:
    from assistant.config.schema import MemoryConfig
    from assistant.memory.factory import open_store

    store = open_store(MemoryConfig())
    now = datetime.now().astimezone()
    said = (
        "My sister is here, I'm so happy about it!",
        "I'm exhausted after work",
        "I'm so angry at work\x1b[31m",
        "I'm thrilled about my sister",
    )
    for number, text in enumerate(said):
        at = now - timedelta(days=2 * number)
        turns = [Turn(1, "user", "You", text, at)]
        store.write(Journal(f"{at:%Y-%m-%dT%H%M%S}-jarvis", at, "jarvis", turns=turns))
    return empty


def test_nothing_yet_is_said_in_one_line(empty: House) -> None:
    assert empty.run("feelings") == 0
    assert "Nothing is remembered yet" in empty.err


def test_what_lifts_and_weighs_is_shown_with_where_it_was_said(talked: House) -> None:
    assert talked.run("feelings") == 0
    lines = talked.out.splitlines()
    sister = next(line for line in lines if line.startswith("your sister"))
    assert "lifts" in sister
    assert sister.count("-jarvis#1") == 2
    assert any(line.startswith("work") and "weighs" in line for line in lines)
    assert "\x1b[31m" not in talked.out


def test_programs_get_weeks_patterns_and_turns(talked: House) -> None:
    data = talked.json("feelings", "--weeks", "3")
    assert len(data["weeks"]) == 3
    assert {each["about"] for each in data["patterns"]} == {"your sister", "work"}
    assert len(data["feelings"]) == 4


def test_a_week_is_a_sign() -> None:
    assert sparkline([0, 1, 2, 4]) == "▁▃▅█"
    assert sparkline([0, 0]) == "▁▁"


@pytest.mark.parametrize("weeks", ["0", "500", "soon"])
def test_weeks_that_cannot_be_are_refused(talked: House, weeks: str) -> None:
    assert talked.run("feelings", "--weeks", weeks) == 2


def test_forgetting_everything_takes_along_what_was_learnt_of_moods(talked: House) -> None:
    file = talked.data / "feelings.json"
    file.write_text("{}")

    assert talked.run("forget", "--all", "--yes") == 0

    assert not file.exists()
