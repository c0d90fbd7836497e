"""Measures the page's sound in a real Chromium: `python scripts/page_sound.py --busy 2`.

A microphone that whistles and a voice that speaks for `--seconds`, beside `--busy` loops that do
nothing but keep the machine busy. Told: what of the 20 ms blocks came through each way. `--card`:
through a sound server, whose sound comes in bursts beside busy processes, and not the browser's own
fake device. `--graph`: as in browsers that let no page read a track.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.async_api import expect

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.e2e.virtual_card import VirtualCard
from tests.serving.web.browser import chromium, opened, served, tone, write_wav

BLOCK_SECONDS = 0.02
CATCHES_UP = 2.0
"""Seconds after which what waited beside the loops has come, too."""
NO_READER = "delete globalThis.MediaStreamTrackProcessor;"
CONNECTED = "() => performance.getEntriesByName('connected')[0].startTime"


@contextlib.contextmanager
def busy(loops: int) -> Iterator[None]:
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for each in spinning:
            each.kill()
            each.wait()


async def measure(seconds: float, loops: int, *, card: bool, graph: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        devices = stack.enter_context(VirtualCard(Path(folder))).environment if card else None
        whistle = write_wav(Path(folder) / "whistle.wav", tone(seconds + 15, 700.0))
        async with (
            served() as house,
            chromium(None if card else whistle, card=devices) as browser,
            opened(browser, house.url, still=False, script=NO_READER if graph else "") as seen,
        ):
            print(f"connected and drawn after {await seen.page.evaluate(CONNECTED):.0f} ms")
            await seen.page.click("#start")
            await expect(seen.page.locator("#start-text")).to_have_text("Stop talking")
            await seen.page.keyboard.press("d")
            await asyncio.sleep(2.0)
            remote = house.audio.remote
            assert remote is not None
            numbers: list[int] = []
            delays: list[float] = []
            hear = remote.hear

            def heard(number: int, pcm: bytes) -> None:
                numbers.append(number)
                delays.append(remote.output_delay())
                hear(number, pcm)

            remote.hear = heard  # type: ignore[method-assign]
            before = await _figures(seen.page.locator("dialog.sound p"))
            began, sent = time.monotonic(), remote.sent
            with busy(loops):
                house.says(tone(seconds))
                await asyncio.sleep(seconds)
                sent = remote.sent - sent
            await asyncio.sleep(CATCHES_UP)
            took, count = time.monotonic() - began, len(numbers)
            after = await _figures(seen.page.locator("dialog.sound p"))
    whole = took / BLOCK_SECONDS
    delays.sort()
    print(f"{seconds:.0f} s beside {loops} busy loops")
    print(f"microphone: {count} of {whole:.0f} blocks ({count / whole:.1%})")
    print(f"missing numbers: {numbers[count - 1] - numbers[0] + 1 - count}")
    print(f"speaker: {sent} sent, {after['lost'] - before['lost']} ms lost on the way")
    print(f"gaps: {after['gaps'] - before['gaps']}, lead {after['lead']} ms at the end")
    at = delays[len(delays) // 2], delays[int(len(delays) * 0.95)], delays[-1]
    print(
        "waits in the page and its sound card: " + " / ".join(f"{1000 * d:.0f}" for d in at) + " ms"
    )


async def _figures(line: object) -> dict[str, int]:
    text = str(await line.text_content())  # type: ignore[attr-defined]
    patterns = {"gaps": r"(\d+) gaps?", "lost": r"(\d+) ms lost", "lead": r"lead (\d+) ms"}
    found = {name: re.search(pattern, text) for name, pattern in patterns.items()}
    return {name: int(match[1]) if match else 0 for name, match in found.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--card", action="store_true")
    parser.add_argument("--graph", action="store_true")
    options = parser.parse_args()
    asyncio.run(measure(options.seconds, options.busy, card=options.card, graph=options.graph))
