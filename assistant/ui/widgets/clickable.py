"""Words in a line that do something when they are clicked."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

_META = "press"


def pressing(content: Content, action: str) -> Content:
    """`content`, whose click runs `action`. Unlike a link it keeps its own colours."""
    return content.stylize(Style.from_meta({_META: action})) if action else content


class ClickableLine(Widget):
    """A line with `pressing` words in it."""

    ALLOW_SELECT = False

    async def on_click(self, event: events.Click) -> None:
        action = event.style.meta.get(_META)
        if action:
            event.stop()
            await self.run_action(action)
