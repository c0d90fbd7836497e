"""What all screens that lie on top of the dashboard have in common: they close once."""

from __future__ import annotations

import asyncio

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.screen import ModalScreen, Screen, ScreenResultType


class ClosesOnce(Screen[ScreenResultType]):
    """A second key, click or event may ask a screen to close that is closing already, or that
    something else lies on: Textual would take away whatever is on top, or raise."""

    _closing_asked = False

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """As ever, where it is on top and was not closed yet; else nothing happens."""
        stack = self.app.screen_stack
        if self._closing_asked or not stack or stack[-1] is not self:
            return AwaitComplete()
        self._closing_asked = True
        try:
            return super().dismiss(result)
        except asyncio.InvalidStateError:  # who waited for the answer is gone
            return self.app.pop_screen()


class Dialog(ModalScreen[ScreenResultType], ClosesOnce[ScreenResultType]):
    """A modal screen."""


class Palette(CommandPalette, ClosesOnce[None]):
    """The command palette."""
