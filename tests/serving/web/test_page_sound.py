"""A page as microphone and speaker: through a real Chromium with a microphone that plays a file."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from assistant.audio.types import Float32
from assistant.session.events import AudioChanged, PersonasReloaded
from tests.fakes import CORE, FRIEND
from tests.serving.web.browser import (
    chromium,
    eventually,
    needs_chromium,
    opened,
    served,
    tone,
    write_wav,
)

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]

KEEPS_STREAMS = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  if (window.unplugged) throw new DOMException("gone", "NotFoundError");
  return (window.stream = await ask(wanted));
};
"""
NO_READER = "delete globalThis.MediaStreamTrackProcessor;"
"""As in a browser that lets no page read a track."""
PULL = "() => { stream.getTracks()[0].dispatchEvent(new Event('ended')); }"


async def start_talking(page: Page) -> None:
    await page.click("#start")
    await expect(page.locator("#start-text")).to_have_text("Stop talking")


def loudest_hertz(frames: list[Float32]) -> float:
    """Of what was heard in the loudest second."""
    sound = np.concatenate(frames)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size)))
    return float(np.argmax(spectrum)) * 24_000 / sound.size


@pytest.mark.parametrize("script", ["", NO_READER])
async def test_what_is_said_into_the_page_is_heard_by_the_session(
    tmp_path: Path, script: str
) -> None:
    """Where the browser lets the page read the track, and where it does not."""
    whistle = write_wav(tmp_path / "whistle.wav", tone(20.0, 700.0))
    async with (
        served() as house,
        chromium(whistle) as browser,
        opened(browser, house.url, script=script) as seen,
    ):
        await start_talking(seen.page)
        await eventually(lambda: len(house.heard) > 30, "two seconds of sound")
        await expect(seen.page.locator("#where")).to_contain_text("You talk through this device")
        heard = house.heard[10:30]
        assert np.abs(np.concatenate(heard)).max() > 0.05
        assert abs(loudest_hertz(heard) - 700.0) < 5.0
        assert seen.complaints == []


async def test_what_is_said_is_heard_through_the_page_without_a_gap(browser: Browser) -> None:
    async with (
        served() as house,
        opened(browser, house.url) as seen,
    ):
        await start_talking(seen.page)
        house.says(tone(2.0))
        await eventually(
            lambda: house.audio.playback.played(1) == 48_000, "all of it is on its way"
        )
        await expect(seen.page.locator("#status-buffer")).to_contain_text("gaps")
        remote = house.audio.remote
        assert remote is not None
        await eventually(lambda: remote.output_delay() > 0, "the page tells what waits there")
        assert remote.output_delay() < 0.6


async def test_an_interruption_empties_the_page_at_once(browser: Browser) -> None:
    async with (
        served() as house,
        opened(browser, house.url) as seen,
    ):
        await start_talking(seen.page)
        house.says(tone(5.0))
        await eventually(lambda: house.audio.playback.played(1) > 12_000, "it sounds")
        await seen.page.keyboard.press("d")
        figures = seen.page.locator("dialog.sound p")
        await expect(figures).to_contain_text("ms of surplus shed")
        shed = await _shed(figures)
        house.audio.playback.clear()
        for _ in range(40):
            if await _shed(figures) > shed:
                break
            await asyncio.sleep(0.1)
        assert await _shed(figures) > shed


async def _shed(figures: Locator) -> int:
    """Milliseconds that were dropped unheard, as the page tells them."""
    found = re.search(r"(\d+) ms of surplus shed", await figures.text_content() or "")
    assert found is not None
    return int(found[1])


async def test_stop_gives_the_microphone_back(browser: Browser) -> None:
    async with (
        served() as house,
        opened(browser, house.url, script=KEEPS_STREAMS) as seen,
    ):
        await start_talking(seen.page)
        await eventually(lambda: len(house.heard) > 3, "sound")
        await seen.page.click("#start")
        await expect(seen.page.locator("#start-text")).to_have_text("Start talking")
        await eventually(lambda: house.audio.remote is None, "it is given back")
        tracks = "() => stream.getTracks().map((each) => each.readyState)"
        assert await seen.page.evaluate(tracks) == ["ended"]


