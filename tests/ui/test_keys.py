"""Every key does what the help says, and letters stay letters while one types."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.widgets import TextArea

from assistant.session.events import AnswerPaused, AudioChanged, StateChanged
from assistant.ui.app import DashboardApp
from assistant.ui.keymap import BINDINGS
from assistant.ui.screens.help import HelpScreen
from assistant.ui.screens.picker import PickerScreen
from assistant.ui.themes import theme_name
from tests.fakes import BUTLER, CORE, FRIEND, PERSONAS, READY, FakeSession
from tests.ui.looking import see, text

MakeApp = Callable[..., DashboardApp]


@pytest.mark.parametrize(
    ("key", "call"),
    [
        ("i", ("interrupt", None)),
        ("escape", ("interrupt", None)),
        ("r", ("repeat", None)),
        ("space", ("set_muted", True)),
        ("t", ("set_push_to_talk", True)),
        ("n", ("set_persona", CORE.slug)),
        ("N", ("set_persona", PERSONAS[-1].slug)),
        ("2", ("set_persona", CORE.slug)),
        ("9", ("set_persona", PERSONAS[8].slug)),
        ("minus", ("set_volume", 0.9)),
        ("plus", ("set_volume", 1.0)),
        ("greater_than_sign", ("set_speech_rate", 1.1)),
        ("less_than_sign", ("set_speech_rate", 0.9)),
    ],
)
async def test_a_key_asks_the_session(
    make_app: MakeApp, session: FakeSession, key: str, call: tuple[str, object]
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press(key)
        await pilot.pause()
        assert session.calls == [("start", None), call]


async def test_the_key_of_the_present_persona_changes_nothing(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("1")
        await pilot.pause()
        assert session.calls == [("start", None)]


async def test_ctrl_c_ends_an_answer_that_has_paused(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        session.emit(StateChanged(state="listening"), AnswerPaused(turn=1))
        await see(pilot, "paused")
        await pilot.press("ctrl+c")
        assert session.calls[-1] == ("interrupt", None)
        assert app.return_code is None


async def test_space_unmutes_what_it_muted(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "microphone on")
        await pilot.press("space")
        await see(pilot, "microphone off")
        await pilot.press("space")
        await see(pilot, "microphone on")


async def test_space_talks_and_stops_talking_in_push_to_talk(make_app: MakeApp) -> None:
    held = AudioChanged(microphone="Desk", speaker="Desk", push_to_talk=True)
    session = FakeSession(on_start=[*READY, held])
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "press space to speak")
        await pilot.press("space")
        await see(pilot, "space when you have finished")
        await pilot.press("space")
        await see(pilot, "press space to speak")
        assert session.calls[1:] == [("talk_key", True), ("talk_key", False)]


async def test_space_says_so_where_there_is_no_microphone(make_app: MakeApp) -> None:
    session = FakeSession(on_start=[*READY, AudioChanged(microphone=None, speaker=None)])
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "no microphone")
        await pilot.press("space")
        await pilot.pause()
        assert session.calls == [("start", None)]


async def test_letters_are_letters_while_typing_and_escape_leaves(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("slash", *"quip n1/? r", "enter")
        await see(pilot, "quip n1/? r")
        assert session.calls == [("start", None), ("send_text", "quip n1/? r")]
        assert isinstance(app.focused, TextArea)
        await pilot.press("escape")
        assert app.focused is None
        await pilot.press("r")
        assert session.calls[-1] == ("repeat", None)


async def test_up_brings_the_last_line_back(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await pilot.press("slash", *"one", "enter", *"two", "enter", "up", "up", "down", "enter")
        await pilot.pause()
        sent = [argument for name, argument in session.calls if name == "send_text"]
        assert sent == ["one", "two", "two"]


async def test_an_empty_line_is_not_sent(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await pilot.press("slash", "space", "enter")
        await pilot.pause()
        assert "send_text" not in [name for name, _ in session.calls]


async def test_the_picker_previews_keeps_and_restores(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await pilot.press("p", "right")
        await pilot.pause()
        assert app.theme == theme_name(CORE.slug)
        assert session.persona is BUTLER
        await pilot.press("escape")
        await pilot.pause()
        assert app.theme == theme_name(BUTLER.slug)
        await pilot.press("p", "right", "right", "enter")
        await pilot.pause()
        assert session.persona is FRIEND
        assert app.theme == theme_name(FRIEND.slug)
        assert not isinstance(app.screen, PickerScreen)


async def test_the_voice_of_the_persona_under_the_cursor_is_heard(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await pilot.press("p", "space", "right", "space")
        await pilot.pause()
        heard = [argument for name, argument in session.calls if name == "sample"]
        assert heard == [(BUTLER.slug, ""), (CORE.slug, "")]
        assert session.persona is BUTLER
        assert isinstance(app.screen, PickerScreen)
        session.failing["sample"] = KeyError("its file is gone")
        await pilot.press("space")
        await pilot.pause()
        assert isinstance(app.screen, PickerScreen)


async def test_a_digit_chooses_in_the_picker(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await pilot.press("p", "3")
        await pilot.pause()
        assert session.persona is FRIEND


async def test_who_answers_is_chosen_and_escape_changes_nothing(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await pilot.press("b")
        await see(pilot, "Who answers?", "llama3 · Ollama")
        await pilot.press("down", "escape")
        await pilot.press("b")
        await see(pilot, "Who answers?")
        await pilot.press("enter")
        await pilot.pause()
        assert "change_brain" not in dict(session.calls), "nothing new was chosen"
        await pilot.press("b")
        await see(pilot, "Who answers?")
        await pilot.press("3")
        await see(pilot, "Qwen3 1.7B on this machine")
        assert session.calls[-1] == ("change_brain", "qwen3-1.7b")


async def test_the_palette_lets_another_answer(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p", *"answer llama")
        await see(pilot, "Answer with llama3 · Ollama")
        await pilot.press("enter")
        await see(pilot, "Llama3 by Ollama")


async def test_where_nobody_can_tell_who_could_answer_the_dashboard_goes_on(
    make_app: MakeApp, session: FakeSession
) -> None:
    session.failing["brains"] = OSError("no more files")
    app = make_app(session)
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("b")
        await see(pilot, "could not be found out")
        await pilot.press("ctrl+p", *"talk wren")
        await see(pilot, "Talk with Wren")


async def test_help_tells_every_action_and_its_id(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=(120, 90)) as pilot:
        await pilot.press("question_mark")
        await see(pilot, "What you can say")
        shown = text(app)
        assert [b.id for b in BINDINGS if b.id and b.id not in shown] == []
        await pilot.press("escape")
        assert not isinstance(app.screen, HelpScreen)


async def test_the_palette_finds_a_persona(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=(100, 40)) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("ctrl+p")
        await see(pilot, "Mic (space)", "Repeat (r)")
        assert "Talk with" not in text(app), "what can be done comes first"
        await pilot.press(*"wren")
        await see(pilot, "Talk with Wren")
        await pilot.press("enter")
        await pilot.pause(0.2)
        assert session.persona is FRIEND


async def test_the_palette_runs_an_action(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("ctrl+p", *"repeat")
        await see(pilot, "Repeat (r)")
        await pilot.press("enter")
        await pilot.pause(0.2)
        assert ("repeat", None) in session.calls


async def test_the_log_can_be_shown_and_hidden(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=(60, 18)) as pilot:
        await see(pilot, "prepared answers")
        assert "What happened" not in text(app)
        await pilot.press("a")
        await see(pilot, "What happened", "ears and voice (cascade) are ready")
        await pilot.press("a")
        await pilot.pause()
        assert "What happened" not in text(app)


async def test_ctrl_c_stops_an_answer_and_then_quits(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        session.emit(StateChanged(state="speaking"))
        await see(pilot, "speaking")
        await pilot.press("ctrl+c")
        assert session.calls[-1] == ("interrupt", None)
        assert app.return_code is None
        session.emit(StateChanged(state="idle"))
        await see(pilot, "waiting for you")
        await pilot.press("ctrl+c")
        assert app.return_code == 0


async def test_q_quits(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await pilot.press("q")
        assert app.return_code == 0


async def test_page_up_shows_what_was_said_before(make_app: MakeApp, session: FakeSession) -> None:
    from assistant.session.events import UserSaid

    app = make_app(session)
    async with app.run_test() as pilot:
        session.emit(*(UserSaid(turn=n, text=f"line {n}.", final=True) for n in range(40)))
        await see(pilot, "line 39.")
        await pilot.press("pageup", "pageup")
        await pilot.pause(0.2)
        assert "line 39." not in text(app)


async def test_every_binding_can_be_named_explained_and_changed() -> None:
    assert all(b.id and b.description and b.tooltip for b in BINDINGS)
    assert len({b.id for b in BINDINGS}) == len(BINDINGS)


async def test_the_users_own_keys(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session, keymap={"speech.repeat": "x", "quit": "ctrl+x"})
    async with app.run_test(size=(120, 90)) as pilot:
        await see(pilot, "prepared answers", "x Repeat", "^x Quit")
        await pilot.press("r", "q", "x")
        assert [name for name, _ in session.calls] == ["start", "repeat"]
        await pilot.press("question_mark")
        await see(pilot, "^x ")


async def test_a_bad_keymap_is_told_and_harms_nothing(
    make_app: MakeApp, session: FakeSession
) -> None:
    keymap = {"no.such": "x", "speech.repeat": "hyperspace", "quit": "n", "help": "u"}
    app = make_app(session, keymap=keymap)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await see(pilot, "no.such: no such action", "hyperspace is not a key", "n already means")
        await pilot.press("r")
        assert ("repeat", None) in session.calls
        await pilot.press("u")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)


async def test_a_click_on_the_microphone_mutes_it(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "microphone on")
        await pilot.click("#microphone")
        await see(pilot, "microphone off")


async def test_a_click_on_a_persona_changes_to_it(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=(160, 50)) as pilot:
        await see(pilot, "●● Core 9", "“change to Core 9”")
        row = next(n for n, line in enumerate(text(app).splitlines()) if "●● Core 9" in line)
        await pilot.click(offset=(20, row))
        await pilot.pause()
        assert session.persona is CORE


async def test_a_click_in_the_footer_presses_its_key(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "r Repeat")
        line = text(app).splitlines()[-1]
        await pilot.click(offset=(line.index("Repeat"), 23))
        await pilot.pause()
        assert session.calls[-1] == ("repeat", None)
