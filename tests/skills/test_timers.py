"""Timers, alarms and reminders as they are asked for, and the file that keeps them."""

from __future__ import annotations

import json
import stat
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assistant.skills import Schedule, SkillSet, SkillSources, all_skills
from assistant.skills.schedule import Timer
from assistant.tools.registry import ToolError
from tests.skills.test_answers import run, told

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=ZoneInfo("Europe/Vienna"))


def skills(path: Path | None) -> SkillSources:
    return SkillSources(
        now=lambda: NOW, schedule=Schedule(path), clock=iter(range(0, 99, 9)).__next__
    )


@pytest.fixture
def kept(tmp_path: Path) -> SkillSources:
    return skills(tmp_path / "kept" / "timers.json")


async def test_several_run_at_once_and_are_told_apart(kept: SkillSources) -> None:
    assert (
        await told(kept, "set a pasta timer for ten minutes")
        == "Your pasta timer is set: ten minutes."
    )
    assert (
        await told(kept, "set a timer for 90 seconds")
        == "Your timer is set: one minute and thirty seconds."
    )
    assert (
        await told(kept, "how long do i have left on the pasta")
        == "Your pasta timer has ten minutes left."
    )
    assert await told(kept, "what timers are running") == (
        "Your timer has one minute and thirty seconds left. Your pasta timer has ten minutes left."
    )
    assert await told(kept, "cancel the pasta timer") == "The pasta timer is cancelled."
    assert await told(kept, "cancel the timer") == "The timer is cancelled."
    assert await told(kept, "how long left") == "There is no timer running."


async def test_which_one_is_asked_where_several_may_be_meant(kept: SkillSources) -> None:
    await told(kept, "set a pasta timer for ten minutes")
    await told(kept, "set an egg timer for five minutes")
    assert (
        await told(kept, "cancel the timer")
        == "Which one? There are the egg timer and the pasta timer."
    )
    assert len(kept.schedule.timers()) == 2
    assert await told(kept, "cancel all timers") == "All two are cancelled."


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("cancel that", "The alarm is cancelled."),
        ("no, forget it", "The alarm is cancelled."),
        ("actually make it seven", "tomorrow at seven o'clock in the morning."),
        ("sorry, half past eight", "tomorrow at eight thirty in the morning."),
        ("I'd rather have a coffee", None),
        ("no", None),
    ],
)
async def test_what_was_set_a_moment_ago_is_corrected(
    kept: SkillSources, words: str, answer: str | None
) -> None:
    await told(kept, "set an alarm for a quarter to seven in the morning")
    skills = SkillSet(all_skills(kept))
    call = skills.follow_up(words)
    if answer is None:
        assert call is None
        return
    assert call is not None
    [correct] = [each for each in skills.tools if each.name == call.name]
    assert correct().endswith(answer)
    assert len(kept.schedule.timers()) == (0 if "cancelled" in answer else 1)
    assert skills.follow_up(words) is None, "only the turn behind it"


async def test_an_alarm_says_when_it_will_ring(kept: SkillSources) -> None:
    assert await told(kept, "wake me at seven") == (
        "Your alarm is set: tomorrow at seven o'clock in the morning."
    )
    assert await told(kept, "when is my alarm") == (
        "Your alarm is set: tomorrow at seven o'clock in the morning."
    )


@pytest.mark.parametrize(
    ("words", "left"),
    [("the pasta one", ["egg"]), ("Egg.", ["pasta"]), ("both", []), ("the green one", None)],
)
async def test_which_one_is_answered(
    kept: SkillSources, words: str, left: list[str] | None
) -> None:
    await told(kept, "set a pasta timer for ten minutes")
    await told(kept, "set an egg timer for five minutes")
    skills = SkillSet(all_skills(kept))
    tools = {each.name: each for each in skills.tools}
    assert skills.follow_up(words) is None
    with pytest.raises(ToolError, match="Which one"):
        tools["cancel_timer"](kind="timer")
    call = skills.follow_up(words)
    assert (call is None) is (left is None)
    if call is not None:
        tools["cancel_timer"](**call.arguments)
        assert [each.name for each in kept.schedule.timers()] == left
    assert skills.follow_up("the pasta one") is None


async def test_one_is_known_by_its_time(kept: SkillSources) -> None:
    await told(kept, "wake me at seven")
    await told(kept, "set an alarm for nine in the evening")
    assert (await told(kept, "when is my seven o'clock alarm")).endswith(
        "seven o'clock in the morning."
    )
    assert await told(kept, "cancel the alarm for tomorrow") == "The alarm is cancelled."
    [left] = kept.schedule.timers()
    assert await told(kept, "cancel my nine o'clock alarm") == "The alarm is cancelled."
    assert left.due == datetime(2026, 11, 27, 21, 0, tzinfo=NOW.tzinfo).timestamp()


