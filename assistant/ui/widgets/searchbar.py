"""Search in the conversation: a line to type in, and the place among what was found."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from assistant.ui.conversation import Entry
from assistant.ui.screens.dialog import LineInput
from assistant.ui.widgets.transcript import Transcript


class SearchInput(LineInput):
    """Enter and up go to what is older, down to what is newer; escape leaves."""

    BINDINGS = [
        Binding("escape", "leave", "Close", id="find.leave", tooltip="Back to the conversation"),
        Binding("enter,up", "move(-1)", "Older", id="find.older", tooltip="What was said before"),
        Binding("down", "move(1)", "Newer", id="find.newer", tooltip="What was said after"),
        Binding("pageup", "app.scroll_conversation(-1)", show=False),
        Binding("pagedown", "app.scroll_conversation(1)", show=False),
    ]  # fmt: skip

    def __init__(self, leave: Callable[[], None], move: Callable[[int], None]) -> None:
        super().__init__(placeholder="Search this conversation", compact=True, id="find-words")
        self._leave = leave
        self._move = move

    def action_leave(self) -> None:
        self._leave()

    def action_move(self, step: int) -> None:
        self._move(step)


class SearchBar(Horizontal):
    """Hidden until it is asked for. Looks for all words that are typed, wherever they stand."""

    def __init__(self, transcript: Transcript, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.display = False
        self.input = SearchInput(self.leave, self.move)
        self._transcript = transcript
        self._place = Static(id="find-place")
        self._found: list[Entry] = []
        self._at = 0

    def compose(self) -> ComposeResult:
        yield Static("⌕", id="find-sign")
        yield self.input
        yield self._place

    def open(self) -> None:
        """Show it, with what was looked for before."""
        self.display = True
        self.input.focus()
        self.input.select_all()
        self._look()

    def leave(self) -> None:
        """Put it away; the page stays where it is."""
        self.display = False
        self._transcript.mark_found("")
        self.screen.set_focus(None)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.display:
            self._look()

    def _look(self) -> None:
        words = self.input.value.strip()
        self._found = self._transcript.conversation.holding(words)
        self._at = len(self._found) - 1
        self._transcript.mark_found(words)
        self._go()

    def move(self, step: int) -> None:
        """To the next place, -1: an older one; behind the last comes the first."""
        if self._found:
            self._at = (self._at + step) % len(self._found)
            self._go()

    def _go(self) -> None:
        if self._found:
            self._place.update(Content(f"{self._at + 1} of {len(self._found)}"))
            self._transcript.select(self._found[self._at])
        else:
            self._place.update("nothing found" if self.input.value.strip() else "")
