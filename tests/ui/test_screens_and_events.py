"""Whatever is opened, closed, resized or quit while the session tells things: nothing is raised."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from assistant.calls.parser import ToolCall
from assistant.memory.deletion.plan import DeletionPreview
from assistant.session.events import (
    AgentSaid,
    AnswerPaused,
    AnswerProgress,
    AnswerResumed,
    AudioChanged,
    BackendChosen,
    BrainChosen,
    ConversationResumed,
    Dropped,
    Failure,
    FirstSample,
    LagChanged,
    LoadProgress,
    MemoryForgotten,
    Notice,
    PastTurn,
    PersonaChanged,
    PersonasReloaded,
    SessionEvent,
    StateChanged,
    ToolCalled,
    ToolFinished,
    UserSaid,
)
from assistant.tools.registry import ToolResult
from assistant.ui.app import DashboardApp
from assistant.ui.screens.devices import DevicesScreen
from assistant.ui.screens.dialog import ConfirmGate
from tests.fakes import BUTLER, FRIEND, READY, FakeSession, until
from tests.ui.looking import see
from tests.ui.remembered import PARROT, evening, recalled, remembering

MakeApp = Callable[..., DashboardApp]
KEYS = [
    *"pdbmadm?/rbtn1hvwyYha",
    "ctrl+f",
    "ctrl+s",
    "ctrl+p",
    "escape",
    "escape",
    "escape",
    "enter",
    "up",
    "down",
    "tab",
    "pageup",
    "space",
    *"fey",
]
SIZES = [(60, 18), (80, 24), (120, 40), (250, 60)]


def any_event(choice: random.Random) -> SessionEvent:
    call = ToolCall(choice.choice(["remember", "forget", "web"]), {"what": "x"})
    return choice.choice(
        [
            AudioChanged(microphone=choice.choice([None, "USB Headset"]), speaker=None, echo="x"),
            AudioChanged(microphone="Built-in Audio", speaker="Living Room", push_to_talk=True),
            AgentSaid(turn=choice.randrange(9), persona="butler", text="words "),
            AgentSaid(turn=choice.randrange(9), persona="butler", final=True, played="words"),
            UserSaid(turn=choice.randrange(9), text="words", final=choice.random() < 0.5),
            AnswerPaused(turn=1),
            AnswerProgress(turn=choice.randrange(9), words=choice.randrange(3)),
            ConversationResumed(
                id="x", began="Friday", turns=(PastTurn("You", "words"), PastTurn("X", "words"))
            ),
            AnswerResumed(turn=1, reason="no_words"),
            BackendChosen(name="cascade", reason="why", ready=choice.random() < 0.5),
            BrainChosen(label="scripted"),
            Dropped(counts={"speaker": choice.randrange(99)}),
            LagChanged(seconds=choice.random(), dropped=choice.randrange(99), advice="less"),
            LoadProgress(text="loading", fraction=choice.random()),
            Failure(text="It is broken", remedy="Mend it."),
            FirstSample(turn=1, latency=0.4, stages={"wait": 200.0, "voice": 100.0}),
            Notice(text="news", severity="warning", remedy="Do this.", key="k"),
            Notice(text="news", severity="error"),
            PersonaChanged(persona=choice.choice([BUTLER, FRIEND])),
            PersonasReloaded(slugs=["butler"], failed=["x.toml: broken"]),
            StateChanged(state=choice.choice(["idle", "listening", "thinking", "speaking"])),
            ToolCalled(call=call),
            ToolFinished(result=ToolResult(call, True, "done")),
            recalled(),
            MemoryForgotten(deletion=DeletionPreview(texts=(PARROT,))),
        ]
    )


def restless(seed: int) -> FakeSession:
    session = FakeSession(on_start=READY)
    session.memory = remembering(evening())
    if seed % 3 == 0:
        session.failing["devices"] = RuntimeError("no sound server")
    return session


async def stir(pilot: Pilot[None], session: FakeSession, gate: ConfirmGate, seed: int) -> None:
    """Keys, events, sizes and questions in the order that the seed gives."""
    choice = random.Random(seed)
    asked: list[asyncio.Task[bool]] = []
    for _ in range(60):
        for _ in range(choice.randrange(5)):
            session.emit(any_event(choice))
        what = choice.random()
        if what < 0.7:
            await pilot.app._press_keys([choice.choice(KEYS)])
        elif what < 0.8:
            await pilot.resize_terminal(*choice.choice(SIZES))
        elif what < 0.9:
            asked.append(asyncio.create_task(gate(ToolCall("web", {"url": "x"}))))
            await asyncio.sleep(0)
        elif asked:
            asked.pop(choice.randrange(len(asked))).cancel()
        if choice.random() < 0.3:
            await pilot.pause()
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.parametrize("seed", range(6))
async def test_screens_open_and_close_while_everything_is_told(
    make_app: MakeApp, seed: int
) -> None:
    session = restless(seed)
    app = make_app(session)
    gate = ConfirmGate()
    gate.connect(app)
    async with app.run_test(notifications=True) as pilot:
        await see(pilot, "prepared answers")
        await stir(pilot, session, gate, seed)
        await pilot.pause()
        assert app.is_running
        session.emit(*READY)
        while len(app.screen_stack) > 1:
            await pilot.press("escape")
            await pilot.pause()
    assert app.return_code in (None, 0)


@pytest.mark.parametrize("seed", range(6))
async def test_it_can_be_quit_in_the_middle_of_it(make_app: MakeApp, seed: int) -> None:
    session = restless(seed)
    app = make_app(session)
    gate = ConfirmGate()
    gate.connect(app)
    choice = random.Random(seed)
    async with app.run_test(notifications=True) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press(choice.choice("pdm?/"))
        if seed % 2:
            await pilot.pause()
        for _ in range(20):
            session.emit(any_event(choice))
        app.exit()
        for _ in range(20):
            session.emit(any_event(choice))
            await asyncio.sleep(0)
    for _ in range(20):
        session.emit(any_event(choice))
    assert app.return_code in (None, 0)


async def test_a_device_screen_that_closes_is_told_of_a_change(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        for _ in range(5):
            await pilot.press("d")
            screen = app.screen
            assert isinstance(screen, DevicesScreen)
            screen.dismiss(None)
            for _ in range(10):
                screen.take(Notice(text="Microphone lost", severity="warning"))
                screen.take(AudioChanged(microphone=None, speaker=None))
                screen._tell("told late")
                await asyncio.sleep(0)
            await until(lambda: len(app.screen_stack) == 1, pilot.pause)
        screen.take(AudioChanged(microphone="USB Headset", speaker=None))
        screen._show(session.choices)
        await pilot.pause()
        assert app.is_running


async def test_a_question_that_was_taken_back_goes_when_it_comes_to_light(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    gate = ConfirmGate()
    gate.connect(app)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        asked = asyncio.create_task(gate(ToolCall("web", {})))
        await see(pilot, "May this run?")
        await pilot.press("ctrl+p")
        await until(lambda: len(app.screen_stack) == 3, pilot.pause)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await pilot.pause()
        await pilot.press("escape")
        await until(lambda: len(app.screen_stack) == 1, pilot.pause)
