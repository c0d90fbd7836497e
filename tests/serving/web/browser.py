"""The real page in a real Chromium, from the real server, before a session of fakes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import wave
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("playwright", reason="the page is tested with playwright")

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from assistant.audio.devices.switchable import SwitchableAudio
from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE
from tests.fakes import FakeSession
from tests.serving.web.page_client import TOKEN, house

expect.set_options(timeout=15_000)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@dataclass
class Served:
    """A page that can be opened, and both of its ends here."""

    address: str
    session: FakeSession
    audio: SwitchableAudio
    heard: list[Float32]
    """Frames of the page's microphone."""

    hang_up: Callable[[], None]
    """On every page, as a network that is gone."""
    change_token: Callable[[str], None]
    """Whoever was let in before is not any more."""

    @property
    def url(self) -> str:
        return f"{self.address}/#{TOKEN}"

    def says(self, sound: Float32, utterance: int = 1) -> None:
        """Let this be heard where the sound is: float32 [n], 24 kHz."""
        self.audio.playback.write(utterance, sound)
        self.audio.playback.end(utterance)


@contextlib.asynccontextmanager
async def served(session: FakeSession | None = None) -> AsyncIterator[Served]:
    """The server beside a session of fakes, whose sound pages may carry."""
    session = session or FakeSession()
    heard: list[Float32] = []
    session.take_frame = lambda number, samples: heard.append(samples)  # type: ignore[method-assign]
    async with house(session) as here:
        session.input_levels = here.audio.input_levels
        session.output_levels = here.audio.output_levels

        def hang_up() -> None:
            loop = here.server._loop
            assert loop is not None
            loop.call_soon_threadsafe(here.server._pages.close_pages)

        def change_token(token: str) -> None:
            here.entry._token = token

        yield Served(here.url, session, here.audio, heard, hang_up, change_token)


@contextlib.asynccontextmanager
async def chromium(
    microphone: Path | None = None, *, card: Mapping[str, str] | None = None
) -> AsyncIterator[Browser]:
    """A browser whose microphone hears this WAV file, once; without one, beeps. `card`: the
    environment of a sound card, whose microphone and speaker it has instead."""
    arguments = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--autoplay-policy=user-gesture-required",
    ]
    if card is None:
        arguments.append("--use-fake-device-for-media-stream")
    if microphone is not None:
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=arguments,
            ignore_default_args=[] if card is None else ["--mute-audio"],
            env={**os.environ, **(card or {})},
        )
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Seen:
    """A page, and what it complained of and asked for."""

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Addresses of all its requests."""


@contextlib.asynccontextmanager
async def opened(
    browser: Browser,
    url: str,
    size: tuple[int, int] = (1280, 800),
    *,
    dark: bool = True,
    still: bool = True,
    scale: float = 1.0,
    permissions: tuple[str, ...] = ("microphone",),
    script: str = "",
) -> AsyncIterator[Seen]:
    """The page at this address, connected. `still`: its user wants nothing to move; `script` is run
    before the page's own."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=scale,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if still else "no-preference",
        permissions=list(permissions),
    )
    page = await context.new_page()
    await page.add_init_script(script)
    seen = Seen(page, context)
    page.on("console", lambda message: _complains(seen, message.type, message.text))
    page.on("pageerror", lambda error: seen.complaints.append(f"error: {error}"))
    page.on("request", lambda request: seen.asked.append(request.url))
    try:
        await page.goto(url)
        await expect(page.locator("#link")).to_have_text("Connected")
        yield seen
    finally:
        await context.close()


def _complains(seen: Seen, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        seen.complaints.append(f"{kind}: {text}")


async def eventually(condition: Callable[[], object], what: str) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"it did not happen: {what}")


def tone(seconds: float, hertz: float = 440.0, peak: float = 0.4) -> Float32:
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound: Float32 = (peak * np.sin(2 * np.pi * hertz * at)).astype(np.float32)
    return sound


def write_wav(path: Path, sound: Float32) -> Path:
    """PCM16 mono at 48 kHz, as Chromium wants it."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(2 * SAMPLE_RATE)
        file.writeframes((np.repeat(sound, 2) * 32767).astype("<i2").tobytes())
    return path
