"""What a person would see on the screen of an app under test."""

from __future__ import annotations

from collections.abc import Iterator

from rich.segment import Segment
from textual._context import visible_screen_stack
from textual.app import App
from textual.pilot import Pilot

from tests.fakes import until


def rows(app: App[None]) -> list[str]:
    """The screen's text, row by row, what shines through a dialog included."""
    visible_screen_stack.set(app._background_screens)
    return [strip.text for strip in app.screen._compositor.render_strips()]


def text(app: App[None]) -> str:
    return "\n".join(rows(app))


async def see(pilot: Pilot[None], *words: str) -> None:
    """Return once all of `words` stand on the screen; fails after five seconds."""
    try:
        await until(lambda: all(word in text(pilot.app) for word in words), pilot.pause)
    except AssertionError:
        raise AssertionError(f"{words} not seen in\n{text(pilot.app)}") from None


async def click_on(pilot: Pilot[None], words: str) -> None:
    """Click on the first place where these words stand."""
    await see(pilot, words)
    at = next((line.index(words), y) for y, line in enumerate(rows(pilot.app)) if words in line)
    await pilot.click(offset=at)


def segments(app: App[None]) -> Iterator[Segment]:
    """All that is drawn, with its style."""
    visible_screen_stack.set(app._background_screens)
    for strip in app.screen._compositor.render_strips():
        yield from strip
