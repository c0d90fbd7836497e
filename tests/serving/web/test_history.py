"""Earlier conversations on the page: found, read, copied, gone on with; in a real Chromium."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from assistant.memory.deletion.plan import DeletionPreview
from assistant.session.events import MemoryForgotten
from assistant.session.past_conversations import PastConversations
from tests.fakes import FakeSession
from tests.serving.web.browser import Seen, needs_chromium, opened, served
from tests.serving.web.test_accessibility import CONTRASTS, SMALL, WIDER, nameless
from tests.serving.web.test_page import session
from tests.session.test_past_conversations import FRIDAY, SATURDAY, saved

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]

HOSTILE = "<img src=x onerror=document.body.remove()> <script>alert(1)</script>"


def with_past(folder: Path, *talks: tuple[datetime, tuple[tuple[str, str], ...]]) -> FakeSession:
    """A session before which these were held, the oldest first."""
    made = session()
    for time, turns in talks:
        saved(folder, time, *turns)
    made.past = PastConversations(folder)
    return made


OWLS = (FRIDAY, (("You", "Do owls sleep?"), ("JARVIS", "By day, sir.")))
TEA = (SATURDAY, (("You", "Shall I have tea?"), ("GLaDOS", "Do. It is a test.")))


async def rows(page: Page) -> list[str]:
    return [await each.inner_text() for each in await page.locator("dialog.history .pick b").all()]


async def test_they_are_listed_searched_and_read(browser: Browser, tmp_path: Path) -> None:
    async with (
        served(with_past(tmp_path, OWLS, TEA)) as house,
        opened(browser, house.url) as seen,
    ):
        panel = seen.page.locator("dialog.history")
        await seen.page.click(".dock [data-do=history]")
        await expect(panel.locator("[role=status]")).to_have_text("2 conversations")
        newest = ["Saturday 18 July 2026, 18:19", "Friday 17 July 2026, 09:41"]
        assert await rows(seen.page) == newest
        await expect(panel.locator(".pick").first).to_contain_text("with GLaDOS · 2 turns")
        await seen.page.fill("#history-words", "DAY owls")
        await expect(panel.locator("[role=status]")).to_have_text("1 conversation")
        await panel.locator(".pick").click()
        await expect(panel.locator(".words")).to_have_text(["Do owls sleep?", "By day, sir."])
        await expect(panel.locator(".agent .by")).to_have_text("JARVIS")
        await panel.get_by_role("button", name="All conversations").click()
        await seen.page.fill("#history-words", "penguins")
        await expect(panel.locator("[role=status]")).to_have_text("Nobody said “penguins”.")


async def test_one_is_gone_on_with_and_stands_in_the_conversation(
    browser: Browser, tmp_path: Path
) -> None:
    made = with_past(tmp_path, OWLS)
    async with served(made) as house, opened(browser, house.url) as seen:
        await seen.page.keyboard.press("h")
        await seen.page.locator("dialog.history .pick").click()
        await seen.page.get_by_role("button", name="Go on with it").click()
        await expect(seen.page.locator("dialog.history")).to_have_count(0)
        await expect(seen.page.locator("#turns .rule").first).to_contain_text("Friday 17 July 2026")
        await expect(seen.page.locator("#turns .words").first).to_have_text("Do owls sleep?")
        assert [name for name, _ in made.calls] == ["resume"]


async def test_by_keys_alone_and_back_to_where_one_was(browser: Browser, tmp_path: Path) -> None:
    async with (
        served(with_past(tmp_path, OWLS, TEA)) as house,
        opened(browser, house.url) as seen,
    ):
        page = seen.page
        await page.keyboard.press("h")
        await expect(page.locator("dialog.history .pick")).to_have_count(2)
        await expect(page.locator("dialog.history .pick").first).to_be_focused()
        await page.keyboard.press("ArrowUp")
        await expect(page.locator("#history-words")).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(page.locator("dialog.history section")).to_be_focused()
        await expect(page.locator("dialog.history h3")).to_contain_text("Friday")
        await page.keyboard.press("Escape")  # to the list, …
        await expect(page.locator("dialog.history .pick").nth(1)).to_be_focused()
        await page.keyboard.press("Escape")  # … then out of the panel
        await expect(page.locator("dialog.history")).to_have_count(0)


async def test_what_was_said_is_text_and_never_part_of_the_page(
    browser: Browser, tmp_path: Path
) -> None:
    made = with_past(tmp_path, (FRIDAY, (("You", HOSTILE), ("<b>HAL</b>", HOSTILE))))
    async with served(made) as house, opened(browser, house.url, (360, 740)) as seen:
        await seen.page.keyboard.press("h")
        row = seen.page.locator("dialog.history .pick")
        await expect(row).to_contain_text(HOSTILE)
        await expect(row).to_contain_text("<b>HAL</b>")
        await row.click()
        await expect(seen.page.locator("dialog.history .words").last).to_have_text(HOSTILE)
        assert await seen.page.locator("dialog.history :is(img, script, .by b)").count() == 0
        assert not seen.complaints


async def test_one_that_is_gone_meanwhile_is_told_with_what_to_do(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        served(with_past(tmp_path, OWLS)) as house,
        opened(browser, house.url) as seen,
    ):
        await seen.page.keyboard.press("h")
        row = seen.page.locator("dialog.history .pick")
        await expect(row).to_be_visible()
        shutil.rmtree(tmp_path)
        await row.click()
        news = seen.page.locator("dialog.history [role=status]")
        await expect(news).to_contain_text("any more. Choose another one.")


async def test_what_is_forgotten_meanwhile_is_shown_no_longer(
    browser: Browser, tmp_path: Path
) -> None:
    made = with_past(tmp_path, OWLS)
    async with served(made) as house, opened(browser, house.url) as seen:
        await seen.page.keyboard.press("h")
        await seen.page.locator("dialog.history .pick").click()
        panel = seen.page.locator("dialog.history")
        await expect(panel).to_contain_text("Do owls sleep?")
        shutil.rmtree(tmp_path)
        made.emit(MemoryForgotten(deletion=DeletionPreview(everything=True)))
        await expect(panel.locator("[role=status]")).to_have_text(
            "There are no saved conversations."
        )
        await expect(panel).not_to_contain_text("owls")


async def test_of_a_very_long_one_the_last_turns_are_shown_and_how_many_came_before(
    browser: Browser, tmp_path: Path
) -> None:
    long = tuple(("You", f"Owl number {n}.") for n in range(1, 451))
    async with (
        served(with_past(tmp_path, (FRIDAY, long))) as house,
        opened(browser, house.url) as seen,
    ):
        await seen.page.keyboard.press("h")
        await seen.page.locator("dialog.history .pick").click()
        told = seen.page.locator("dialog.history .past")
        await expect(told.locator("li").first).to_have_text("… 50 turns before")
        await expect(told.locator(".words")).to_have_count(400)
        await expect(told.locator(".words").last).to_have_text("Owl number 450.")


async def test_whole_conversations_can_be_copied(browser: Browser, tmp_path: Path) -> None:
    async with (
        served(with_past(tmp_path, OWLS)) as house,
        opened(
            browser, house.url, permissions=("microphone", "clipboard-read", "clipboard-write")
        ) as seen,
    ):
        await seen.page.keyboard.press("h")
        await seen.page.locator("dialog.history .pick").click()
        await seen.page.get_by_role("button", name="Copy").click()
        await expect(seen.page.locator(".toast")).to_contain_text("Copied.")
        copied = await seen.page.evaluate("() => navigator.clipboard.readText()")
        said = ("You (09:41): Do owls sleep?", "JARVIS (09:41): By day, sir.")
        assert copied == "\n\n".join(("Friday 17 July 2026, 09:41", *said))


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
@pytest.mark.parametrize("size", [(360, 740), (1280, 800)], ids=["phone", "screen"])
async def test_it_can_be_read_pressed_and_heard_on_any_screen(
    browser: Browser, tmp_path: Path, size: tuple[int, int], dark: bool
) -> None:
    wide = (("You", "Owl" * 200), ("GLaDOS " * 9, "Yes. " * 80)) * 8
    async with (
        served(with_past(tmp_path, (FRIDAY, wide), OWLS, TEA)) as house,
        opened(browser, house.url, size, dark=dark) as seen,
    ):
        await seen.page.keyboard.press("h")
        await expect(seen.page.locator("dialog.history .pick")).to_have_count(3)
        await _check(seen)
        await seen.page.locator("dialog.history .pick", has_text="OwlOwl").click()
        await expect(seen.page.locator("dialog.history .turn")).to_have_count(16)
        await _check(seen)
        for name in ("All conversations", "Copy", "Go on with it"):
            await expect(seen.page.get_by_role("button", name=name)).to_be_in_viewport(ratio=0.95)


async def _check(seen: Seen) -> None:
    for script, limit in ((CONTRASTS, None), (WIDER, None), (SMALL, 43.9)):
        assert await seen.page.evaluate(script, limit) == []
    assert await nameless(seen) == []