async def test_who_presses_start_second_has_the_sound_and_the_first_is_told(
    browser: Browser,
) -> None:
    async with (
        served() as house,
        opened(browser, house.url) as first,
        opened(browser, house.url) as second,
    ):
        await start_talking(first.page)
        await expect(second.page.locator("#where")).to_contain_text("The sound is with Chrome")
        await start_talking(second.page)
        await expect(first.page.locator("#start-text")).to_have_text("Start talking")
        await expect(first.page.locator("#toasts")).to_contain_text("The sound went to Chrome")


async def test_after_a_reload_the_page_talks_on(browser: Browser) -> None:
    async with (
        served() as house,
        opened(browser, house.url) as seen,
    ):
        await start_talking(seen.page)
        await eventually(lambda: len(house.heard) > 3, "sound")
        await seen.page.reload()
        await expect(seen.page.locator("#link")).to_have_text("Connected")
        await expect(seen.page.locator("#start-text")).to_have_text("Stop talking")
        count = len(house.heard)
        await eventually(lambda: len(house.heard) > count + 5, "sound again")


OWN_RATE = """
const Real = AudioContext;
window.AudioContext = class extends Real {
  constructor(options) {
    if (options?.sampleRate) throw new DOMException("no such rate", "NotSupportedError");
    super({ ...options, sampleRate: 48000 });
  }
};
"""


async def test_a_browser_that_keeps_to_the_rate_of_its_device_is_understood(tmp_path: Path) -> None:
    whistle = write_wav(tmp_path / "whistle.wav", tone(20.0, 700.0))
    async with (
        served() as house,
        chromium(whistle) as browser,
        opened(browser, house.url, script=NO_READER + OWN_RATE) as seen,
    ):
        await start_talking(seen.page)
        await eventually(lambda: len(house.heard) > 30, "two seconds of sound")
        heard = house.heard[10:30]
        assert np.abs(np.concatenate(heard)).max() > 0.05
        assert abs(loudest_hertz(heard) - 700.0) < 5.0


REFUSES = "getUserMedia = async () => { throw new DOMException('no', '%s'); };"
TROUBLES = {
    "NotAllowedError": ("may not use the microphone", "Allow it"),
    "NotFoundError": ("There is no microphone", "Plug one in"),
    "NotReadableError": ("another program or a call may have it", "End that"),
    "SomethingNew": ("could not be opened", "Press Start again"),
}


@pytest.mark.parametrize("name", TROUBLES)
async def test_who_has_no_microphone_is_told_why_and_what_helps(
    browser: Browser, name: str
) -> None:
    script = "navigator.mediaDevices." + REFUSES % name
    async with (
        served() as house,
        opened(browser, house.url, script=script) as seen,
    ):
        await seen.page.click("#start")
        for words in TROUBLES[name]:
            await expect(seen.page.locator("#toasts [role=alert]")).to_contain_text(words)
        await expect(seen.page.locator("#start-text")).to_have_text("Start talking")
        assert house.audio.remote is None


async def test_a_page_that_came_without_https_says_how_it_gets_a_microphone(
    browser: Browser,
) -> None:
    script = """
    Object.defineProperty(navigator, "mediaDevices", { value: undefined });
    Object.defineProperty(window, "isSecureContext", { value: false });
    """
    async with (
        served() as house,
        opened(browser, house.url, script=script) as seen,
    ):
        await seen.page.click("#start")
        await expect(seen.page.locator("#toasts")).to_contain_text("assistant web --lan")
        await seen.page.fill("#words", "I can write, at least.")
        await seen.page.keyboard.press("Enter")
        await expect(seen.page.locator(".turn .words")).to_have_text("I can write, at least.")