async def test_a_reminder_says_what_and_when(kept: SkillSources) -> None:
    assert await told(kept, "remind me to call my mother tomorrow at nine") == (
        "I will remind you tomorrow at nine o'clock in the morning to call your mother."
    )
    [timer] = kept.schedule.timers()
    assert timer.announced() == "You asked me to remind you to call your mother."


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("set a timer", "For how long?"),
        ("set an alarm", "For what time?"),
        ("remind me to be nice", "For what time?"),
    ],
)
async def test_what_is_missing_is_asked_and_nothing_is_set(
    kept: SkillSources, words: str, question: str
) -> None:
    assert (await told(kept, words)).startswith(question)
    assert not kept.schedule.timers()


async def test_a_timer_can_be_given_more_time(kept: SkillSources) -> None:
    await told(kept, "set a pasta timer for ten minutes")
    words = "add five minutes to the pasta timer"
    assert await told(kept, words) == "Your pasta timer has fifteen minutes left."
    assert await told(kept, "add five minutes to the tea timer") == "There is no tea timer running."


async def test_a_reminder_of_nothing_is_a_reminder_all_the_same(kept: SkillSources) -> None:
    assert await told(kept, "set a reminder for half past four") == (
        "I will remind you at four thirty in the afternoon."
    )
    [timer] = kept.schedule.timers()
    assert timer.announced() == "This is your reminder."


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (
            "remind me to take my pills every day at nine",
            "I will remind you every day at nine o'clock in the morning to take your pills.",
        ),
        (
            "remind me every two hours to drink water",
            "I will remind you every two hours to drink water.",
        ),
        (
            "wake me at seven every monday",
            "Your alarm is set: every Monday at seven o'clock in the morning.",
        ),
        (
            "set an alarm for six thirty every weekday",
            "Your alarm is set: every weekday at six thirty in the morning.",
        ),
        (
            "set an alarm for six pm every day",
            "Your alarm is set: every day at six o'clock in the evening.",
        ),
        (
            "set a daily alarm for noon",
            "Your alarm is set: every day at noon.",
        ),
    ],
)
async def test_what_comes_back_is_set_and_said_so(
    kept: SkillSources, words: str, answer: str
) -> None:
    assert await told(kept, words) == answer
    assert await told(kept, "which reminders do i have" if "remind" in words else
                      "which alarms do i have") == answer  # fmt: skip
    [timer] = kept.schedule.timers()
    kept.schedule.told(timer, NOW)
    [later] = kept.schedule.timers()
    assert later.due > timer.due
    for words in ("when is my daily reminder", "when is my recurring alarm"):
        assert (timer.kind not in words) or "There is no" not in await told(kept, words)
    assert await told(kept, f"cancel my {timer.kind}") == f"The {timer.called} is cancelled."
    assert kept.schedule.timers() == []


def test_what_was_missed_often_comes_back_once(kept: SkillSources) -> None:
    week_ago = (NOW - timedelta(days=7)).timestamp()
    kept.schedule.add("reminder", "to stretch", week_ago, "days 1 15:00")
    [timer] = kept.schedule.timers()
    kept.schedule.told(timer, NOW)
    assert [each.due for each in kept.schedule.timers()] == [(NOW + timedelta(days=1)).timestamp()]
    later = skills(kept.schedule.path)
    later.schedule.load()
    assert later.schedule.timers() == kept.schedule.timers()


async def test_what_rings_is_answered_or_put_off(kept: SkillSources) -> None:
    words = SkillSet(all_skills(kept))
    assert words.call("okay, thanks") is None
    assert words.call("five more minutes") is None
    assert (await run(kept, "snooze")).content.startswith("Nothing rings")
    tea = Timer(1, "timer", "tea", NOW.timestamp())
    for said in ("okay", "Thanks!", "okay, I'm up", "stop ringing", "all right, thank you"):
        kept.schedule.ringing = [tea]
        assert await told(kept, said) == "The tea timer is off."
        assert kept.schedule.ringing == []
    assert await told(kept, "five more minutes") == "I will tell you again in five minutes."
    assert [each.name for each in kept.schedule.timers()] == ["tea"]
    kept.schedule.ringing = [tea]
    assert await told(kept, "turn off the timer") == "The tea timer is off."
    assert len(kept.schedule.timers()) == 1
    kept.schedule.ringing = [tea]
    for said in ("snooze", "give me ten more minutes", "another ten minutes", "ten minutes"):
        kept.schedule.ringing = [tea]
        assert await told(kept, said) == "I will tell you again in ten minutes."


