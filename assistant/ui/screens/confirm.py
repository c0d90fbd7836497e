"""The question before a tool whose permission is `ask` may run."""

from __future__ import annotations

import asyncio
from typing import Any

from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from assistant.calls.base import ToolCall
from assistant.ui.fitting import as_json, shortened, spelled_out
from assistant.ui.screens.dialog import YesNoDialog, yes_no_keys

NAME_LETTERS = 100
_ASKED_BY = {
    "model": "The language model wants to run",
    "speech": "You asked by voice to run",
    "typed": "You asked to run",
    "key": "You asked to run",
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
