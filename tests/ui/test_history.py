"""Earlier conversations: a list, what was said, and going on with one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from assistant.locations import transcripts_dir
from assistant.session.events import BackendChosen, BrainChosen
from assistant.session.transcript_store import TranscriptEntry, TranscriptStore
from assistant.ui.app import DashboardApp
from tests.fakes import READY, FakeSession, until
from tests.ui.looking import see, text

MakeApp = Callable[..., DashboardApp]


def saved(day: int, *turns: tuple[str, str]) -> str:
    store = TranscriptStore(transcripts_dir())
    at = datetime(2026, 7, day, 9, 41)
    for name, words in turns:
        store.append(TranscriptEntry(at, "user" if name == "You" else "assistant", name, words))
    store.close()
    assert store.path is not None
    return store.path.stem


async def test_they_are_listed_searched_and_read(make_app: MakeApp, session: FakeSession) -> None:
    saved(17, ("You", "Do owls sleep?"), ("Butler", "By day."))
    saved(18, ("You", "Shall I have tea?"), ("Core 9", "It is a test."))
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("h")
        await see(pilot, "Sat 18 Jul 2026, 09:41", "with Core 9 · 2 turns", "Do owls sleep?")
        await pilot.press("slash", *"by day")
        await until(lambda: "Core 9 · 2" not in text(app), pilot.pause)
        await pilot.press("enter", "enter")
        await see(pilot, "Friday 17 July 2026, 09:41", "By day.")
        await pilot.press("escape")
        await until(lambda: "Friday 17 July" not in text(app), pilot.pause)
        await pilot.press("escape")
        await until(lambda: app.screen is app._dashboard, pilot.pause)


async def test_going_on_shows_what_was_said_and_says_so(
    make_app: MakeApp, session: FakeSession
) -> None:
    id = saved(17, ("You", "Do owls sleep?"), ("Butler", "By day."))
    app = make_app(session)
    async with app.run_test(size=(100, 40)) as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("h")
        await see(pilot, "with Butler")
        await pilot.press("r")
        await see(pilot, "Going on with Friday 17 July 2026, 09:41", "Do owls sleep?", "By day.")
        await see(pilot, " Now ")
        assert ("resume", id) in session.calls


async def test_where_the_backend_answers_by_itself_it_says_what_going_on_means(
    make_app: MakeApp,
) -> None:
    saved(17, ("You", "Do owls sleep?"), ("Butler", "By day."))
    moshi = [BrainChosen(label="the model itself"), BackendChosen(name="moshi-mlx", reason="")]
    session = FakeSession(on_start=[*READY, *moshi])
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "Moshi on this machine")
        await pilot.press("h")
        await see(pilot, "with Butler", "Moshi answers by itself and is not told")


async def test_without_any_it_says_so(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("h")
        await see(pilot, "There are no saved conversations.")
        await pilot.press("r", "enter", "slash", *"x", "escape", "escape")
        await until(lambda: app.screen is app._dashboard, pilot.pause)


async def test_one_that_was_deleted_meanwhile_is_told(
    make_app: MakeApp, session: FakeSession
) -> None:
    id = saved(17, ("You", "Do owls sleep?"), ("Butler", "By day."))
    app = make_app(session)
    async with app.run_test() as pilot:
        await see(pilot, "prepared answers")
        await pilot.press("h")
        await see(pilot, "with Butler")
        (transcripts_dir() / f"{id}.md").unlink()
        await pilot.press("enter")
        await see(pilot, "There is no saved conversation")
        await pilot.press("r")
        await see(pilot, "That conversation could not be gone on with.")
