"""Lists: what is on them, and that no answer says more than what happened."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from assistant.skills import Lists, SkillSet, SkillSources, all_skills
from tests.skills.test_answers import run, told


@pytest.fixture
def kept(tmp_path: Path) -> SkillSources:
    return SkillSources(lists=Lists(tmp_path / "kept" / "lists.json"))


async def test_what_is_put_on_a_list_is_read_from_it(kept: SkillSources) -> None:
    words = "put milk, eggs and bread on my shopping list"
    assert await told(kept, words) == "Milk, eggs and bread are on your shopping list now."
    assert (
        await told(kept, "add call mum to my to do list") == "Call mum is on your to-do list now."
    )
    assert await told(kept, "what is on my shopping list") == (
        "On your shopping list are milk, eggs and bread."
    )
    assert await told(kept, "what is on my list") == (
        "On your shopping list are milk, eggs and bread. On your to-do list is call mum."
    )
    assert await told(kept, "is Milk on my list") == "Yes, Milk is on your shopping list."
    assert await told(kept, "add milk to my list") == "Milk is on your shopping list already."


@pytest.mark.parametrize("words", ["take the oat milk off my shopping list",
                                   "remove my oat milk from the shopping list"])  # fmt: skip
async def test_a_thing_is_known_by_any_article(kept: SkillSources, words: str) -> None:
    await told(kept, "put oat milk on my shopping list")
    assert "is off your shopping list" in await told(kept, words)


async def test_what_is_taken_off_is_gone(kept: SkillSources) -> None:
    await told(kept, "put milk and eggs on my shopping list")
    assert (
        await told(kept, "remove Milk from my shopping list") == "Milk is off your shopping list."
    )
    assert await told(kept, "is milk on my list") == "No, milk is not on your shopping list."
    assert await told(kept, "clear my shopping list") == (
        "Your shopping list is empty now: one thing went."
    )
    assert await told(kept, "clear my shopping list") == "Your shopping list was empty already."


async def test_nothing_is_said_to_be_done_that_was_not(kept: SkillSources) -> None:
    result = await run(kept, "remove_from_list", items=["caviar"])
    assert not result.ok
    assert result.content == "Caviar is not on your shopping list."


async def test_which_list_is_asked_before_one_is_cleared(kept: SkillSources) -> None:
    await told(kept, "add milk to my shopping list")
    await told(kept, "add laundry to my to do list")
    result = await run(kept, "clear_list")
    assert result.content == "Which one? There are a shopping list and a to-do list."


async def test_lists_survive_a_restart_and_are_private(kept: SkillSources) -> None:
    await told(kept, "add milk to my shopping list")
    path = kept.lists.path
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    later = SkillSources(lists=Lists(path))
    assert await told(later, "what is on my shopping list") == "On your shopping list is milk."


async def test_without_a_file_the_user_is_told_how_long_it_is_kept() -> None:
    assert await told(SkillSources(), "add milk to my list") == (
        "Milk is on your shopping list now. I keep it only while I am running."
    )


@pytest.mark.parametrize("rubbish", ["{", "[]", '{"shopping": 3}', "\x00"])
async def test_a_damaged_file_is_told_and_stays_as_it_is(kept: SkillSources, rubbish: str) -> None:
    path = kept.lists.path
    assert path is not None
    path.parent.mkdir()
    path.write_text(rubbish)
    result = await run(kept, "add_to_list", items=["milk"])
    assert not result.ok
    assert "lists.json" in result.content
    assert path.read_text() == rubbish


async def test_a_full_disk_is_told(kept: SkillSources, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assistant.skills.lists.write_whole", full)
    result = await run(kept, "add_to_list", items=["milk"])
    assert not result.ok
    assert "nothing has changed" in result.content


async def test_a_private_conversation_reads_what_is_there_and_keeps_nothing(
    kept: SkillSources,
) -> None:
    await told(kept, "add milk to my shopping list")
    private = SkillSources(lists=Lists(kept.lists.path, keeps=False))
    assert await told(private, "add gin to my shopping list") == (
        "Gin is on your shopping list now. I keep it only while I am running."
    )
    assert await told(private, "what is on my list") == "On your shopping list are milk and gin."
    assert await told(kept, "what is on my list") == "On your shopping list is milk."


async def test_the_turn_behind_need_not_name_the_list_again(kept: SkillSources) -> None:
    await told(kept, "add bread, butter and jam to my shopping list")
    skills = SkillSet(all_skills(kept))
    [same] = [each for each in skills.tools if each.name == "change_same_list"]
    for words, answer in (
        ("and add some eggs as well", "Eggs are on your shopping list."),
        ("remove the jam", "Jam is off your shopping list."),
        ("what's on it", "On your shopping list are bread, butter and eggs."),
    ):
        call = skills.follow_up(words)
        assert call is not None, words
        assert same(**call.arguments) == answer
    assert skills.follow_up("take a seat") is None
    assert skills.follow_up("what's on it") is None, "something else was spoken of meanwhile"
