"""What all screens that lie on top of the dashboard have in common: they close once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from textual import events
from textual.app import App, ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.widgets import Button, Input, Static

from assistant.calls.parser import ToolCall
from assistant.terminal.sanitize import clean_line
from assistant.ui.fitting import as_json, shortened, spelled_out

TYPING = 0.2
"""Seconds without a key after which it is searched for."""
Spawn = Callable[[Coroutine[Any, Any, None], str], None]
"""Runs work that must not end with the screen; tells the failure on the dashboard."""


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


# An input of one line that takes all of what is pasted.

MOST_LETTERS = 2_000
"""Of what is searched for, or of a memory."""


class LineInput(Input):
    """Lines that are pasted become one. What is too long is refused with a word, never cut."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()  # the base class keeps the first line only
        pasted = clean_line(event.text)
        if len(self.value) + len(pasted) > MOST_LETTERS:
            self.notify(
                f"At most {MOST_LETTERS:,} characters fit here; these are {len(pasted):,}.",
                title="Too long to be pasted",
                severity="warning",
                markup=False,
            )
        else:
            self.replace(pasted, *self.selection)


# The question before a tool whose permission is `ask` may run.

NAME_LETTERS = 100
_ASKED_BY = {
    "model": "The language model wants to run",
    "speech": "You asked by voice to run",
    "typed": "You asked to run",
    "key": "You asked to run",
    "client": "Another program wants to run",
    "agent": "A coding agent wants to go on with",
}


class ConfirmTool(YesNoDialog):
    """Asks whether a tool may run; gives back the answer. Escape means no."""

    BINDINGS = yes_no_keys("confirm", "Let it run once", "Refuse")

    def __init__(self, call: ToolCall) -> None:
        super().__init__("confirm-arguments", "Yes, once  (y)", "No  (n)")
        self.call = call
        self._withdrawn = False

    def compose(self) -> ComposeResult:
        # What is about to run is shown to the letter, the ones that have no shape included.
        name = shortened(spelled_out(self.call.name), NAME_LETTERS)
        arguments = [
            spelled_out(f"{key}: {as_json(value)}") for key, value in self.call.arguments.items()
        ]
        with Vertical(id="confirm") as box:
            box.border_title = "May this run?"
            yield Static(
                Content.assemble(
                    (_ASKED_BY[self.call.origin] + " ", ""), (name, "bold $primary"), "."
                )
            )
            if arguments:
                with self._room:
                    yield Static("\n".join(arguments), markup=False)
            yield self._buttons

    def on_screen_resume(self) -> None:
        if self._withdrawn:
            self.dismiss(False)

    def withdraw(self) -> None:
        """Take the question off the screen; where something lies on top of it, after that."""
        self._withdrawn = True
        self.dismiss(False)


class OfferScreen(YesNoDialog):
    """Offers a language model, once; gives back whether it shall be fetched."""

    BINDINGS = yes_no_keys("offer", "Fetch it, while the conversation goes on", "Leave it as it is")

    def __init__(self, about: str) -> None:
        super().__init__("offer-words", "Yes, fetch it  (y)", "No  (n)")
        self._about = about

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm") as box:
            box.border_title = "A language model of its own?"
            with self._room:
                yield Static(f"{_NOW}\n\n{self._about}.\n\n{_ANY_TIME}", markup=False)
            yield self._buttons


_NOW = "The scripted persona knows little. A model answers about anything, wholly on this machine."
_ANY_TIME = "This is asked once. At any time: assistant setup brain"


class ConfirmGate:
    """The async callback that a session is given: `await gate(call)` is the user's answer.

    It is made before the dashboard and connected to it afterwards; with no dashboard to ask in,
    the answer is no. A call that is cancelled takes its question off the screen.
    """

    def __init__(self) -> None:
        self._app: App[Any] | None = None
        self._turn = asyncio.Lock()

    def connect(self, app: App[Any] | None) -> None:
        """Ask in this app from now on; None: there is nobody to ask."""
        self._app = app

    async def __call__(self, call: ToolCall) -> bool:
        async with self._turn:
            app = self._app
            if app is None or not app.is_running:
                return False
            answer: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
            screen = ConfirmTool(call)

            def answered(result: bool | None) -> None:
                if not answer.done():
                    answer.set_result(result)

            app.call_later(app.push_screen, screen, answered)
            try:
                return bool(await answer)
            finally:
                if not answer.done() or answer.cancelled():
                    app.call_later(screen.withdraw)
