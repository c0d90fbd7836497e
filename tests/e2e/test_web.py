"""An evening in a browser: the real program, a real Chromium, a microphone and a speaker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the page needs starlette")
pytest.importorskip("uvicorn", reason="the page needs uvicorn")
pytest.importorskip("websockets", reason="the page needs websockets")
pytest.importorskip("playwright", reason="the page is tested with playwright")

from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.conftest import Room, furnished, loudness
from tests.processes import until
from tests.serving.web.browser import CHROMIUM

pytestmark = [
    pytest.mark.sound,
    pytest.mark.weights,
    pytest.mark.xdist_group("sound"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
]

Say = Callable[[str], Path]
PATIENCE = 60_000.0
"""Milliseconds to wait for what should take one or two thousand."""


@contextmanager
def serving(room: Room) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`assistant web` without a sound card: all that is heard goes through the page."""
    environment = os.environ | room.home.environment | {"PULSE_SERVER": "unix:/nowhere"}
    command = [sys.executable, "-m", "assistant", "web", "--port", "0"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().removeprefix("Open this page: ").strip()
        finally:
            process.kill()


@contextmanager
def browsing(room: Room, url: str) -> Iterator[Page]:
    """A browser whose microphone and speaker are those of the room."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--use-fake-ui-for-media-stream"],
            ignore_default_args=["--mute-audio"],
            env={**os.environ, **room.card.environment},
        )
        try:
            page = browser.new_page()
            page.goto(url)
            yield page
        finally:
            browser.close()


@dataclass(frozen=True)
class Evening:
    room: Room
    page: Page
    process: subprocess.Popen[str]
    greeting: Path


@pytest.fixture(scope="module")
def evening(
    tmp_path_factory: pytest.TempPathFactory, cache: Path, spoken: Say
) -> Iterator[Evening]:
    spoken("What time is it in Tokyo?")  # joins the weights, which the program finds then
    with (
        furnished(tmp_path_factory.mktemp("web"), cache) as room,
        serving(room) as (process, url),
        browsing(room, url) as page,
        room.recording("greeting") as greeting,
    ):
        expect(page.locator("#state")).to_contain_text("Ready", timeout=PATIENCE)
        page.click("#start")
        until(lambda: bool(room.home.turns("JARVIS")), "JARVIS has greeted")
        yield Evening(room, page, process, greeting)


def say_until(room: Room, wav: Path, is_done: Callable[[], bool], what: str) -> None:
    """Say it until it is done: who is not understood on a busy machine says it again."""
    for _ in range(5):
        room.card.speak(wav)
        deadline = time.monotonic() + PATIENCE / 4000
        while time.monotonic() < deadline:
            if is_done():
                return
            time.sleep(0.1)
    raise AssertionError(f"said five times, and in vain waited until {what}")


def ink(page: Page) -> str:
    """The colour of the persona's: the rim of its button."""
    return str(page.evaluate("getComputedStyle(document.querySelector('#start')).borderTopColor"))


def test_the_first_page_is_greeted_aloud(evening: Evening) -> None:
    (greeting,) = evening.room.home.turns("JARVIS")
    expect(evening.page.locator("#turns")).to_contain_text(greeting)
    assert loudness(evening.greeting) > 0.1 * len(greeting.split())


def test_a_question_spoken_to_the_browser_is_answered_by_it(evening: Evening, spoken: Say) -> None:
    page, room = evening.page, evening.room
    with room.recording("answer") as answer:
        wav = spoken("What time is it in Tokyo?")
        say_until(
            room, wav, lambda: any("Tokyo" in each for each in room.home.turns("JARVIS")), "told"
        )
    told = next(each for each in room.home.turns("JARVIS") if "Tokyo" in each)
    expect(page.locator("#turns")).to_contain_text(told, timeout=PATIENCE)
    assert loudness(answer) > 0.5


def test_a_change_of_persona_by_voice_changes_the_colours(evening: Evening, spoken: Say) -> None:
    page, room = evening.page, evening.room
    before = ink(page)
    name = page.locator("#name")
    say_until(
        room, spoken("Change to gladoss."), lambda: name.text_content() == "GLaDOS", "she is there"
    )
    until(lambda: bool(room.home.turns("GLaDOS")), "she has introduced herself")
    assert ink(page) != before


def test_a_reload_in_the_middle_loses_nothing(evening: Evening) -> None:
    page, room = evening.page, evening.room
    page.reload()
    for name in ("You", "JARVIS", "GLaDOS"):
        for said in room.home.turns(name):
            expect(page.locator("#turns")).to_contain_text(said, timeout=PATIENCE)


def test_it_ends_at_once(evening: Evening) -> None:
    evening.process.send_signal(signal.SIGINT)
    assert evening.process.wait(30) == 130
