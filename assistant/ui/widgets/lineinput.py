"""An input of one line that takes all of what is pasted."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from assistant.terminal.sanitize import clean_line

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
