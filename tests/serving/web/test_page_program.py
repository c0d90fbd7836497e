"""The whole program, real ears and voice, through the real page: asked aloud, answered aloud."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soxr
from playwright.async_api import expect

from tests.serving.web.browser import chromium, needs_chromium, opened, write_wav
from tests.speech import kokoro

pytestmark = [needs_chromium, pytest.mark.weights, pytest.mark.timeout(240)]

LISTENS = """
window.loudest = 0;
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode) {
    const ear = this.context.createAnalyser();
    const sound = new Float32Array(ear.fftSize);
    connect.call(this, ear);
    setInterval(() => {
      ear.getFloatTimeDomainData(sound);
      window.loudest = Math.max(window.loudest, ...sound);
    }, 50);
  }
  return connect.call(this, to, ...rest);
};
"""
"""Remembers how loud the page has been."""


@contextlib.asynccontextmanager
async def program(home: Path, *options: str) -> AsyncIterator[str]:
    """`assistant web`; gives the address that it prints."""
    own = {f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "DATA", "CACHE", "STATE")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", "assistant", "web", "--port", "0", *options,
        env={**os.environ, **own},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    url, told = "", ""
    try:
        async for line in process.stdout:
            told += line.decode()
            if found := re.search(r"http\S+", told):
                url = url or found[0]
            if "ready: Ctrl-C" in told:
                break
        assert url, told
        reading = asyncio.create_task(process.stdout.read())
        yield url
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), 15)
        reading.cancel()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_question_into_the_page_is_answered_out_of_it(tmp_path: Path) -> None:
    asked = soxr.resample(kokoro("What time is it?", "am_michael"), 16_000, 24_000)
    silence = np.zeros(24_000 * 60, np.float32)
    # Again and again: the first may fall into the greeting.
    often = np.concatenate([*[np.concatenate([silence[:240_000], asked])] * 6, silence])
    question = write_wav(tmp_path / "question.wav", often.astype(np.float32))
    options = ("--persona", "plain", "--brain", "scripted", "--backend", "cascade")
    async with (
        program(tmp_path, *options) as url,
        chromium(question) as browser,
        opened(browser, url, script=LISTENS) as seen,
    ):
        page = seen.page
        await page.click("#start")
        await expect(page.locator("#start-text")).to_have_text("Stop talking", timeout=30_000)
        mine = page.locator(".turn.user .words", has_text=re.compile("what time", re.IGNORECASE))
        await expect(mine.first).to_be_visible(timeout=120_000)
        answer = page.locator(".turn.user ~ .turn.agent").first
        await expect(answer).to_be_visible(timeout=60_000)
        assert await page.evaluate("() => window.loudest") > 0.02
        await page.fill("#words", "What is 17 times 23?")
        await page.keyboard.press("Enter")
        await expect(page.locator("#turns")).to_contain_text("391", timeout=60_000)
        await page.reload()
        await expect(page.locator("#turns")).to_contain_text("391", timeout=20_000)
        assert seen.complaints == []
