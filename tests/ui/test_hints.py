"""Hints: what is possible and new, in the first run and after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.calls.parser import ToolCall
from assistant.locations import hints_file
from assistant.session.events import (
    AnswerPaused,
    AudioChanged,
    BrainChosen,
    ToolCalled,
    UserSaid,
)
from assistant.ui.app import DashboardApp
from assistant.ui.hints import HINTS, Hints, Possible, sayings
from assistant.ui.screens.help import TourScreen
from tests.fakes import READY, FakeSession, until
from tests.ui.looking import click_on, see, text

MakeApp = Callable[..., DashboardApp]
ALL = Possible(microphone=True, model=True, memory=True, other="HAL 9000")


TOOLS = {
    "abilities": ("about_yourself",),
    "timers": ("set_timer",),
    "remember": ("remember",),
    "lists": ("add_to_list",),
    "profile": ("what_do_you_know_about_me",),
}
"""What uses a hint up."""


def used(*tools: str) -> list[ToolCalled]:
    return [ToolCalled(call=ToolCall(name)) for name in tools]


def test_what_cannot_be_done_is_not_proposed() -> None:
    without = [each.words for each in Hints(keeps=False).next(Possible(), len(HINTS))]
    everything = [each.words for each in Hints(keeps=False).next(ALL, len(HINTS))]
    assert not any("remember" in each or "change to" in each for each in without)
    assert "change to HAL 9000" in everything
    assert any("story" in each for each in everything)
    assert not any("story" in each for each in without)


def test_what_was_used_is_gone_in_the_next_run_too(tmp_path: Path) -> None:
    hints = Hints(tmp_path / "data" / "hints.json")
    hints.load()
    assert hints.first_time
    first = hints.next(ALL)
    assert hints.take(used("about_yourself")[0])
    assert hints.next(ALL) != first
    again = Hints(tmp_path / "data" / "hints.json")
    again.load()
    assert not again.first_time
    assert again.next(ALL) == hints.next(ALL)


@pytest.mark.parametrize("kept", ["", "[]", '{"used": 3}', "\x00", '{"other": []}'])
def test_a_damaged_file_costs_nothing(tmp_path: Path, kept: str) -> None:
    (tmp_path / "hints.json").write_text(kept)
    hints = Hints(tmp_path / "hints.json")
    hints.load()
    assert hints.next(ALL)


def test_nothing_of_a_private_conversation_is_written(tmp_path: Path) -> None:
    hints = Hints(tmp_path / "hints.json", keeps=False)
    hints.load()
    hints.take(used("remember")[0])
    assert not (tmp_path / "hints.json").exists()


def test_what_one_can_say_names_somebody_else_or_nobody() -> None:
    assert "“change to Wren”" in dict(sayings("Wren"))["Personas"]
    assert "change to" not in dict(sayings(""))["Personas"]


async def test_the_first_start_offers_a_tour_that_can_be_left_at_any_moment(
    make_app: MakeApp, session: FakeSession
) -> None:
    hints_file().unlink()
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "New here? v shows you around", "Speak, or press / and type.")
        await pilot.press("v")
        await see(pilot, "Talking", "1 of 6", "space turns the microphone off")
        await pilot.press("enter", "enter", "left")
        await see(pilot, "What you can say", "2 of 6", "“change to Core")
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, TourScreen), pilot.pause)
        await pilot.press("v", *["enter"] * 6)
        await until(lambda: not isinstance(app.screen, TourScreen), pilot.pause)


async def test_the_second_start_offers_none(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "Try saying")
        assert "New here?" not in text(app)


async def test_hints_follow_what_is_possible_and_what_was_done(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "Try saying “what can you do”")
        session.emit(*used("about_yourself"))
        await see(pilot, "Try saying “change to Core 9”")
        await session.change_persona("core")
        await see(pilot, "Try saying “set a timer for ten minutes”")
        session.emit(AudioChanged(microphone=None, speaker=None))
        await see(pilot, "Try typing “set a timer")
        session.emit(*used("set_timer", "remember"))
        await see(pilot, "Try typing “how are you today”")
        session.emit(BrainChosen(label="qwen3-1.7b · own server"))
        await see(pilot, "Try typing “tell me a short story")


async def test_a_wide_terminal_proposes_more_beside_the_conversation_and_not_twice(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=(150, 40)) as pilot:
        await see(pilot, "Try saying", "“what can you do”", "“change to Core 9”", "“set a timer")
        assert text(app).count("what can you do") == 1
        await pilot.resize_terminal(120, 30)
        await see(pilot, "Try saying “what can you do”")
        assert "“set a timer" not in text(app)
        await pilot.resize_terminal(150, 40)
        session.emit(*used(*(tool for hint in HINTS for tool in TOOLS.get(hint.id, ()))))
        await session.change_persona("core")
        session.emit(UserSaid(turn=1, text="How are you?", final=True), AnswerPaused(turn=1))
        await until(lambda: "Try saying" not in text(app), pilot.pause)


@pytest.mark.parametrize("size", [(80, 24), (150, 40)])
async def test_a_click_writes_what_one_could_say_and_leaves_what_stands_there(
    make_app: MakeApp, session: FakeSession, size: tuple[int, int]
) -> None:
    app = make_app(session)
    async with app.run_test(size=size) as pilot:
        await see(pilot, "“what can you do”")
        await click_on(pilot, "what can you do")
        await until(lambda: app._dashboard.prompt.input.text == "what can you do", pilot.pause)
        await pilot.press(*" now")
        await click_on(pilot, "what can you do”")
        await pilot.pause()
        assert app._dashboard.prompt.input.text == "what can you do now"


async def test_without_a_microphone_the_tour_says_what_to_do(make_app: MakeApp) -> None:
    session = FakeSession(on_start=[*READY, AudioChanged(microphone=None, speaker="Desk")])
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "no microphone")
        await pilot.press("v")
        await see(pilot, "There is no microphone: press / and type")
