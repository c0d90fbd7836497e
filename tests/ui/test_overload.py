"""An overload is shown while it happens and for a minute after, and is never called a loss."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assistant.session.events import Dropped, LagChanged
from assistant.ui.app import DashboardApp
from assistant.ui.model import SHOWN_SECONDS, Overload
from assistant.ui.widgets import statusline
from tests.fakes import FakeSession, until
from tests.ui.looking import see, text

MakeApp = Callable[..., DashboardApp]


class Time:
    """A clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_frames_are_news_for_a_minute_after_the_last_of_them() -> None:
    time = Time()
    overload = Overload(time)
    assert overload.recent == {}
    overload.skipped({"backend": 700, "speaker": 0})
    time.now += SHOWN_SECONDS - 1
    overload.skipped({"backend": 739})
    time.now += SHOWN_SECONDS - 1
    overload.skipped({"backend": 739})
    assert overload.recent == {"backend": 739}
    time.now += 1
    assert overload.recent == {}


def test_the_next_overload_is_counted_by_itself() -> None:
    time = Time()
    overload = Overload(time)
    overload.skipped({"backend": 700})
    time.now += 2 * SHOWN_SECONDS
    overload.skipped({"backend": 703})
    assert overload.recent == {"backend": 3}


def test_a_backend_that_began_anew_counts_from_nothing() -> None:
    overload = Overload(Time())
    overload.skipped({"backend": 700})
    overload.skipped({"backend": 2})
    assert overload.recent == {"backend": 702}


def test_a_lag_that_is_not_told_again_is_no_news_any_more() -> None:
    time = Time()
    overload = Overload(time)
    overload.behind(0.1)
    assert overload.lag == 0.0
    overload.behind(1.5)
    assert overload.lag == 1.5
    time.now += SHOWN_SECONDS
    assert overload.lag == 0.0


async def test_it_leaves_the_screen_and_stays_in_the_log(
    make_app: MakeApp, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statusline, "LOOK_SECONDS", 0.05)
    time = Time()
    app = make_app(session)
    app.status.overload = Overload(time)
    async with app.run_test(size=(180, 40)) as pilot:
        await see(pilot, "prepared answers")
        session.emit(Dropped(counts={"microphone": 0, "speaker": 0, "backend": 739}))
        session.emit(LagChanged(seconds=1.5, dropped=739))
        await see(pilot, "too busy: 59.1 s of sound lost", "1.5 s behind")
        time.now += SHOWN_SECONDS
        await until(lambda: "59.1 s of sound lost" not in text(app), pilot.pause)
        assert "behind" not in text(app)
        told = "sound was lost so far: 59.1 s before it was understood"
        lines = app._dashboard.activity._lines  # a burst is collected before it is written down
        await until(lambda: any(told in line._entry.text for line in lines), pilot.pause)
