"""The lines to type in."""

from __future__ import annotations

import re
from typing import NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static, TextArea

from assistant.terminal.sanitize import clean_text
from assistant.ui.fitting import size_words
from assistant.ui.messages import Typed

HISTORY_KEPT = 100
MOST_LETTERS = 200_000
"""Of what is sent at once."""
SHOWN_LETTERS = 2_000
SHOWN_LINES = 20
"""What is pasted and is longer than either stands in the line by its size."""


class InputDraft(NamedTuple):
    """What stands in the line."""

    text: str
    pasted: dict[str, str]
    """By the words that stand for them: texts that are too long to be shown here."""

    @property
    def whole(self) -> str:
        """What is sent."""
        if not self.pasted:
            return self.text.strip()
        # In one go: what is pasted may hold such words itself.
        words = re.compile("|".join(map(re.escape, self.pasted)))
        return words.sub(lambda found: self.pasted[found.group()], self.text).strip()


class PromptInput(TextArea):
    """Enter sends, the other enters break the line; it knows what was sent before; escape leaves
    it."""

    BINDINGS = [
        Binding("escape", "leave", "Leave", id="prompt.leave", tooltip="Leave the line"),
        Binding("enter", "submit", "Send", id="prompt.send", tooltip="Send the line"),
        Binding("shift+enter,alt+enter,ctrl+j", "break_line", "New line", show=False,
                id="prompt.break", tooltip="Begin another line"),
        Binding("up", "cursor_up", "Earlier", show=False, id="prompt.earlier",
                tooltip="From the first line: what was sent before"),
        Binding("down", "cursor_down", "Later", show=False, id="prompt.later",
                tooltip="From the last line: what was sent after"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__(compact=True, id="prompt-input", highlight_cursor_line=False)
        self.match_cursor_bracket = False
        self._sent: list[InputDraft] = []
        self._place = 0
        self._unsent = InputDraft("", {})
        self._pasted: dict[str, str] = {}

    @property
    def draft(self) -> InputDraft:
        """What stands there now."""
        text = self.text
        return InputDraft(
            text, {words: all for words, all in self._pasted.items() if words in text}
        )

    # --- pasting -----------------------------------------------------------------------------

    def paste(self, text: str) -> None:
        """Put it where the cursor is, whole, or refuse it with a word why."""
        # A tab is kept for whoever reads it; what acts on a terminal is of use to nobody.
        text = "\t".join(clean_text(part) for part in text.split("\t"))
        self.focus()
        if len(self.draft.whole) + len(text) > MOST_LETTERS:
            self._refuse(len(text))
            return
        if len(text) > SHOWN_LETTERS or text.count("\n") >= SHOWN_LINES:
            text = self._stand_in(text)
        result = self.replace(text, *self.selection, maintain_selection_offset=False)
        self.move_cursor(result.end_location)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.paste(event.text)

    def _stand_in(self, text: str) -> str:
        """The words that stand for it until it is sent."""
        words, number = f"[pasted {size_words(text)}]", 1
        while words in self._pasted:
            number += 1
            words = f"[pasted {size_words(text)}, {number}]"
        self._pasted[words] = text
        return words

    def _refuse(self, letters: int) -> None:
        self.notify(
            f"At most {MOST_LETTERS:,} characters can be sent at once; these are {letters:,}. "
            "Nothing was put in.",
            title="Too long to be pasted",
            severity="warning",
            timeout=10,
            markup=False,
        )

    # --- sending -----------------------------------------------------------------------------

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.prevent_default()  # the base class would break the line

    def action_submit(self) -> None:
        draft = self.draft
        text = draft.whole
        if len(text) > MOST_LETTERS:
            self._refuse(len(text))
        elif text:
            self._sent = [*self._sent[-HISTORY_KEPT:], draft]
            self._place = len(self._sent)
            self._put(InputDraft("", {}))
            self.post_message(Typed(text))

    def action_break_line(self) -> None:
        self.replace("\n", *self.selection, maintain_selection_offset=False)

    def action_leave(self) -> None:
        self.screen.set_focus(None)

    # --- what was sent before ----------------------------------------------------------------

    def action_cursor_up(self, select: bool = False) -> None:
        if not select and self._row == 0:
            self._recall(-1)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if not select and self._row == self.wrapped_document.height - 1:
            self._recall(1)
        else:
            super().action_cursor_down(select)

    @property
    def _row(self) -> int:
        """Of the cursor, as the lines are shown."""
        return self.wrapped_document.location_to_offset(self.cursor_location).y

    def _recall(self, step: int) -> None:
        """Show what was sent before (-1) or after (1); the unsent line comes after all."""
        place = min(max(0, self._place + step), len(self._sent))
        if place == self._place:
            return
        if self._place == len(self._sent):
            self._unsent = self.draft
        self._place = place
        self._put(self._sent[place] if place < len(self._sent) else self._unsent)

    def _put(self, draft: InputDraft) -> None:
        self._pasted = dict(draft.pasted)
        self.load_text(draft.text)
        self.move_cursor(self.document.end)

    # --- keys that mean something else here ----------------------------------------------------

    def action_delete_left(self) -> None:
        if not self._delete_stand_in(before=True):
            super().action_delete_left()

    def action_delete_right(self) -> None:
        if not self._delete_stand_in(before=False):
            super().action_delete_right()

    def _delete_stand_in(self, *, before: bool) -> bool:
        """Words that stand for a text go as a whole, or they would stand for nothing."""
        row, column = self.cursor_location
        if not self.selection.is_empty:
            return False
        line = self.document[row]
        for words in self._pasted:
            begin = column - len(words) if before else column
            if begin >= 0 and line.startswith(words, begin):
                self.delete((row, begin), (row, begin + len(words)))
                return True
        return False

    def action_cursor_page_up(self) -> None:
        self.call_next(self.run_action, "app.scroll_conversation(-1)")

    def action_cursor_page_down(self) -> None:
        self.call_next(self.run_action, "app.scroll_conversation(1)")


class Prompt(Horizontal):
    """The input and its sign."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.input = PromptInput()

    def compose(self) -> ComposeResult:
        yield Static("❯", id="prompt-sign")
        yield self.input

    def on_mount(self) -> None:
        self.input.placeholder = Content("Press / to type")
