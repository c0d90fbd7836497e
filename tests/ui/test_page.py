"""The conversation as a page: whose words they are, what is said just now, what is done with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from assistant.calls.parser import ToolCall
from assistant.memory.deletion.plan import DeletionPreview
from assistant.personas.checks import contrast
from assistant.session.events import (
    AgentSaid,
    AnswerProgress,
    FeelingHeard,
    FeelingTakenBack,
    FirstSample,
    MemoryForgotten,
    MemoryKept,
    PersonaChanged,
    SessionEvent,
    StateChanged,
    ToolFinished,
    TurnStarted,
    UserSaid,
)
from assistant.tools.registry import ToolResult
from assistant.ui.app import DashboardApp
from assistant.ui.screens.memory import MemoryScreen
from assistant.ui.widgets.transcript import MOST_SHOWN
from tests.fakes import BUTLER, CORE, FRIEND, FakeSession, until
from tests.ui.looking import click_on, rows, see, segments, text
from tests.ui.remembered import evening, recalled, remembering

MakeApp = Callable[..., DashboardApp]


def said(turn: int, words: str, persona: str = "butler") -> AgentSaid:
    return AgentSaid(turn=turn, persona=persona, text=words, final=True, played=words)


def heard(turn: int, words: str) -> UserSaid:
    return UserSaid(turn=turn, text=words, final=True)


def color_of(app: DashboardApp, words: str) -> str:
    """Of the last segment that holds these words: in the conversation, not in the frames above."""
    for segment in reversed(list(segments(app))):
        if words in segment.text and segment.style and segment.style.color:
            return segment.style.color.get_truecolor().hex
    raise AssertionError(f"{words} is not on the screen")


async def test_who_has_spoken_keeps_his_colour_under_whoever_comes(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=(100, 30)) as pilot:
        session.emit(said(1, "Good day."))
        await see(pilot, "Good day.")
        before = color_of(app, "Butler")
        session.emit(PersonaChanged(persona=CORE), said(2, "Is it.", "core"))
        await see(pilot, "Core 9 takes over", "Is it.")
        session.emit(StateChanged(state="idle"))
        await pilot.pause(0.1)
        assert color_of(app, "Butler") == before == BUTLER.colors.primary
        assert color_of(app, "takes over") == CORE.colors.primary


async def test_a_colour_that_cannot_be_read_on_another_ground_is_moved_until_it_can(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=(100, 30)) as pilot:
        session.emit(said(1, "Good day."))
        await see(pilot, "Good day.")
        await session.change_persona(FRIEND.slug)
        await see(pilot, "Wren takes over")
        await pilot.pause(0.2)
        assert contrast(BUTLER.colors.primary, FRIEND.colors.background) < 4.5
        assert contrast(color_of(app, "Butler"), FRIEND.colors.background) >= 4.5


async def test_text_is_at_most_90_columns_wide(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=(220, 40)) as pilot:
        session.emit(said(1, "word " * 80))
        await see(pilot, "word word")
        lines = [each for row in rows(app) for each in re.findall(r"word(?: word)*", row)]
        widest = max(map(len, lines))
        assert 80 <= widest <= 90


async def test_on_a_wide_terminal_the_page_stands_in_the_middle(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=(220, 40)) as pilot:
        session.emit(said(1, "Good day."), heard(3, "Hello."))
        await see(pilot, "Good day.", "Hello.")
        room = app.query_one("#transcript").content_region
        for turn in app.query(".turn"):
            left, right = turn.region.x - room.x, room.right - turn.region.right
            assert abs(left - right) <= 1
            assert left > 20


async def test_the_word_that_sounds_is_marked_and_only_while_it_sounds(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)

    def marked() -> list[str]:
        return [s.text for s in segments(app) if s.style and s.style.underline and s.text.strip()]

    async with app.run_test() as pilot:
        session.emit(AgentSaid(turn=1, persona="butler", text="One two, three."))
        await see(pilot, "One two, three.")
        assert marked() == []
        session.emit(AnswerProgress(turn=1, words=2))
        await until(lambda: marked() == ["two,"], pilot.pause)
        session.emit(AnswerProgress(turn=1, words=9))
        await until(lambda: marked() == [], pilot.pause)
        session.emit(AnswerProgress(turn=1, words=3))
        await until(lambda: marked() == ["three."], pilot.pause)
        session.emit(AgentSaid(turn=1, persona="butler", final=True, played="One two, three."))
        await until(lambda: marked() == [], pilot.pause)


async def test_thinking_is_shown_until_it_is_over(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        session.emit(heard(1, "Why?"), StateChanged(state="thinking"))
        await see(pilot, "Butler is thinking")
        session.emit(StateChanged(state="speaking"), AgentSaid(turn=2, persona="butler", text="So"))
        await until(lambda: "is thinking" not in text(app), pilot.pause)


async def test_a_quiet_mark_stands_beside_a_users_turn_and_tells_its_reason(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        session.emit(heard(1, "I told you already!"))
        await see(pilot, "I told you already!")
        transcript = app._dashboard.transcript
        transcript.mark(1, "~", "you sound annoyed: “already”")
        transcript.mark(99, "~", "no such turn")
        await see(pilot, "You  ~")
        assert str(transcript.turns()[0].tooltip) == "you sound annoyed: “already”"


async def test_enter_tells_why_a_turn_is_marked_and_takes_it_away_again(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    cues = ("said “I already told you”",)
    feeling = FeelingHeard(turn=1, kind="frustrated", arousal=0.0, confidence=0.8, cues=cues)
    async with app.run_test() as pilot:
        session.emit(heard(1, "I already told you!"), feeling, said(2, "You did."))
        await see(pilot, "~ frustrated", "You did.")
        assert "because" not in text(app)
        await pilot.press("up", "up", "enter")
        await see(pilot, "You seemed frustrated because of this: said “I already told you”")
        await pilot.press("enter")
        await until(lambda: "because" not in text(app), pilot.pause)
        await pilot.press("down", "down", "enter")
        await see(pilot, "because of this")
        session.emit(FeelingTakenBack(turn=1))
        await until(lambda: "because" not in text(app), pilot.pause)


async def test_a_click_on_the_mark_does_the_same(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    feeling = FeelingHeard(turn=1, kind="tired", arousal=0.0, confidence=0.8, cues=("said “yawn”",))
    async with app.run_test() as pilot:
        session.emit(heard(1, "Yawn."), feeling)
        await click_on(pilot, "~ tired")
        await see(pilot, "because of this: said “yawn”")


async def test_a_click_opens_the_memory_it_is_on_not_the_newest(
    make_app: MakeApp, session: FakeSession
) -> None:
    session.memory = remembering(evening())
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        session.emit(*(MemoryKept(memory=each) for each in evening().memories[:2]))
        await see(pilot, "remembered: your sister is called Grace", "Picasso")
        await click_on(pilot, "your sister is called Grace")
        await see(pilot, "To be asked")
        screen = app.screen
        assert isinstance(screen, MemoryScreen)
        row = screen._list.row
        assert row is not None
        assert "Grace" in row.text


async def test_enter_opens_the_memory_that_was_kept(
    make_app: MakeApp, session: FakeSession
) -> None:
    session.memory = remembering(evening())
    app = make_app(session)
    call = ToolCall("remember", {"text": "x"})
    async with app.run_test(size=(120, 40)) as pilot:
        session.emit(ToolFinished(result=ToolResult(call, True, "your parrot is called Picasso")))
        await see(pilot, "◆ remembered: your parrot is called Picasso")
        await pilot.press("enter")
        await see(pilot, "To be asked")
        screen = app.screen
        assert isinstance(screen, MemoryScreen)
        row = screen._list.row
        assert row is not None
        assert "Picasso" in row.text


async def test_a_memory_that_came_to_mind_is_told_and_opened_by_a_click(
    make_app: MakeApp, session: FakeSession
) -> None:
    session.memory = remembering(evening())
    app = make_app(session)
    async with app.run_test() as pilot:
        session.emit(recalled())
        await see(pilot, "recalled: your parrot is called Picasso")
        await pilot.click(".chip:last-of-type")
        await until(lambda: isinstance(app.screen, MemoryScreen), pilot.pause)


async def test_what_is_forgotten_leaves_its_chip_too(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        session.emit(recalled())
        await see(pilot, "Picasso")
        gone = DeletionPreview(texts=(recalled().found[0].text,))
        session.emit(MemoryForgotten(deletion=gone))
        await until(lambda: "Picasso" not in text(app), pilot.pause)


# --- copying and saving ----------------------------------------------------------------------


async def test_copying_gives_the_chosen_turn_or_the_last_answer_or_all(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        session.emit(heard(1, "Hello."), said(2, "Good day."), heard(3, "And?"))
        await see(pilot, "And?")
        await pilot.press("y")
        assert app.clipboard == "Good day."
        await pilot.press("up", "y")
        assert app.clipboard == "And?"
        await pilot.press("up", "up", "y")
        assert app.clipboard == "Hello."
        await pilot.press("Y")
        assert app.clipboard == "You: Hello.\nButler: Good day.\nYou: And?"


async def test_with_nothing_said_there_is_nothing_to_copy(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(notifications=True) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("y")
        await see(pilot, "Nothing was said yet.")
        assert app.clipboard == ""


async def test_the_conversation_is_saved_where_one_says_and_nothing_is_written_over(
    make_app: MakeApp, session: FakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    app = make_app(session)
    async with app.run_test(notifications=True) as pilot:
        session.emit(heard(1, "Hello."), said(2, "Good day."))
        await see(pilot, "Good day.")
        await pilot.press("ctrl+s")
        await see(pilot, "~/conversation-2026-11-21-1819.md")
        await pilot.press("enter")
        await see(pilot, "Saved as")
        file = tmp_path / "conversation-2026-11-21-1819.md"
        assert "**Butler** (18:19): Good day." in file.read_text()
        await pilot.press("ctrl+s", "enter")
        await see(pilot, "There is such a file already")
        await pilot.press(*"/x", "enter")
        await see(pilot, "There is no folder")
        await pilot.press("escape")
        await until(lambda: app.screen is app._dashboard, pilot.pause)


# --- long conversations, search --------------------------------------------------------------


def lines(app: DashboardApp) -> list[str]:
    return re.findall(r"line \d+\.", text(app))


async def hold(pilot: Pilot[None], session: FakeSession, turns: int) -> None:
    session.emit(*(heard(n, f"line {n}.") for n in range(turns)))
    await see(pilot, f"line {turns - 1}.")


async def test_a_long_conversation_is_a_few_widgets_and_all_of_it_can_be_read(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await hold(pilot, session, 700)
        assert len(app.query(".turn")) <= MOST_SHOWN
        transcript = app._dashboard.transcript
        for _ in range(40):
            if "line 0." in text(app):
                break
            transcript.scroll_home(animate=False)
            await pilot.pause(0.05)
        await see(pilot, "line 0.")
        assert len(app.query(".turn")) <= MOST_SHOWN + 50
        for _ in range(40):
            if "line 699." in text(app):
                break
            transcript.scroll_end(animate=False)
            await pilot.pause(0.05)
        await see(pilot, "line 699.")


async def test_who_reads_what_is_older_stays_there_while_new_words_come(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await hold(pilot, session, 60)
        await pilot.press("pageup", "pageup")
        await pilot.pause(0.3)
        shown = lines(app)
        session.emit(*(heard(n, f"new {n}.") for n in range(100, 120)))
        await pilot.pause(0.3)
        assert lines(app) == shown
        assert "new 119." not in text(app)


async def test_search_finds_what_is_not_on_the_screen_any_more(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        session.emit(heard(1000, "The lighthouse is red."))
        await hold(pilot, session, 600)
        session.emit(said(2000, "A lighthouse, sir."))
        await see(pilot, "A lighthouse, sir.")
        await pilot.press("ctrl+f", *"LIGHThouse")
        await see(pilot, "2 of 2", "A lighthouse, sir.")
        await pilot.press("enter")
        await see(pilot, "1 of 2", "The lighthouse is red.")
        await pilot.press("down")
        await see(pilot, "2 of 2", "A lighthouse, sir.")
        await pilot.press(*"x")
        await see(pilot, "nothing found")
        await pilot.press("escape")
        await pilot.pause()
        assert app.focused is None
        assert "nothing found" not in text(app)


# --- the drawer and the times ----------------------------------------------------------------


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 40), (200, 55)])
async def test_the_drawer_is_closed_until_it_is_asked_for(
    make_app: MakeApp, session: FakeSession, size: tuple[int, int]
) -> None:
    app = make_app(session)
    async with app.run_test(size=size) as pilot:
        await see(pilot, "prepared answers")
        assert "a closes" not in text(app)
        await pilot.press("a")
        await see(pilot, "What happened", "a closes", "waiting for you")
        await pilot.press("a")
        await until(lambda: "a closes" not in text(app), pilot.pause)


async def test_the_drawer_is_opened_and_closed_by_mouse_too(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=(140, 40)) as pilot:
        await click_on(pilot, "a What happened")
        await see(pilot, "waiting for you", "w times of the last turn")
        await click_on(pilot, "a closes")
        await until(lambda: "a closes" not in text(app), pilot.pause)


async def test_where_the_time_of_a_turn_went_is_a_key_away(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    stages = {"wait": 240.0, "transcribe": 110.0, "answer": 5.0, "voice": 140.0, "device": 25.0}
    events: list[SessionEvent] = [
        UserSaid(turn=1, text="Hello.", final=True, t=1.0),
        TurnStarted(side="assistant", turn=2, t=1.0),
        AgentSaid(turn=2, persona="butler", text="Good day.", t=1.1),
        FirstSample(turn=2, latency=0.52, stages=stages, t=1.2),
        AgentSaid(turn=2, persona="butler", final=True, played="Good day.", t=2.0),
    ]
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("w")
        await see(pilot, "Nothing was answered yet.")
        await pilot.press("escape")
        session.emit(*events)
        await see(pilot, "Good day.")
        await pilot.press("w")
        await see(pilot, "0.24 s", "it was sure that you had finished", "0.52 s", "you heard it")
