"""Measures the page's animation in a real Chromium: `python scripts/page_frames.py --busy 2`.

For `--seconds` the page listens to a whistle, then for as long it speaks, word by word, with the
face and the bars moving, beside `--busy` loops that do nothing but keep the machine busy. Told: how
many of the frames that the display asks for came (counted by a `requestAnimationFrame` of its own),
how long the page's own callbacks took of each, and what of a core the browser used.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import CDPSession, Page, expect

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from assistant.session.events import AgentSaid, AnswerProgress, StateChanged, UserSaid
from scripts.page_sound import busy
from tests.serving.web.browser import Served, chromium, opened, served, tone, write_wav

WORDS = "I have thought about it, and the answer is longer than you would like it to be. " * 20
WORDS_A_SECOND = 3.0
FRAME_MS = 1000 / 60
"""Of a display, and of a browser without one."""
WATCH = """
const watched = { frames: [], own: [], faces: 0, on: false };
const ask = window.requestAnimationFrame.bind(window);
let own = 0;
window.requestAnimationFrame = (callback) => ask((at) => {
  const before = performance.now();
  try { callback(at); } finally { own += performance.now() - before; }
});
const frame = (at) => {
  ask(frame);
  if (watched.on) { watched.frames.push(at); watched.own.push(own); }
  own = 0;
};
ask(frame);
const clear = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...where) {
  if (watched.on && this.canvas.id === "face") watched.faces += 1;
  return clear.apply(this, where);
};
window.watched = watched;
"""
"""Own callbacks of a frame are counted at the next one: the watcher's comes first."""
BEGIN = "() => Object.assign(watched, { frames: [], own: [], faces: 0, on: true })"
END = "() => { watched.on = false; return watched; }"


KINDS = {
    "TaskDuration": "thread",
    "ScriptDuration": "scripts",
    "LayoutDuration": "layout",
    "RecalcStyleDuration": "styles",
}


@dataclass(frozen=True)
class DevTools:
    page: CDPSession
    browser: CDPSession


@dataclass(frozen=True)
class Watched:
    frames: list[float]
    """Milliseconds at which the display asked for each that came."""
    own: list[float]
    """Milliseconds of the page's callbacks in each."""
    faces: int
    """How often the face was painted."""
    work: dict[str, float]
    """Seconds of processor time: of the page's thread by kind, and of the browser's processes."""


async def watch(page: Page, devtools: DevTools, seconds: float) -> Watched:
    before = await _work(devtools)
    await page.evaluate(BEGIN)
    await asyncio.sleep(seconds)
    told = await page.evaluate(END)
    after = await _work(devtools)
    work = {name: after[name] - before[name] for name in after}
    return Watched(told["frames"], told["own"], told["faces"], work)


async def _work(devtools: DevTools) -> dict[str, float]:
    metrics = (await devtools.page.send("Performance.getMetrics"))["metrics"]
    work = {f"page's {KINDS[m['name']]}": m["value"] for m in metrics if m["name"] in KINDS}
    processes = (await devtools.browser.send("SystemInfo.getProcessInfo"))["processInfo"]
    for each in processes:
        name = each["type"].rpartition(".")[2]
        work[name] = work.get(name, 0.0) + each["cpuTime"]
    return work


def tell(what: str, seen: Watched) -> None:
    if len(seen.frames) < 10:
        print(f"{what}: only {len(seen.frames)} frames came")
        return
    steps = [b - a for a, b in zip(seen.frames, seen.frames[1:], strict=False)]
    display = statistics.median(steps)
    if display > 1.5 * FRAME_MS:
        display = FRAME_MS  # more than half are missed
    missed = sum(max(0, round(step / display) - 1) for step in steps)
    asked = len(steps) + missed
    own = sorted(seen.own)
    p50, p95 = own[len(own) // 2], own[int(len(own) * 0.95)]
    seconds = (seen.frames[-1] - seen.frames[0]) / 1000
    print(f"{what}: {len(steps)} of {asked} frames at {1000 / display:.0f} Hz", end=" ")
    print(f"({len(steps) / asked:.1%}), longest step {max(steps):.0f} ms")
    print(f"  own callbacks: p50 {p50:.2f} ms, p95 {p95:.2f} ms, longest {own[-1]:.1f} ms")
    print(f"  the face was painted {seen.faces / seconds:.1f} times a second")
    shares = (f"{name} {each / seconds:.1%}" for name, each in seen.work.items() if each > 0.001)
    print(f"  of a core: {', '.join(shares)}")


async def speak(house: Served, seconds: float) -> None:
    """An answer, heard word by word."""
    turn = 2
    house.session.emit(StateChanged(state="speaking"))
    house.says(tone(seconds))
    house.session.emit(AgentSaid(turn=turn, persona=house.session.persona.slug, text=WORDS))
    for word in range(1, int(seconds * WORDS_A_SECOND)):
        house.session.emit(AnswerProgress(turn=turn, words=word))
        await asyncio.sleep(1 / WORDS_A_SECOND)


async def listen(house: Served, seconds: float) -> None:
    """Words of the user's, as they are being understood."""
    house.session.emit(StateChanged(state="listening"))
    heard = WORDS.split()
    for count in range(1, int(seconds * WORDS_A_SECOND)):
        house.session.emit(UserSaid(turn=1, text=" ".join(heard[:count]), final=False))
        await asyncio.sleep(1 / WORDS_A_SECOND)
    house.session.emit(UserSaid(turn=1, text=" ".join(heard), final=True))


async def measure(seconds: float, loops: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whistle = write_wav(Path(folder) / "whistle.wav", tone(2 * seconds + 20, 700.0))
        async with (
            served() as house,
            chromium(whistle) as browser,
            opened(browser, house.url, still=False, script=WATCH) as seen,
        ):
            devtools = DevTools(
                await seen.context.new_cdp_session(seen.page),
                await browser.new_browser_cdp_session(),
            )
            await devtools.page.send("Performance.enable", {"timeDomain": "threadTicks"})
            await seen.page.click("#start")
            await expect(seen.page.locator("#start-text")).to_have_text("Stop talking")
            await asyncio.sleep(2.0)
            print(f"{seconds:.0f} s each, beside {loops} busy loops")
            with busy(loops):
                for what, doing in (("listening", listen), ("speaking", speak)):
                    going = asyncio.create_task(doing(house, seconds + 2))
                    await asyncio.sleep(1.0)
                    tell(what, await watch(seen.page, devtools, seconds))
                    await going


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--busy", type=int, default=0)
    options = parser.parse_args()
    asyncio.run(measure(options.seconds, options.busy))