def test_one_program_hears_of_what_another_sets_and_cancels(tmp_path: Path) -> None:
    path = tmp_path / "timers.json"
    conversation, command = Schedule(path), Schedule(path)
    conversation.load()
    command.load()
    tea, _ = command.add("timer", "tea", 1.8e9)
    conversation.take_up()
    assert conversation.timers() == [tea]
    eggs, _ = conversation.add("timer", "eggs", 1.8e9 + 1)
    command.take_up()
    command.remove([tea])
    conversation.take_up()
    assert conversation.timers() == [eggs]
    command.clear()
    conversation.take_up()
    assert conversation.timers() == []


async def test_nothing_is_cancelled_that_is_not_there(kept: SkillSources) -> None:
    result = await run(kept, "cancel_timer", name="tea")
    assert (result.ok, result.content) == (False, "There is no tea timer to cancel.")


async def test_a_thing_that_is_no_timers_name_is_no_question_about_timers(
    kept: SkillSources,
) -> None:
    names = SkillSet(all_skills(kept))
    assert names.call("how long do i have left on the lease") is None
    await told(kept, "set a lease timer for ten minutes")
    assert names.call("how long do i have left on the lease") is not None


async def test_they_survive_a_restart_in_a_private_file(kept: SkillSources) -> None:
    await told(kept, "set a pasta timer for ten minutes")
    path = kept.schedule.path
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    later = skills(path)
    later.schedule.load()
    assert later.schedule.timers() == kept.schedule.timers()


async def test_without_a_file_the_user_is_told(kept: SkillSources) -> None:
    words = "set a timer for ten minutes"
    assert await told(skills(None), words) == (
        "Your timer is set: ten minutes. I keep it only while I am running."
    )


async def test_a_full_disk_is_told(kept: SkillSources, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("assistant.skills.schedule.write_whole", full)
    assert await told(kept, "set a timer for ten minutes") == (
        "Your timer is set: ten minutes. I could not write it down: it ends when I do."
    )


@pytest.mark.parametrize(
    "rubbish",
    ["{", "3", '[{"number": 1}]', '[{"number": 1, "kind": "bomb", "name": "", "due": 3}]',
     '[{"number": 1, "kind": "timer", "name": 3, "due": 3}]', "\x00",
     '[{"number": 1, "kind": "timer", "name": "", "due": 3, "every": "never"}]',
     '[{"number": 1, "kind": "timer", "name": "", "due": 3, "every": ["days"]}]'],
)  # fmt: skip
def test_a_damaged_file_is_moved_aside_and_named(tmp_path: Path, rubbish: str) -> None:
    path = tmp_path / "timers.json"
    path.write_text(rubbish)
    with pytest.raises(ValueError, match=r"timers\.damaged"):
        Schedule(path).load()
    assert not path.exists()
    assert path.with_suffix(".damaged").read_text() == rubbish


def test_the_file_is_plain(kept: SkillSources) -> None:
    timer, written = kept.schedule.add("timer", "tea", 1_800_000_000.0)
    assert written
    assert kept.schedule.path is not None
    assert json.loads(kept.schedule.path.read_text()) == [
        {"number": timer.number, "kind": "timer", "name": "tea", "due": 1_800_000_000.0}
    ]


async def test_a_stopwatch(kept: SkillSources) -> None:
    tools = {each.name: each for each in SkillSet(all_skills(kept)).tools}
    stopwatch = tools["stopwatch"]
    assert await stopwatch("read") == "The stopwatch is not running."
    assert await stopwatch("start") == "The stopwatch is running."
    assert await stopwatch("read") == "So far 9.0 seconds."
    assert await stopwatch("stop") == "The stopwatch stands at 18.0 seconds."
    assert await stopwatch("read") == "The stopwatch stands at 18.0 seconds."


async def test_in_a_private_conversation_what_was_set_still_rings(kept: SkillSources) -> None:
    await told(kept, "set a pasta timer for ten minutes")
    path = kept.schedule.path
    private = SkillSources(now=lambda: NOW, schedule=Schedule(path, keeps=False))
    private.schedule.load()
    assert (await told(private, "set a secret timer for one minute")).endswith(
        "I keep it only while I am running."
    )
    assert [each.name for each in private.schedule.timers()] == ["secret", "pasta"]
    later = Schedule(path)
    later.load()
    assert [each.name for each in later.timers()] == ["pasta"]
    private.schedule.remove(private.schedule.timers())
    later = Schedule(path)
    later.load()
    assert later.timers() == []


def test_two_programs_lose_each_other_nothing(tmp_path: Path) -> None:
    path = tmp_path / "timers.json"
    one, other, later = Schedule(path), Schedule(path), Schedule(path)
    tea, _ = one.add("timer", "tea", 1.8e9)
    other.add("timer", "eggs", 1.8e9 + 1)
    one.remove([tea])
    one.add("alarm", "", 1.8e9 + 2)
    later.load()
    assert [each.called for each in later.timers()] == ["eggs timer", "alarm"]
