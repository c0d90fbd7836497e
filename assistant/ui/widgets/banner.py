"""What is broken and stays broken, until it is put away with a click or works again."""

from __future__ import annotations

from textual.widgets import Static

from assistant.ui.fitting import lines_of, shortened

LETTERS_SHOWN = 1_000


class Banner(Static):
    """Hidden where nothing is wrong."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self.display = False

    def show(self, text: str) -> None:
        self.update(f"✗ {shortened(lines_of(text), LETTERS_SHOWN)}")
        self.display = True

    def hide(self) -> None:
        self.display = False

    def on_click(self) -> None:
        self.hide()
