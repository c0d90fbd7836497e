"""The next timer counts down in the status line, where there is room."""

from __future__ import annotations

import time

from assistant.session.events import TimersChanged
from assistant.skills.schedule import Kind, Timer
from assistant.ui.model import StatusModel
from assistant.ui.widgets.statusline import fragments_of


def shown(kind: Kind, name: str, seconds: float) -> tuple[str, ...]:
    status = StatusModel()
    assert status.apply(TimersChanged(timers=(Timer(1, kind, name, time.time() + seconds),)))
    [fragment] = [each for each in fragments_of(status) if each.key == "timer"]
    return fragment.variants


def test_minutes_and_seconds_in_the_last_hour() -> None:
    assert shown("timer", "pasta", 299.5) == ("pasta 5:00", "5:00")
    assert shown("timer", "", 59.5) == ("timer 1:00", "1:00")
    assert shown("timer", "", -5) == ("timer 0:00", "0:00")


def test_the_hour_of_what_is_farther_off() -> None:
    long, short = shown("reminder", "to call Ada", 7_200)
    assert long == f"reminder {short}"
    assert short == f"{time.strftime('%H:%M', time.localtime(time.time() + 7_200))}"


def test_what_rings_comes_before_what_is_next() -> None:
    status = StatusModel()
    tea, pasta = Timer(1, "timer", "tea", time.time()), Timer(2, "timer", "pasta", time.time() + 60)
    status.apply(TimersChanged(timers=(tea, pasta), ringing=(tea,)))
    [fragment] = [each for each in fragments_of(status) if each.key == "timer"]
    assert fragment.variants[0] == "♪ tea timer is ringing"
    status.apply(TimersChanged(timers=(pasta,)))
    [fragment] = [each for each in fragments_of(status) if each.key == "timer"]
    assert fragment.variants[0].startswith("pasta ")


def test_without_one_there_is_nothing() -> None:
    assert not [each for each in fragments_of(StatusModel()) if each.key == "timer"]
