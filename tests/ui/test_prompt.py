"""What is typed and pasted is sent whole, or refused with a word: never cut."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual import events
from textual.pilot import Pilot

from assistant.ui.app import DashboardApp
from assistant.ui.widgets.prompt import MOST_LETTERS, PromptInput
from tests.fakes import FakeSession, until
from tests.ui.looking import see, text

MakeApp = Callable[..., DashboardApp]


def sent(session: FakeSession) -> list[object]:
    return [argument for method, argument in session.calls if method == "send_text"]


async def paste(pilot: Pilot[None], words: str) -> None:
    pilot.app.post_message(events.Paste(words))
    await pilot.pause()


def line(app: DashboardApp) -> PromptInput:
    return app._dashboard.prompt.input


async def test_several_lines_are_pasted_and_sent_whole(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("slash")
        await paste(pilot, "one\ntwo\n\nthree")
        await see(pilot, "one", "two", "three")
        assert sent(session) == []
        await pilot.press("enter")
        await until(lambda: sent(session), pilot.pause)
        assert sent(session) == ["one\ntwo\n\nthree"]
        assert line(app).text == ""


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("def f():\n\treturn 1", "def f():\n\treturn 1"),
        ("a\x1b[2Jb\x1b]52;c;aGk=\x07c\x00d\x9b31me\u202ef", "abcdef"),
        ("Grüße, 李明 👩‍👩‍👧 Иван", "Grüße, 李明 👩‍👩‍👧 Иван"),
        ("[/] [red]x[/red] [@click=app.quit]q[/]", "[/] [red]x[/red] [@click=app.quit]q[/]"),
        ("half \ud800 a character", "half � a character"),
    ],
)
async def test_what_is_pasted_is_sent_as_it_is_meant(
    make_app: MakeApp, session: FakeSession, pasted: str, meant: str
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("slash")
        await paste(pilot, pasted)
        await pilot.press("enter")
        await until(lambda: sent(session), pilot.pause)
        assert sent(session) == [meant]


async def test_what_is_pasted_goes_to_the_line_wherever_the_focus_is(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await paste(pilot, "quit\nnow")
        await see(pilot, "quit", "now")
        await pilot.press("enter")
        await until(lambda: sent(session), pilot.pause)
        assert sent(session) == ["quit\nnow"]


async def test_much_is_shown_by_its_size_and_sent_whole(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    much = "word " * 20_000
    more = "line\n" * 21
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("slash", *"see ")
        await paste(pilot, much)
        await see(pilot, "see [pasted 100 kB]")
        await paste(pilot, much[:99_800])
        await paste(pilot, more)
        await see(pilot, "[pasted 100 kB][pasted 100 kB, 2][pasted 105 bytes]")
        await pilot.press("enter")
        await until(lambda: sent(session), pilot.pause)
        assert sent(session) == [f"see {much}{much[:99_800]}{more}".strip()]
        await see(pilot, "kB in all")


async def test_too_much_is_refused_with_the_limit(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(notifications=True) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("slash", *"see ")
        await paste(pilot, "x" * (MOST_LETTERS - 2))
        await see(pilot, "At most 200,000 characters can be sent at once", "199,998")
        assert line(app).text == "see "


async def test_words_that_stand_for_a_text_go_as_a_whole(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("slash", *"ab")
        await paste(pilot, "y" * 3_000)
        await see(pilot, "ab[pasted 3 kB]")
        await pilot.press("backspace")
        await see(pilot, "❯ ab ")
        await paste(pilot, "y" * 3_000)
        await pilot.press("home", "right", "right", "delete", "enter")
        await until(lambda: sent(session), pilot.pause)
        assert sent(session) == ["ab"]


@pytest.mark.parametrize("key", ["shift+enter", "alt+enter", "ctrl+j"])
async def test_the_other_enters_break_the_line(
    make_app: MakeApp, session: FakeSession, key: str
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("slash", *"one", key, *"two")
        assert line(app).text == "one\ntwo"
        assert line(app).size.height == 2
        await pilot.press("enter")
        await until(lambda: sent(session), pilot.pause)
        assert sent(session) == ["one\ntwo"]
        await until(lambda: line(app).size.height == 1, pilot.pause)


async def test_it_grows_to_some_lines_and_leaves_the_conversation_in_sight(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        await paste(pilot, "\n".join(f"line {n}" for n in range(15)))
        await see(pilot, "line 14")
        assert line(app).size.height == 5
        assert app._dashboard.transcript.size.height >= 3
        assert "❯" in text(app)


async def test_arrows_at_the_edge_recall_what_was_sent_and_keep_the_draft(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("slash", *"one", "enter", *"two", "ctrl+j", *"lines", "enter")
        await paste(pilot, "z" * 5_000)
        await pilot.press("enter", *"draft", "ctrl+j", *"kept")
        await pilot.press("up")
        assert line(app).text == "draft\nkept"
        await pilot.press("up")
        assert line(app).text == "[pasted 5 kB]"
        await pilot.press("up")
        assert line(app).text == "two\nlines"
        await pilot.press("up", "up")
        assert line(app).text == "one"
        await pilot.press("up", "down", "down", "down")
        assert line(app).text == "draft\nkept"
        await pilot.press("up", "up", "enter")
        await until(lambda: len(sent(session)) == 4, pilot.pause)
        assert sent(session)[-1] == "z" * 5_000


async def test_page_keys_scroll_the_conversation_while_one_types(
    make_app: MakeApp, session: FakeSession
) -> None:
    from assistant.session.events import AgentSaid

    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        words = "\n".join(f"row {n}" for n in range(60))
        session.emit(AgentSaid(turn=1, persona="butler", text=words, final=True, played=words))
        await see(pilot, "row 59")
        await pilot.press("slash", "pageup")
        await until(lambda: "row 59" not in text(app), pilot.pause)
        await pilot.press("pagedown")
        await see(pilot, "row 59")
