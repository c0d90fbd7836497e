"""All keys, made from the bindings that are really in force (a user's own keymap included)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from assistant.ui.screens.dialog import Dialog

_NOTE = (
    "Your own keys: in the settings file, under [ui.keymap], write the name on the right = "
    '"key,key". All of this works with a mouse, too.'
)


@dataclass(frozen=True, slots=True)
class HelpRow:
    """One action: the keys that do it, what it does, and its id for the keymap."""

    keys: str
    what: str
    action_id: str


def help_rows(app: App[None], bindings: Iterable[Binding]) -> list[HelpRow]:
    """One row an action, in the order of the bindings."""
    keys: dict[str, list[str]] = {}
    first: dict[str, Binding] = {}
    for binding in bindings:
        if binding.id and not binding.system:
            keys.setdefault(binding.id, []).append(app.get_key_display(binding))
            first.setdefault(binding.id, binding)
    return [
        HelpRow(" ".join(keys[action]), binding.tooltip or binding.description, action)
        for action, binding in first.items()
    ]


class HelpScreen(Dialog[None]):
    """The table of keys."""

    BINDINGS = [
        Binding("escape,q,question_mark", "close", "Close", id="help.close", tooltip="Close"),
    ]

    def __init__(self, rows: list[HelpRow]) -> None:
        super().__init__()
        self._rows = rows
        self._scroll = VerticalScroll(id="help-rows")

    def compose(self) -> ComposeResult:
        with Vertical(id="help") as box:
            box.border_title = "Keys"
            box.border_subtitle = "esc closes"
            with self._scroll:
                for row in self._rows:
                    with Horizontal(classes="help-row"):
                        yield Static(row.keys, classes="help-keys", markup=False)
                        yield Static(row.what, classes="help-what", markup=False)
                        yield Static(row.action_id, classes="help-id", markup=False)
                yield Static(_NOTE, id="help-note", markup=False)

    def on_mount(self) -> None:
        self._scroll.focus()

    def action_close(self) -> None:
        self.dismiss(None)
