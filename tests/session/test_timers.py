"""What is due rings, is said in the persona's voice, and is never lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from assistant.commands.plain import Printer
from assistant.session import timers as session_timers
from assistant.session.event_bus import EventBus
from assistant.session.events import AgentSaid, Notice, SessionEvent, TimerRang, TimersChanged
from assistant.session.timers import TimerWatch
from assistant.skills.schedule import Schedule, Timer
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
        )

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
        assert [len(each.timers) for each in room.of(TimersChanged)] == [1, 0]
        assert len(room.of(TimerRang)) == 1


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
    [changed] = room.of(TimersChanged)
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


def test_plain_mode_prints_a_line_when_one_rings(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer(FakeSession(), show_typed=False)
    printer(TimerRang(timer=Timer(1, "timer", "tea", 0.0), text="Your tea timer is done."))
    assert capsys.readouterr().err == "· Your tea timer is done.\n"
