"""The real page in a real Chromium, from the real server, before a session of fakes."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import wave
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the page needs starlette")
pytest.importorskip("uvicorn", reason="the page needs uvicorn")
pytest.importorskip("playwright", reason="the page is tested with playwright")

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from assistant.audio.devices.on_demand import OnDemandAudio
from assistant.audio.devices.switchable import SwitchableAudio
from assistant.audio.types import Float32
from assistant.config.schema import AudioConfig
from assistant.frames import SAMPLE_RATE
from assistant.serving.access_control import AccessControl, names_of_this_machine
from assistant.serving.settings import ServeSettings, listen
from assistant.serving.web.entry import Entry
from assistant.serving.web.serving import OwnConversation, PageServer
from tests.fakes import FakeSession

if TYPE_CHECKING:
    from assistant.session.frontend import SessionFrontend

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
TOKEN = "a-token-for-tests-and-nothing-else"


@dataclass
class Served:
    """A page that can be opened, and both of its ends here."""

    address: str
    session: FakeSession
    audio: SwitchableAudio
    heard: list[Float32] = field(default_factory=list)
    """Frames of the page's microphone."""

    @property
    def url(self) -> str:
        return f"{self.address}/#{TOKEN}"

    def says(self, sound: Float32, utterance: int = 1) -> None:
        """Let this be heard where the sound is: float32 [n], 24 kHz."""
        self.audio.playback.write(utterance, sound)
        self.audio.playback.end(utterance)


@contextlib.asynccontextmanager
async def served(session: FakeSession | None = None, port: int = 0) -> AsyncIterator[Served]:
    """The server beside a session of fakes, whose sound pages may carry."""
    session = session or FakeSession()
    config = AudioConfig()
    audio = SwitchableAudio(OnDemandAudio(config), are_used=False)
    session.input_levels, session.output_levels = audio.input_levels, audio.output_levels
    settings = ServeSettings(host="127.0.0.1", port=port)
    sockets = listen(settings)
    port = sockets[0].getsockname()[1]
    found = Served(f"http://127.0.0.1:{port}", session, audio)
    real: SessionFrontend = session
    conversation = OwnConversation(real, audio, config, lambda: None)
    control = AccessControl(
        None, names_of_this_machine("127.0.0.1", ()), what="conversation", has_pages=True
    )
    server = PageServer(conversation, Entry(TOKEN, port, secure=False), control)
    await audio.start(lambda number, frame: found.heard.append(frame), lambda text, remedy: None)
    try:
        async with server.running(sockets):
            yield found
    finally:
        await audio.stop()


@contextlib.asynccontextmanager
async def chromium(microphone: Path | None = None) -> AsyncIterator[Browser]:
    """A browser whose microphone hears this WAV file, once; without one, beeps."""
    fake = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        "--autoplay-policy=user-gesture-required",
    ]
    if microphone is not None:
        fake.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=fake)
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
    permissions: tuple[str, ...] = ("microphone",),
) -> AsyncIterator[Seen]:
    """The page at this address, connected. `still`: its user wants nothing to move."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if still else "no-preference",
        permissions=list(permissions),
    )
    page = await context.new_page()
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
