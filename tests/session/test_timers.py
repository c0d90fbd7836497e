"""What is due rings, is said in the persona's voice, and is never lost."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from assistant.calls.parser import ToolCall
from assistant.commands.plain import Printer
from assistant.session import timers as session_timers
from assistant.session.event_bus import EventBus
from assistant.session.events import (
    AgentSaid,
    Notice,
    SessionEvent,
    TimerRang,
    TimersChanged,
    ToolCalled,
)
from assistant.session.signals import SaidInPassing, StoppedByWords
from assistant.session.timers import TimerWatch, desktop_notifier
from assistant.skills.schedule import Kind, Schedule, Timer
from tests.fakes import FakeSession
from tests.session.conftest import EnterRoom


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_timers, "_STEP", 0.001)
    monkeypatch.setattr(session_timers, "_VOICE_WAIT", 0.0)


class Watched:
    """A watch over a schedule, what it did, and an hour hand to turn."""

    def __init__(self, path: Path | None = None) -> None:
        self.schedule = Schedule(path)
        self.now = 1_800_000_000.0
        self.done: list[str] = []
        self.shown: list[tuple[str, str]] = []
        self.busy = False
        self.events: list[SessionEvent] = []
        bus = EventBus(lambda: 0.0)
        bus.subscribe(self.events.append)
        self.watch = TimerWatch(
            bus,
            self.schedule,
            ring=lambda: self.done.append("ring"),
            say=self.done.append,
            busy=lambda: self.busy,
            sounding=lambda: False,
            now=lambda: self.now,
            notify=lambda title, text: self.shown.append((title, text)),
        )
        self.bus = bus

    async def __aenter__(self) -> Watched:
        self.task = asyncio.create_task(self.watch.run())
        await self.settle()
        return self

    async def __aexit__(self, *error: object) -> None:
        self.task.cancel()

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0.002)

    def of(self, kind: type[SessionEvent]) -> list[SessionEvent]:
        return [each for each in self.events if isinstance(each, kind)]


async def test_a_timer_rings_is_said_and_is_over() -> None:
    async with Watched() as room:
        room.schedule.add("timer", "pasta", room.now + 600)
        await room.settle()
        assert room.done == []
        room.now += 601
        room.watch._news.set()
        await room.settle()
        assert room.done == ["ring", "ring", "Your pasta timer is done."]
        assert room.schedule.timers() == []
        shown = [each for each in room.of(TimersChanged) if isinstance(each, TimersChanged)]
        assert [(len(each.timers), len(each.ringing)) for each in shown] == [(1, 0), (1, 1), (0, 1)]
        room.watch.quiet()
        await room.settle()
        last = room.of(TimersChanged)[-1]
        assert isinstance(last, TimersChanged)
        assert last.ringing == ()
        assert len(room.of(TimerRang)) == 1


async def rung(room: Watched, kind: Kind = "timer") -> None:
    """A timer that is due, and was told."""
    room.schedule.add(kind, "pasta", room.now)
    await room.settle()
    assert room.schedule.ringing
    room.done.clear()


async def go_on(room: Watched, seconds: float) -> None:
    for _ in range(int(seconds)):
        room.now += 1
        room.watch._news.set()
        await asyncio.sleep(0.005)
    await room.settle()


async def test_it_rings_on_with_longer_pauses_and_gives_up_once_it_has_said_so() -> None:
    async with Watched() as room:
        await rung(room)
        await go_on(room, 30)
        first = room.done.count("ring")
        await go_on(room, 30)
        assert first > room.done.count("ring") - first > 0
        await go_on(room, 100)
        assert room.done[-1] == "Your pasta timer is done. Nobody has answered, so I stop ringing."
        assert room.schedule.ringing == []
        room.done.clear()
        await go_on(room, 100)
        assert room.done == []


async def test_an_alarm_rings_for_longer() -> None:
    async with Watched() as room:
        await rung(room, "alarm")
        await go_on(room, 300)
        assert room.schedule.ringing
        assert "Nobody has answered" not in "".join(room.done)


@pytest.mark.parametrize(
    "answer",
    [
        ToolCalled(call=ToolCall("stop", origin="speech")),
        SaidInPassing("okay"),
        StoppedByWords("stop"),
    ],
)
async def test_whoever_answers_is_left_in_peace(answer: object) -> None:
    async with Watched() as room:
        await rung(room)
        room.bus.publish(answer)
        await go_on(room, 200)
        assert room.done == []


async def test_another_that_is_due_meanwhile_is_told() -> None:
    async with Watched() as room:
        await rung(room)
        room.schedule.add("reminder", "to call Ada", room.now + 3)
        await go_on(room, 5)
        assert "You asked me to remind you to call Ada." in room.done


async def test_it_is_shown_on_the_desktop() -> None:
    async with Watched() as room:
        await rung(room)
        assert room.shown == [("Pasta timer", "Your pasta timer is done.")]


async def test_what_comes_back_is_told_once_however_often_it_was_missed(tmp_path: Path) -> None:
    earlier = Watched(tmp_path / "timers.json")
    earlier.schedule.add("reminder", "to stretch", earlier.now, "days 1 09:00")
    later = Watched(tmp_path / "timers.json")
    later.now += 5 * 86_400
    async with later:
        assert sum("stretch" in each for each in later.done) == 1
        [timer] = later.schedule.timers()
        assert later.now < timer.due <= later.now + 86_400


@pytest.mark.skipif(sys.platform != "linux", reason="notify-send is Linux's")
def test_a_notification_is_no_command_and_no_markup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, told = tmp_path / "notify-send", tmp_path / "told"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}.part\nmv {told}.part {told}\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("DISPLAY", ":0")
    desktop_notifier()("-Reminder", "call $(Ada) <b>now</b>\x1b[2J")
    for _ in range(500):
        if told.exists():
            break
        time.sleep(0.01)
    *options, title, text = told.read_text().splitlines()
    assert options == ["--app-name=assistant", "--"]
    assert title == "-Reminder"
    assert text.startswith("call $(Ada) &lt;b&gt;now&lt;/b&gt;")
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    told.unlink()
    desktop_notifier()("a", "b")
    assert not told.exists()


async def test_it_is_waited_for_who_speaks() -> None:
    async with Watched() as room:
        room.busy = True
        room.schedule.add("reminder", "to call Ada", room.now - 1)
        await room.settle()
        assert room.done == []
        room.busy = False
        await room.settle()
        assert room.done == ["ring", "You asked me to remind you to call Ada."]


async def test_one_that_is_cancelled_meanwhile_does_not_ring() -> None:
    async with Watched() as room:
        room.busy = True
        timer, _ = room.schedule.add("alarm", "", room.now)
        await room.settle()
        room.schedule.remove([timer])
        room.busy = False
        await room.settle()
        assert room.done == []


async def test_what_was_missed_is_told_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "timers.json"
    earlier = Watched(path)
    earlier.schedule.add("timer", "pasta", earlier.now)
    later = Watched(path)
    later.now += 7_200
    async with later:
        assert later.done[-1].startswith("Your pasta timer was due at ")
        assert later.done[-1].endswith("; I could not tell you then.")
        assert later.schedule.timers() == []
    again = Watched(path)
    async with again:
        assert again.done == []


async def test_a_damaged_file_is_a_notice_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "timers.json"
    path.write_text("{")
    async with Watched(path) as room:
        [notice] = room.of(Notice)
        assert isinstance(notice, Notice)
        assert "timers.damaged" in notice.remedy


async def test_a_session_sets_one_and_tells_it_in_the_personas_voice(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room()
    await room.speak("set a tea timer for one second")
    await room.listen_to_the_end()
    changed = room.of(TimersChanged)[0]
    assert [each.name for each in changed.timers] == ["tea"]
    assert room.answers()[-1].startswith("Your tea timer is set: one second.")
    for _ in range(200):
        if room.of(TimerRang):
            break
        await asyncio.sleep(0.05)
    await room.play(5.0)
    for _ in range(200):
        if room.answers()[-1] == "Your tea timer is done.":
            break
        await asyncio.sleep(0.02)
        await room.play(0.4)
    assert room.answers()[-1] == "Your tea timer is done."
    said = [each for each in room.of(AgentSaid) if "tea timer is done" in each.text]
    assert said[-1].persona == room.session.persona.slug


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Thanks.", "The tea timer is off."),
        ("Five more minutes.", "I will tell you again in five minutes."),
        ("Stop.", None),
    ],
)
async def test_what_rings_is_answered_in_words(
    enter_room: EnterRoom, words: str, answer: str | None
) -> None:
    room = await enter_room()
    await room.speak("set a tea timer for one second")
    await room.listen_to_the_end()
    for _ in range(600):
        if room.answers()[-1] == "Your tea timer is done.":
            break
        await asyncio.sleep(0.02)
        await room.play(0.4)
    assert room.session._schedule.ringing
    await room.speak(words)
    assert not room.session._schedule.ringing
    await room.listen_to_the_end()
    if answer is not None:
        assert room.answers()[-1] == answer


async def test_the_key_that_interrupts_answers_it(enter_room: EnterRoom) -> None:
    room = await enter_room()
    room.session._schedule.ringing = [Timer(1, "timer", "tea", 0.0)]
    room.session.interrupt()
    assert not room.session._schedule.ringing


def test_plain_mode_prints_a_line_when_one_rings(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer(FakeSession(), show_typed=False)
    printer(TimerRang(timer=Timer(1, "timer", "tea", 0.0), text="Your tea timer is done."))
    assert capsys.readouterr().err == "· Your tea timer is done.\n"
