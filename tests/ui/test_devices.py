"""Choosing microphone and speaker in the dashboard: what a person sees, hears, and is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import pytest
from textual.pilot import Pilot

from assistant.audio.base import DeviceChoice
from assistant.audio.devices.portaudio import PortAudioUnavailable
from assistant.audio.levels import LevelHistory
from assistant.config.schema import UiConfig
from assistant.session.events import AudioChanged, Notice, StateChanged
from assistant.ui.app import DashboardApp
from assistant.ui.screens.devices import DevicesScreen
from assistant.ui.widgets.devicelist import read
from tests.fakes import FRIEND, READY, FakeSession, speech_like, until
from tests.ui.looking import rows, see, text

MakeApp = Callable[..., DashboardApp]
WIDE = (100, 30)


async def opened(pilot: Pilot[None], *keys: str) -> None:
    """The screen with its lists filled, and then these keys."""
    await see(pilot, "prepared answers")
    await pilot.press("d")
    await see(pilot, "Microphones", "Speakers", "System default", "Living Room")
    await pilot.press(*keys)


def asked(session: FakeSession, method: str) -> list[object]:
    return [argument for name, argument in session.calls if name == method]


def row_of(app: DashboardApp, words: str) -> str:
    return next(row for row in rows(app) if words in row)


def tone(seconds: float, amplitude: float) -> np.ndarray:
    t = np.arange(round(seconds * 24_000)) / 24_000
    return (amplitude * np.sin(2 * np.pi * 440 * t)).astype(np.float32)


async def test_enter_goes_over_to_another_microphone_and_stays_to_be_watched(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        assert row_of(app, "✓").count("✓ Built-in Audio Analog Stereo") == 2
        await pilot.press("down", "enter")
        await see(pilot, "✓ USB Headset", "The microphone is USB Headset now. Say something.")
        assert asked(session, "use_device") == [("input", "USB Headset")]
        assert row_of(app, "✓ Built-in").count("✓") == 1, "the speaker is as it was"
        assert isinstance(app.screen, DevicesScreen)


async def test_the_other_list_chooses_the_speaker(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, "tab", "down", "down", "enter")
        await see(pilot, "✓ Living Room", "The speaker is Living Room now. Press t to hear it.")
        assert asked(session, "use_device") == [("output", "Living Room")]
        await pilot.press("right", "down", "enter")
        await see(pilot, "The microphone is USB Headset now.")


async def test_the_first_row_is_whatever_the_system_uses(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, "down", "enter")
        await see(pilot, "The microphone is USB Headset now.")
        await pilot.press("home", "enter")
        await see(pilot, "The microphone is Built-in Audio Analog Stereo now.")
        assert asked(session, "use_device") == [("input", "USB Headset"), ("input", None)]


async def test_a_click_chooses_tests_looks_and_closes(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)

        async def click(words: str) -> None:
            y, row = next((y, row) for y, row in enumerate(rows(app)) if words in row)
            await pilot.click(offset=(row.index(words) + 2, y))

        await click("Living Room")
        await see(pilot, "✓ Living Room")
        await click("test sound")
        await see(pilot, "Playing on Living Room.")
        await click("look again")
        await until(lambda: len(asked(session, "devices")) == 3, pilot.pause)
        await click("esc close")
        await until(lambda: not isinstance(app.screen, DevicesScreen), pilot.pause)
        assert asked(session, "use_device") == [("output", "Living Room")]
        assert asked(session, "play_test_sound") == [None]


@pytest.mark.parametrize("key", ["d", "escape", "q"])
async def test_it_closes_and_the_conversation_is_as_it_was(
    make_app: MakeApp, session: FakeSession, key: str
) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await opened(pilot, key)
        await until(lambda: not isinstance(app.screen, DevicesScreen), pilot.pause)
        await see(pilot, "Conversation")
        assert [name for name, _ in session.calls] == ["start", "devices"]


async def test_the_palette_and_a_click_on_the_speaker_open_it(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("ctrl+p", *"devices")
        await see(pilot, "Devices (d)")
        await pilot.press("enter")
        await see(pilot, "Living Room")
        await pilot.press("escape")
        await pilot.click("#voice")
        await see(pilot, "Living Room")


# --- the meter -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amplitude", "word"),
    [(0.0, "silent"), (0.003, "quiet"), (0.2, "good"), (0.9, "too loud"), (1.0, "it clips")],
)
async def test_the_meter_follows_the_microphone_and_says_what_to_make_of_it(
    make_app: MakeApp, session: FakeSession, amplitude: float, word: str
) -> None:
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        session.input_levels.push(tone(3, 0.02))
        await see(pilot, "quiet · peak −34 dB")
        shorter = row_of(app, "┃").count("━")
        session.input_levels.push(tone(3, amplitude))
        await see(pilot, word)
        if amplitude > 0.02:
            bar = rows(app)[next(y for y, row in enumerate(rows(app)) if word in row) - 1]
            assert bar.count("━") > shorter
            assert ("▲" in bar) == (amplitude == 1.0), "clipping has a sign of its own"


def test_a_peak_is_held_for_two_seconds_so_that_pauses_are_not_quiet() -> None:
    levels = LevelHistory()
    levels.push(tone(0.5, 0.5))
    levels.push(tone(1.4, 0.0001))
    assert read(levels).word == "good"
    assert read(levels).loudness == 0.0
    levels.push(tone(0.7, 0.0001))
    assert read(levels).word == "quiet"


async def test_a_microphone_that_sends_nothing_more_is_told(session: FakeSession) -> None:
    now = [datetime(2026, 11, 21)]
    app = DashboardApp(session, UiConfig(animation=False), clock=lambda: now[0])
    session.input_levels.push(speech_like(3))
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await see(pilot, "good · peak")
        now[0] += timedelta(seconds=2)
        await see(pilot, "no sound comes from it")
        session.input_levels.push(speech_like(1))
        await see(pilot, "good · peak")


async def test_muted_and_missing_microphones_are_named(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        session.set_muted(True)
        await see(pilot, "Built-in Audio Analog Stereo (muted)")
        session.emit(AudioChanged(microphone=None, speaker=None))
        await see(pilot, "no microphone  ")
        assert "✓" not in text(app)


# --- the test sound --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (AudioChanged(microphone=None, speaker=None), "There is no speaker to play it."),
        (StateChanged(state="speaking"), "The assistant is speaking. Press t when it has"),
        (AudioChanged(microphone="a", speaker="b", volume=0.0), "The volume is at 0 %."),
    ],
    ids=["no speaker", "speaking", "no volume"],
)
async def test_a_test_sound_that_could_not_be_heard_is_not_played_but_explained(
    make_app: MakeApp, session: FakeSession, before: StateChanged | AudioChanged, told: str
) -> None:
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        session.emit(before)
        await pilot.pause()
        await pilot.press("t")
        await see(pilot, told)
        assert asked(session, "play_test_sound") == []


async def test_a_test_sound_that_fails_says_why(make_app: MakeApp, session: FakeSession) -> None:
    session.failing["play_test_sound"] = OSError("the sound file is gone")
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, "t")
        await see(pilot, "the sound file is gone")


# --- what goes wrong -------------------------------------------------------------------------


class SlowSession(FakeSession):
    """The sound system takes its time: each answer waits for `answer`."""

    def __init__(self) -> None:
        super().__init__(on_start=READY)
        self.answer = asyncio.Event()

    async def devices(self) -> list[DeviceChoice]:
        await self.answer.wait()
        return await super().devices()

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        await self.answer.wait()
        await super().use_device(kind, name)


async def test_while_it_looks_the_screen_lives(make_app: MakeApp) -> None:
    session = SlowSession()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("d")
        await see(pilot, "Looking for microphones and speakers …")
        session.input_levels.push(tone(3, 0.2))
        await see(pilot, "good · peak −14 dB")
        await pilot.press("r", "r", "t")
        await see(pilot, "Playing on Built-in Audio Analog Stereo.")
        session.answer.set()
        await see(pilot, "Living Room", "Playing on")
        assert len(asked(session, "devices")) == 1, "one question is enough"


async def test_a_sound_server_that_does_not_answer_is_said_with_its_remedy_and_asked_again(
    make_app: MakeApp, session: FakeSession
) -> None:
    silent = PortAudioUnavailable("hung", "The sound server does not answer.", "Restart it.")
    session.failing["devices"] = silent
    app = make_app(session)
    async with app.run_test(size=(60, 18)) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("d")
        await see(pilot, "The sound server does not answer. Restart it.")
        assert "System default" not in text(app), "what cannot be chosen is not offered"
        del session.failing["devices"]
        await pilot.press("r")
        await see(pilot, "System default", "USB Headset")
        assert "does not answer" not in text(app)


async def test_a_session_that_never_answers_is_given_up(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.ui.screens.devices.PATIENCE", 0.05)
    app = make_app(SlowSession())
    async with app.run_test(size=WIDE) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("d")
        await see(pilot, "The sound server does not answer.")


async def test_a_device_that_cannot_be_used_is_told_and_the_mark_stays(
    make_app: MakeApp, session: FakeSession
) -> None:
    session.failing["use_device"] = PortAudioUnavailable("broken", "It is in use.", "Free it.")
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, "down", "enter")
        await see(pilot, "It is in use. Free it.")
        assert "✓ USB Headset" not in text(app)


async def test_what_the_session_tells_of_a_choice_stands_in_the_screen_and_in_no_toast(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot)
        told = Notice(text="It was unplugged.", remedy="Plug it in.", severity="warning")
        session.emit(told, AudioChanged(microphone="USB Headset", speaker="Living Room"))
        await see(pilot, "It was unplugged. Plug it in.", "✓ USB Headset", "✓ Living Room")
        assert not app.query("Toast")


async def test_a_change_goes_on_when_the_screen_is_closed_and_its_failure_is_not_lost(
    make_app: MakeApp,
) -> None:
    session = SlowSession()
    session.failing["use_device"] = OSError("no such device")
    session.answer.set()
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        session.answer.clear()
        await pilot.press("down", "enter")
        await see(pilot, "Going over to USB Headset …")
        await pilot.press("escape")
        await see(pilot, "Conversation")
        session.answer.set()
        await see(pilot, "The microphone could not be changed. no such device")


async def test_no_device_at_all_is_said(make_app: MakeApp, session: FakeSession) -> None:
    session.choices = []
    app = make_app(session)
    async with app.run_test(size=(60, 18)) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("d")
        await see(pilot, "No microphone was", "No speaker was found.")
        await pilot.press("down", "enter")
        assert asked(session, "use_device") == [("input", None)]


async def test_names_of_devices_are_text_not_commands(
    make_app: MakeApp, session: FakeSession
) -> None:
    name = "[red]Mic[/red] ($primary) 麦克风"
    session.choices = [DeviceChoice("input", name, is_default=False, in_use=True)]
    app = make_app(session)
    async with app.run_test(size=WIDE) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("d")
        await see(pilot, f"✓ {name}")


async def test_a_light_persona_and_a_terminal_without_colour_show_the_same_words(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def shown(words: Iterable[str]) -> str:
        session = FakeSession(on_start=READY)
        session.persona = FRIEND
        session.input_levels.push(speech_like(3))
        app = make_app(session)
        async with app.run_test(size=(60, 18)) as pilot:
            await opened(pilot)
            await see(pilot, *words)
            return "\n".join(rows(app)[2:])

    words = ["✓ Built-in", "good · peak", "esc close"]
    coloured = await shown(words)
    monkeypatch.setenv("NO_COLOR", "1")
    assert await shown(words) == coloured
