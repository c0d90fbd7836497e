"""The page as somebody meets it who sees little, uses no mouse, listens to it, or has a small
phone; and what it weighs. Through a real Chromium, whose accessibility tree is asked."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from assistant.calls.parser import ToolCall
from assistant.memory.base import Found
from assistant.personas.loading import load_personas
from assistant.session.events import (
    AgentSaid,
    AnswerProgress,
    AudioChanged,
    BackendChosen,
    BrainChosen,
    FeelingHeard,
    FirstSample,
    LagChanged,
    MemoryRecalled,
    Notice,
    PersonaChanged,
    SessionEvent,
    StateChanged,
    TimersChanged,
    ToolFinished,
    UserSaid,
)
from assistant.skills.schedule import Timer
from assistant.tools.registry import ToolResult
from tests.fakes import FakeSession
from tests.serving.web.browser import Seen, needs_chromium, opened, served
from tests.serving.web.test_page import memory

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]

PERSONAS = load_personas().loaded
PANELS = (
    "personas", "memory", "today", "sound", "log", "help", "brain", "times", "history",
)  # fmt: skip
CONTROLS = {
    "button", "textbox", "searchbox", "slider", "checkbox", "combobox", "link", "dialog", "image",
    "progressbar",
}  # fmt: skip
CONTRASTS, SMALL, WIDER, FOCUS = (
    (Path(__file__).parent / "checks" / f"{name}.js").read_text("utf-8")
    for name in ("contrasts", "small", "wider", "focus")
)


def happening() -> list[SessionEvent]:
    """Something of everything that the page can show."""
    timer = Timer(1, "timer", "pasta", time.time() + 500)
    return [
        AudioChanged(microphone="Built-in Audio", speaker="Built-in Audio", push_to_talk=True),
        BackendChosen(name="cascade", reason="auto", engine="whisper", ready=True),
        BrainChosen(label="qwen3-1.7b · own server"),
        UserSaid(turn=1, text="Remember that my parrot is called Picasso.", final=True),
        FeelingHeard(turn=1, kind="excited", arousal=0.7, confidence=0.6, cues=("a raised voice",)),
        ToolFinished(result=ToolResult(ToolCall("set_timer", {}), True, "Pasta, ten minutes.")),
        ToolFinished(result=ToolResult(ToolCall("search_notes", {}), False, "No such note.")),
        MemoryRecalled(found=(Found("m1", "You like tea.", memory("m1", "").at, "hal", 1.0),)),
        AgentSaid(turn=2, persona="glados", text="I have written it down, if you must know."),
        AgentSaid(turn=2, persona="glados", final=True, played="I have", interrupted=True),
        FirstSample(turn=2, latency=0.6, stages={"wait": 100.0, "answer": 300.0}),
        FirstSample(turn=2, latency=0.8, stages={"wait": 100.0, "answer": 500.0}),
        UserSaid(turn=3, text="and what can", final=False),
        AgentSaid(turn=4, persona="glados", text="Averyveryverylongwordthatnobodyeversaid" * 3),
        AnswerProgress(turn=4, words=1),
        TimersChanged(timers=(timer,), ringing=(timer,)),
        LagChanged(seconds=1.2, dropped=20, advice="a smaller model"),
        Notice(text="The disk is nearly full.", remedy="Make room.", severity="warning"),
        Notice(text="The microphone is gone.", remedy="Plug it in.", severity="error"),
        StateChanged(state="speaking"),
    ]


async def show_everything(seen: Seen, made: FakeSession) -> None:
    made.emit(*happening())
    await expect(seen.page.locator("#state")).to_have_text("Speaking")
    await expect(seen.page.locator("#ringing")).to_be_visible()


async def open_panel(page: Page, name: str) -> None:
    button = page.locator(f"[data-do={name}]:visible")
    if await button.count():
        await button.first.click()
    else:
        keys = {"history": "h", "log": "a", "help": "?", "brain": "b", "times": "w"}
        await page.keyboard.press(keys[name])
    await expect(page.locator("dialog[open] h2")).to_be_visible()


async def close_panel(page: Page) -> None:
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog[open]")).to_have_count(0)


async def nameless(seen: Seen) -> list[str]:
    """Controls and pictures that a screen reader has no name for."""
    tree = await (await seen.context.new_cdp_session(seen.page)).send("Accessibility.getFullAXTree")
    return [
        f"{_value(node, 'role')} {node.get('backendDOMNodeId')}"
        for node in tree["nodes"]
        if not node.get("ignored")
        and _value(node, "role") in CONTROLS
        and not _value(node, "name").strip()
    ]


def _value(node: dict[str, Any], key: str) -> str:
    return str(node.get(key, {}).get("value", ""))


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
async def test_every_persona_can_be_read(browser: Browser, dark: bool) -> None:
    made = FakeSession(list(PERSONAS.values()))
    async with (
        served(made) as house,
        opened(browser, house.url, dark=dark) as seen,
    ):
        await show_everything(seen, made)
        for persona in PERSONAS.values():
            made.emit(PersonaChanged(persona=persona))
            await expect(seen.page.locator("#name")).to_have_text(persona.name)
            assert await seen.page.evaluate(CONTRASTS) == [], persona.name


@pytest.mark.parametrize("slug", ["hal", "wren"])
@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
async def test_every_panel_can_be_read_and_has_names(
    browser: Browser, slug: str, dark: bool
) -> None:
    made = FakeSession(list(PERSONAS.values()))
    made.persona = PERSONAS[slug]
    async with (
        served(made) as house,
        opened(browser, house.url, dark=dark) as seen,
    ):
        await show_everything(seen, made)
        assert await nameless(seen) == []
        for panel in PANELS:
            await open_panel(seen.page, panel)
            assert await seen.page.evaluate(CONTRASTS) == [], panel
            assert await nameless(seen) == [], panel
            await close_panel(seen.page)
        call = ToolCall("write_file", {"path": "notes/shopping.md", "text": "milk\neggs\n" * 40})
        asking = asyncio.create_task(made.askers.ask(call))
        await expect(seen.page.locator("dialog.consent")).to_be_visible()
        assert await seen.page.evaluate(CONTRASTS) == []
        assert await nameless(seen) == []
        await expect(seen.page.get_by_role("button", name="Yes, once")).to_be_in_viewport()
        await close_panel(seen.page)
        assert await asking is False
        assert seen.complaints == []


@pytest.mark.parametrize("size", [(360, 740), (820, 1180), (1024, 700), (1440, 900)])
async def test_nothing_is_wider_than_the_screen_and_fingers_find_everything(
    browser: Browser, size: tuple[int, int]
) -> None:
    made = FakeSession(list(PERSONAS.values()))
    async with (
        served(made) as house,
        opened(browser, house.url, size) as seen,
    ):
        await seen.page.click("#start")
        await expect(seen.page.locator("#start-text")).to_have_text("Stop talking")
        await show_everything(seen, made)
        await expect(seen.page.locator("#talk")).to_be_visible()
        for control in ("#start", "#talk", "#mute", "#stop", "#repeat", "#words"):
            await expect(seen.page.locator(control)).to_be_in_viewport(ratio=0.95)
        assert await seen.page.evaluate(WIDER) == []
        assert await seen.page.evaluate(SMALL, 43.9) == []
        for panel in PANELS:
            await open_panel(seen.page, panel)
            assert await seen.page.evaluate(WIDER) == [], panel
            assert await seen.page.evaluate(SMALL, 43.9) == [], panel
            await close_panel(seen.page)


async def test_the_page_has_the_bones_that_a_screen_reader_walks_along(browser: Browser) -> None:
    async with (
        served() as house,
        opened(browser, house.url) as seen,
    ):
        page = seen.page
        assert await page.locator("h1").count() == 1
        assert await page.locator("html").get_attribute("lang") == "en"
        viewport = await page.locator("meta[name=viewport]").get_attribute("content") or ""
        assert "width=device-width" in viewport
        assert "user-scalable=no" not in viewport
        assert "maximum-scale" not in viewport
        for role in ("banner", "navigation", "main", "complementary", "contentinfo"):
            assert await page.get_by_role(role).count() == 1, role  # type: ignore[arg-type]
        levels = await page.locator("h1:visible, h2:visible").all()
        assert len(levels) > 3
        assert await page.title() == "Butler · assistant"


async def test_whoever_has_no_mouse_comes_everywhere_and_sees_where_it_is(browser: Browser) -> None:
    made = FakeSession(list(PERSONAS.values()))
    async with (
        served(made) as house,
        opened(browser, house.url) as seen,
    ):
        await show_everything(seen, made)
        reached = []
        for _ in range(80):
            await seen.page.keyboard.press("Tab")
            at = await seen.page.evaluate(FOCUS)
            if not at["name"]:
                break
            assert at["seen"], at["name"]
            reached.append(at["name"])
        wanted = {"name", "start", "mute", "stop", "repeat", "scroll", "words", "status-brain"}
        assert wanted <= set(reached)
        order = [reached.index(each) for each in ("name", "start", "scroll", "words")]
        assert order == sorted(order)


async def test_a_panel_keeps_the_focus_and_gives_it_back(browser: Browser) -> None:
    async with (
        served() as house,
        opened(browser, house.url) as seen,
    ):
        await seen.page.focus("[data-do=sound]")
        await seen.page.keyboard.press("Enter")
        await expect(seen.page.locator("dialog.sound")).to_be_visible()
        inside = "() => document.activeElement.closest('dialog') !== null"
        assert await seen.page.evaluate(inside)
        await close_panel(seen.page)
        back = "() => document.activeElement.dataset.do"
        assert await seen.page.evaluate(back) == "sound"


async def test_it_asks_nobody_else_complains_of_nothing_weighs_little_and_is_soon_there(
    browser: Browser,
) -> None:
    async with (
        served() as house,
        opened(browser, house.url) as seen,
    ):
        await seen.page.wait_for_load_state("networkidle")
        assert seen.complaints == []
        assert all(each.startswith(house.address) for each in seen.asked)
        weight = await seen.page.evaluate(
            "() => performance.getEntriesByType('resource')"
            ".reduce((sum, each) => sum + each.encodedBodySize, 0)"
        )
        assert 20_000 < weight < 300_000
        assert len(seen.asked) < 40


async def test_larger_letters_push_nothing_off_the_screen(browser: Browser) -> None:
    made = FakeSession(list(PERSONAS.values()))
    async with (
        served(made) as house,
        opened(browser, house.url, (640, 900)) as seen,
    ):
        await show_everything(seen, made)
        await seen.page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
        assert await seen.page.evaluate(WIDER) == []
        await expect(seen.page.locator("#words")).to_be_in_viewport()
