"""What all screens that lie on top of the dashboard have in common: they close once."""

from __future__ import annotations

import asyncio

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.widgets import Button


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


class YesNoDialog(Dialog[bool]):
    """Shows something and asks; gives back the answer. Escape means no, and so does Enter at first.

    Its keys are `yes_no_keys`; `compose` shows `_room` and, last, `_buttons`.
    """

    AUTO_FOCUS = "#no"

    def __init__(self, room: str, yes: str, no: str) -> None:
        """`room`: id of the room that what is shown scrolls in; `yes`, `no`: of the buttons."""
        super().__init__()
        self._room = VerticalScroll(id=room, can_focus=False)
        self._no = Button(no, id="no")
        self._buttons = Horizontal(
            Button(yes, id="yes", variant="primary"), self._no, id="confirm-buttons"
        )

    def on_mount(self) -> None:
        self._no.focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")

    def action_move(self, lines: int) -> None:
        """Read on in what is longer than its room."""
        self._room.scroll_relative(y=lines, animate=False)

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


def yes_no_keys(question: str, yes: str, no: str) -> list[BindingType]:
    """Of a `YesNoDialog`; `question` begins their ids, `yes` and `no` are their tooltips."""
    return [
        Binding("y", "answer(True)", "Yes", id=f"{question}.yes", tooltip=yes),
        Binding("n,escape,q", "answer(False)", "No", id=f"{question}.no", tooltip=no),
        Binding("left,right", "app.focus_next", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
    ]


class Palette(CommandPalette, ClosesOnce[None]):
    """The command palette."""
