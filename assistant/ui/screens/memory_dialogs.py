"""What the memory panel asks: whether to forget, what is right, which of two."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.language.tokens import gist
from assistant.memory.base import Memory
from assistant.memory.deletion.plan import DeletionPreview
from assistant.memory.profile.profile import Contradiction
from assistant.ui.fitting import lines_of, one_line
from assistant.ui.screens.dialog import Dialog, LineInput, YesNoDialog, yes_no_keys
from assistant.ui.widgets.keybar import KeyLine
from assistant.ui.widgets.memorylist import Names, memory_row

SHOWN = 20
"""Things that are listed by their words; of more only the number is told."""


def going(deletion: DeletionPreview) -> list[Content]:
    """What goes, line by line: memories, and what was said."""
    lines = [Content(f"✗ {one_line(memory.text)}") for memory in deletion.memories]
    said = [
        Content.assemble("✗ ", (f"{one_line(turn.name)}: ", "$muted"), f"“{lines_of(turn.text)}”")
        for turn in deletion.turns
    ]
    if not deletion.turns:
        known = {gist(memory.text) for memory in deletion.memories}
        said = [
            Content(f"✗ “{lines_of(text)}”") for text in deletion.texts if gist(text) not in known
        ]
    lines += said
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], Content(f"… and {more} more")] if more > 0 else lines


class ForgetScreen(YesNoDialog):
    """Tells exactly what goes; gives back whether it shall. Escape means no."""

    BINDINGS = yes_no_keys("forget", "Forget it for good", "Keep it")

    def __init__(self, deletion: DeletionPreview) -> None:
        super().__init__("forget-list", "Yes, forget (y)", "No (n)")
        self._doomed = deletion

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm") as box:
            box.border_title = "Forget this for good?"
            yield Static("This goes, from journals, profile and transcripts:", markup=False)
            with self._room:
                for line in going(self._doomed):
                    yield Static(line)
            yield self._buttons


class EditScreen(Dialog[str | None]):
    """Gives back the new words, None where all stays as it is."""

    BINDINGS = [
        Binding("escape", "cancel", "Keep as it was", id="correct.cancel",
                tooltip="Close without a change"),
    ]  # fmt: skip

    def __init__(self, text: str, title: str) -> None:
        super().__init__()
        self._text = one_line(text)
        self._title = title
        self._words = LineInput(self._text, compact=True, select_on_focus=False, id="correct-words")

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm") as box:
            box.border_title = self._title
            box.border_subtitle = "the old words become history"
            yield Static(Content.assemble(("It says now: ", "$muted"), self._text))
            yield self._words
            yield KeyLine(
                (
                    ("enter", "correct it", "screen.save", 1),
                    ("esc", "keep it as it was", "screen.cancel", 2),
                ),
                id="correct-keys",
            )

    def on_mount(self) -> None:
        self._words.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_save()

    def action_save(self) -> None:
        words = self._words.value.strip()
        self.dismiss(words if words and words != self._text else None)

    def action_cancel(self) -> None:
        self.dismiss(None)


class WhichScreen(Dialog[int | None]):
    """Gives back the number of the memory that is right; one more means none of them."""

    BINDINGS = [
        Binding("escape,q", "cancel", "Later", id="question.later", tooltip="Leave it open"),
    ]

    def __init__(self, question: Contradiction, names: Names) -> None:
        super().__init__()
        self._question = question
        self._names = names
        self._list = OptionList(
            *(Option(choice) for choice in _choices(question.memories, names)),
            Option("Something else …"),
            id="which",
        )

    def compose(self) -> ComposeResult:
        with Vertical(id="confirm") as box:
            box.border_title = "Which is right?"
            box.border_subtitle = "the others become history"
            yield Static(lines_of(self._question.text), markup=False)
            yield self._list
            yield KeyLine(
                (
                    ("enter", "this is right", "screen.choose", 1),
                    ("esc", "leave it open", "screen.cancel", 2),
                ),
                id="correct-keys",
            )

    def on_mount(self) -> None:
        self._list.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_index)

    def action_choose(self) -> None:
        self._list.action_select()

    def action_cancel(self) -> None:
        self.dismiss(None)


def _choices(memories: Sequence[Memory], names: Names) -> list[Content]:
    rows = [memory_row(memory, names) for memory in memories]
    return [
        Content.assemble(one_line(row.text), "\n  ", (one_line(row.detail), "dim")) for row in rows
    ]
