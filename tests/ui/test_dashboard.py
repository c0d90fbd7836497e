"""What the session tells is what a person sees."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from textual.color import Color

from assistant.calls.parser import ToolCall
from assistant.session.events import (
    AgentSaid,
    AnswerPaused,
    AnswerResumed,
    AudioChanged,
    BackendChosen,
    Dropped,
    Failure,
    FeelingHeard,
    FeelingTakenBack,
    FirstSample,
    LagChanged,
    LoadProgress,
    Notice,
    PersonaChanged,
    PersonasReloaded,
    SessionEvent,
    StateChanged,
    ToolCalled,
    ToolFinished,
    UserSaid,
)
from assistant.session.signals import in_order
from assistant.tools.registry import ToolResult
from assistant.ui.app import DashboardApp
from assistant.ui.screens.dialog import ConfirmGate, ConfirmTool
from assistant.ui.themes import theme_name
from tests.fakes import BUTLER, CORE, DARK, FRIEND, LOADING, READY, FakeSession, until
from tests.ui.looking import rows, see, segments, text

MakeApp = Callable[..., DashboardApp]


def same(color: Color, expected: str) -> bool:
    """Textual takes colours through another space, which may cost one step of 255."""
    wanted = Color.parse(expected)
    return all(abs(a - b) <= 1 for a, b in zip(color.rgb, wanted.rgb, strict=True))


async def test_a_change_of_persona_changes_the_whole_look(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, BUTLER.name)
        await session.change_persona(FRIEND.slug)
        await see(pilot, FRIEND.summary, f"{FRIEND.name} takes over")
        assert same(app.screen.styles.background, FRIEND.colors.background)
        assert not app.current_theme.dark
        title = app.query_one("#transcript").styles.border_title_color
        assert same(title, FRIEND.colors.primary)


async def test_another_persona_brings_its_own_glyphs(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        import numpy as np

        session.input_levels.push(np.ones(4800, dtype=np.float32))
        await see(pilot, "⬤⬤⬤")
        await session.change_persona(CORE.slug)
        await see(pilot, "███")


async def test_a_persona_file_that_changed_is_on_the_screen_at_once(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        red = DARK.model_copy(update={"background": "#200000"})
        changed = BUTLER.model_copy(update={"colors": red, "summary": "Now in red."})
        session.replace_personas([changed, CORE])
        session.emit(PersonasReloaded(slugs=["butler", "core"], failed=[]))
        await see(pilot, "Now in red.")
        assert same(app.screen.styles.background, "#200000")


async def test_broken_persona_files_make_one_toast(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        failed = ["hal.toml, line 3: no such key", "tars.toml: not UTF-8; save it as UTF-8"]
        session.emit(PersonasReloaded(slugs=["butler"], failed=failed))
        await see(pilot, "2 persona files could not be read", "hal.toml, line 3", "not UTF-8")
        assert len(app.query("Toast")) == 1


async def test_partial_words_give_way_to_the_final_ones(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        session.emit(UserSaid(turn=1, text="what dime", final=False))
        await see(pilot, "what dime …")
        session.emit(UserSaid(turn=1, text="What time is it?", final=True))
        await see(pilot, "What time is it?")
        assert "dime" not in text(app)


async def test_an_interrupted_answer_shows_what_was_heard(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        session.emit(
            AgentSaid(turn=1, persona="butler", text="One, two, "),
            AgentSaid(turn=1, persona="butler", text="three, four."),
        )
        await see(pilot, "One, two, three, four.")
        session.emit(
            AgentSaid(turn=1, persona="butler", final=True, played="One, two,", interrupted=True)
        )
        await see(pilot, "One, two, — three, four.", "⊘ interrupted")
        struck = [s.text.strip() for s in segments(app) if s.style and s.style.strike]
        assert "".join(struck) == "three, four."
        assert app._dashboard.transcript.turns()[0].text == "One, two,"


async def test_a_turn_keeps_the_name_of_the_persona_that_spoke(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        session.emit(AgentSaid(turn=1, persona="butler", text="Good day.", final=True))
        await session.change_persona("core")
        session.emit(AgentSaid(turn=2, persona="core", text="Is it.", final=True))
        await see(pilot, "Core 9 takes over", "Is it.")
        assert sum(row.rstrip(" │").endswith("18:19") for row in rows(app)) == 2
        assert re.findall(r"▌ (.+?)  +18:19", text(app)) == ["Butler", "Core 9"]


async def test_tools_and_losses_stand_in_the_log(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    call = ToolCall("set_volume", {"percent": 30}, origin="speech")
    async with app.run_test(size=(180, 40)) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("a")
        session.emit(
            ToolCalled(call=call),
            ToolFinished(result=ToolResult(call, False, "no speaker")),
            Dropped(counts={"microphone": 3}),
            Dropped(counts={"microphone": 5}),
            Notice(text="The backend was restarted", severity="warning", key="backend"),
        )
        await see(pilot, "doing: set volume (percent: 30)", "✗ set volume: no speaker")
        await see(pilot, "too busy, sound was", "0.4 s on the way from the", "was restarted")
        assert "0.2 s on the way" not in text(app)
        assert "▼ this computer is too busy: 0.4 s of sound lost" in text(app)


async def test_notices_with_one_key_replace_each_other(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a")
        session.emit(Notice(text="Trying again in 1 s", key="restart"))
        await see(pilot, "Trying again in 1 s")
        session.emit(Notice(text="Trying again in 2 s", key="restart"))
        await see(pilot, "Trying again in 2 s")
        assert "in 1 s" not in text(app)


async def test_states_in_a_row_share_a_line(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("a")
        session.emit(StateChanged(state="listening"), StateChanged(state="thinking"))
        await see(pilot, "waiting for you → listening to you → thinking")


async def test_the_status_row_draws_the_last_answers_and_tells_the_usual_one(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        session.emit(*(FirstSample(turn=n, latency=s) for n, s in enumerate([0.8, 0.4, 0.1])))
        session.emit(FirstSample(turn=9, latency=None), LagChanged(seconds=0.8, dropped=0))
        await see(pilot, "answers in █▅▂ usually 0.4 s", "this computer is 0.8 s behind")


async def test_the_stages_of_a_latency_stand_in_the_drawer_and_in_the_tooltip(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    stages = {"device": 25.0, "wait": 240.0, "transcribe": 110.0, "answer": 5.0, "voice": 140.0}
    async with app.run_test(size=(180, 40)) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("a")
        assert app.query_one("#status").tooltip is None
        session.emit(FirstSample(turn=1), FirstSample(turn=3, latency=0.52, stages=stages))
        await see(pilot, "answered in 0.5 s", "◔ answered in 0.52 s: making sure")
        await see(pilot, "loudspeaker")
        session.emit(FirstSample(turn=5, latency=0.4, stages={**stages, "wait": 120.0}))
        await see(pilot, "answered in 0.40 s", "usually 0.5 s")
        table = str(app.query_one("#status").tooltip).splitlines()
        assert table[1].split() == ["wait", "120", "ms", "180", "ms"]
        assert [row.split()[0] for row in table[1:6]] == list(in_order(stages))
        assert table[6].split() == ["in", "all", "0.40", "s", "0.46", "s"]
        assert max(map(len, table)) <= 34, "no row of the tooltip is wrapped"


async def test_an_answer_that_falls_silent_for_the_user_says_so_until_it_goes_on(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        session.emit(
            StateChanged(state="speaking"), AgentSaid(turn=2, persona="butler", text="One, two, ")
        )
        await see(pilot, "▶ speaking", "One, two,")
        before = app._dashboard.transcript.turns()[0].render()
        session.emit(AnswerPaused(turn=2))
        await see(pilot, "❚❚ paused")
        assert "▶ speaking" not in text(app)
        session.emit(AnswerResumed(turn=2, reason="backchannel"))
        await pilot.press("a")
        await see(pilot, "▶ speaking", "(only an", "“mm-hm”)")
        after = app._dashboard.transcript.turns()[0].render()
        assert str(after) == str(before), "the turn itself looks untouched"


@pytest.mark.parametrize(
    "end",
    [
        StateChanged(state="listening"),
        AgentSaid(turn=2, persona="butler", final=True, played="One,", interrupted=True),
    ],
    ids=["the user goes on", "the turn is over"],
)
async def test_a_pause_that_was_an_interruption_ends_with_it(
    make_app: MakeApp, session: FakeSession, end: SessionEvent
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        session.emit(StateChanged(state="speaking"), AnswerPaused(turn=2))
        await see(pilot, "❚❚ paused")
        session.emit(AgentSaid(turn=1, persona="butler", text="Other.", final=True))
        await see(pilot, "Other.", "❚❚ paused")
        session.emit(end)
        await until(lambda: "❚❚ paused" not in text(app), pilot.pause)


async def test_an_answer_of_which_nothing_was_heard_leaves_none_of_its_words(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        session.emit(AgentSaid(turn=1, persona="butler", text="A secret."))
        await see(pilot, "A secret.")
        session.emit(AgentSaid(turn=1, persona="butler", final=True, interrupted=True))
        await see(pilot, "⊘ interrupted", "nothing of it was heard")
        assert "secret" not in text(app)


@pytest.mark.parametrize(
    ("echo", "told"), [("echo −38 dB", False), ("headset", False), ("guarded", True)]
)
async def test_only_what_is_not_right_about_echo_is_told_and_with_what_helps(
    make_app: MakeApp, session: FakeSession, echo: str, told: bool
) -> None:
    app = make_app(session)
    async with app.run_test(size=(160, 40)) as pilot:
        await see(pilot, "prepared answers")
        session.emit(AudioChanged(microphone="Desk", speaker="Desk", echo=echo, volume=0.5))
        await see(pilot, "volume 50%")
        assert ("only “stop” interrupts it until it knows your room" in text(app)) is told
        assert echo not in text(app)


async def test_the_bar_goes_when_the_backend_is_ready(make_app: MakeApp) -> None:
    session = FakeSession(on_start=LOADING)
    app = make_app(session)
    async with app.run_test() as pilot:
        await pilot.press("a")
        await see(pilot, "42%")
        session.emit(LoadProgress(text="warming up", fraction=None))
        await see(pilot, "warming up")
        session.emit(BackendChosen(name="cascade", reason="no GPU", engine="tiny", ready=True))
        await see(pilot, "ears and voice (cascade) are ready: tiny")
        assert "warming up" not in text(app)


async def test_a_failure_stays_until_it_is_clicked_away(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        session.emit(Failure(text="The disk is full", remedy="Make room."))
        await see(pilot, "✗ The disk is full. Make room.")
        await pilot.click("#banner")
        await pilot.pause()
        assert rows(app)[6].startswith("╭─ Conversation")


async def test_events_before_the_first_picture_are_not_lost(make_app: MakeApp) -> None:
    session = FakeSession()
    app = make_app(session)
    session.emit(*READY, UserSaid(turn=1, text="Early words.", final=True))
    async with app.run_test() as pilot:
        await see(pilot, "Early words.", "prepared answers")


async def test_the_session_starts_only_after_the_first_picture(make_app: MakeApp) -> None:
    session = FakeSession()
    app = make_app(session)
    seen: list[str] = []

    async def start() -> None:
        seen.append(text(app))

    session.start = start  # type: ignore[method-assign]
    async with app.run_test() as pilot:
        await until(lambda: bool(seen), pilot.pause)
        assert BUTLER.name in seen[0]


async def test_a_session_that_cannot_start_says_so(make_app: MakeApp) -> None:
    session = FakeSession()
    session.failing["start"] = OSError("the socket is in use")
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "The conversation could not be started. the socket is in use")


async def test_a_flood_of_events_loses_no_word(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        flood: list[SessionEvent] = []
        for n in range(500):
            flood += [
                UserSaid(turn=1, text=f"partial {n}", final=False),
                AgentSaid(turn=2, persona="butler", text=f"w{n} "),
                StateChanged(state="thinking" if n % 2 else "speaking"),
                Dropped(counts={"microphone": n + 1}),
            ]
        session.emit(*flood, AgentSaid(turn=2, persona="butler", text="end."))
        await see(pilot, "end.", "40.0 s of sound lost")
        user, agent = app._dashboard.transcript.turns()
        assert user.text == "partial 499"
        assert agent.text == " ".join(f"w{n}" for n in range(500)) + " end."
        assert len(app.query(".activity-line")) <= 200


@pytest.mark.parametrize(("key", "answer"), [("y", True), ("n", False), ("escape", False)])
async def test_a_tool_asks_before_it_runs(
    make_app: MakeApp, session: FakeSession, key: str, answer: bool
) -> None:
    import asyncio

    gate = ConfirmGate()
    app = make_app(session)
    gate.connect(app)
    call = ToolCall("open_door", {"which": "front"}, origin="model")
    async with app.run_test() as pilot:
        asked = asyncio.create_task(gate(call))
        await see(pilot, "The language model wants to run open_door.", 'which: "front"')
        await pilot.press(key)
        assert await asked is answer


async def test_it_is_told_who_wants_to_run_something(
    make_app: MakeApp, session: FakeSession
) -> None:
    import asyncio

    gate = ConfirmGate()
    app = make_app(session)
    gate.connect(app)
    async with app.run_test() as pilot:
        asked = asyncio.create_task(gate(ToolCall("goose__edit", {"path": "a.py"}, origin="agent")))
        await see(pilot, "A coding agent wants to go on with goose__edit.", 'path: "a.py"')
        await pilot.press("y")
        assert await asked


async def test_a_withdrawn_question_leaves_the_screen(
    make_app: MakeApp, session: FakeSession
) -> None:
    import asyncio

    gate = ConfirmGate()
    app = make_app(session)
    gate.connect(app)
    async with app.run_test() as pilot:
        asked = asyncio.create_task(gate(ToolCall("open_door")))
        await see(pilot, "May this run?")
        asked.cancel()
        await until(lambda: not isinstance(app.screen, ConfirmTool), pilot.pause)


async def test_with_nobody_to_ask_the_answer_is_no() -> None:
    assert await ConfirmGate()(ToolCall("open_door")) is False


async def test_no_color_leaves_no_colour(
    make_app: MakeApp, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await session.change_persona(FRIEND.slug)
        await see(pilot, FRIEND.summary)
        colours = {
            colour.name
            for strip in app.screen._compositor.render_strips()
            for segment in strip.apply_filter(app._filters[-1], Color.parse("#000000"))
            if segment.style is not None
            for colour in (segment.style.color, segment.style.bgcolor)
            if colour is not None
        }
        assert colours == {"default"}


async def test_a_muted_microphone_is_told_in_words(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        session.emit(AudioChanged(microphone="Desk", speaker=None, muted=True, volume=0.5))
        await see(pilot, "microphone off", "no loudspeaker", "volume 50%")


async def test_a_persona_change_while_choosing_wins_over_the_old_look(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("p", "right", "right")
        session.persona = CORE
        session.emit(PersonaChanged(persona=CORE))
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert app.theme == theme_name(CORE.slug)


async def test_a_feeling_is_a_quiet_mark_with_its_reason_in_the_log(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a")
        session.emit(UserSaid(turn=1, text="I already told you", final=True))
        reason = ("said “I already told”",)
        session.emit(
            FeelingHeard(turn=1, kind="frustrated", arousal=0.0, confidence=0.8, cues=reason)
        )
        await see(pilot, "~ frustrated", "you seemed frustrated")

        session.emit(FeelingTakenBack(turn=1))
        await until(lambda: "~ frustrated" not in text(app), pilot.pause)
