"""The line to type in."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Input, Static

from assistant.ui.messages import Typed

HISTORY_KEPT = 100


class PromptInput(Input):
    """An input that knows what was sent before; escape leaves it."""

    BINDINGS = [
        Binding("escape", "leave", "Leave", id="prompt.leave", tooltip="Leave the line"),
        Binding("enter", "submit", "Send", id="prompt.send", tooltip="Send the line"),
        Binding("up", "recall(-1)", "Earlier", show=False, id="prompt.earlier",
                tooltip="The line sent before"),
        Binding("down", "recall(1)", "Later", show=False, id="prompt.later",
                tooltip="The line sent after"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__(compact=True, id="prompt-input", select_on_focus=False)
        self._history: list[str] = []
        self._place = 0

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if not text:
            return
        self._history = [*self._history[-HISTORY_KEPT:], text]
        self._place = len(self._history)
        self.clear()
        self.post_message(Typed(text))

    def action_leave(self) -> None:
        self.screen.set_focus(None)

    def action_recall(self, step: int) -> None:
        """Put the line sent before (-1) or after (1) in its place."""
        self._place = min(max(0, self._place + step), len(self._history))
        self.value = self._history[self._place] if self._place < len(self._history) else ""
        self.cursor_position = len(self.value)


class Prompt(Horizontal):
    """The input and its sign."""

    def compose(self) -> ComposeResult:
        yield Static("❯", id="prompt-sign")
        yield PromptInput()

    @property
    def input(self) -> PromptInput:
        return self.query_one(PromptInput)

    def address(self, name: str) -> None:
        """Whom the line goes to."""
        self.input.placeholder = f"Press / and type to {name}"