async def test_another_microphone_takes_over_from_one_that_is_unplugged(browser: Browser) -> None:
    async with (
        served() as house,
        opened(browser, house.url, script=KEEPS_STREAMS) as seen,
    ):
        await start_talking(seen.page)
        await eventually(lambda: len(house.heard) > 3, "sound")
        await seen.page.evaluate(PULL)
        await expect(seen.page.locator("#toasts")).to_contain_text("Another microphone")
        count = len(house.heard)
        await eventually(lambda: len(house.heard) > count + 10, "sound goes on")


async def test_where_the_only_microphone_is_unplugged_the_sound_is_given_back(
    browser: Browser,
) -> None:
    async with (
        served() as house,
        opened(browser, house.url, script=KEEPS_STREAMS) as seen,
    ):
        await start_talking(seen.page)
        await seen.page.evaluate("() => { window.unplugged = true; }")
        await seen.page.evaluate(PULL)
        await expect(seen.page.locator("#toasts")).to_contain_text("unplugged or taken away")
        await expect(seen.page.locator("#start-text")).to_have_text("Start talking")
        await eventually(lambda: house.audio.remote is None, "it is given back")


async def test_after_a_lost_connection_the_page_talks_on_by_itself(browser: Browser) -> None:
    async with (
        served() as house,
        opened(browser, house.url) as seen,
    ):
        await start_talking(seen.page)
        await eventually(lambda: len(house.heard) > 3, "sound")
        house.hang_up()
        await expect(seen.page.locator("#state")).to_have_text("Not connected")
        await expect(seen.page.locator("#start-text")).to_have_text("Stop talking")
        count = len(house.heard)
        await eventually(lambda: len(house.heard) > count + 5, "sound again")
        await expect(seen.page.locator("#status-buffer")).to_contain_text("ms")


async def test_changed_persona_files_do_not_disturb_who_talks(browser: Browser) -> None:
    async with (
        served() as house,
        opened(browser, house.url) as seen,
    ):
        await start_talking(seen.page)
        house.session.replace_personas([CORE, FRIEND])
        house.session.emit(PersonasReloaded(slugs=["core", "friend"], failed=[]))
        await expect(seen.page.locator("#name")).to_have_text("Core 9")
        await expect(seen.page.locator("#start-text")).to_have_text("Stop talking")
        count = len(house.heard)
        await eventually(lambda: len(house.heard) > count + 5, "it still hears")


@pytest.mark.parametrize("script", ["", NO_READER])
async def test_who_is_muted_is_silent_and_heard_again_afterwards(
    tmp_path: Path, script: str
) -> None:
    whistle = write_wav(tmp_path / "whistle.wav", tone(30.0, 700.0))
    async with (
        served() as house,
        chromium(whistle) as browser,
        opened(browser, house.url, script=script) as seen,
    ):
        await start_talking(seen.page)
        await eventually(lambda: len(house.heard) > 5, "sound")
        for muted in (True, False):
            house.session.emit(AudioChanged(microphone="page", speaker="page", muted=muted))
            await asyncio.sleep(0.5)
            count = len(house.heard)
            await eventually(lambda count=count: len(house.heard) > count + 5, "it goes on")
            assert bool(np.any(np.concatenate(house.heard[count:]))) is not muted


async def test_the_talk_key_is_held_and_let_go(browser: Browser) -> None:
    async with (
        served() as house,
        opened(browser, house.url) as seen,
    ):
        await start_talking(seen.page)
        house.session.emit(AudioChanged(microphone="page", speaker="page", push_to_talk=True))
        await expect(seen.page.locator("#talk")).to_be_visible()
        await seen.page.keyboard.down(" ")
        await eventually(lambda: ("talk_key", True) in house.session.calls, "it is down")
        await seen.page.keyboard.up(" ")
        await eventually(lambda: ("talk_key", False) in house.session.calls, "it is up")
