"""Microphones or speakers to choose from, the one in use marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from assistant.audio.base import DeviceChoice
from assistant.ui.fitting import one_line, shortened

Kind = Literal["input", "output"]

NAME_LETTERS = 120
_INDENT_CELLS = 3
"""Cells of a row that are not the name's: indent, scroll bar."""
_IN_USE, _NOT_IN_USE = "✓ ", "  "
_NONE = {
    "input": "No microphone was found.",
    "output": "No speaker was found.",
}


class DeviceList(OptionList):
    """One direction's devices; the first row is whatever the system's default is."""

    def __init__(self, kind: Kind, *, id: str) -> None:
        super().__init__(id=id, classes="panel")
        self.kind: Kind = kind
        self.border_title = "Microphones" if kind == "input" else "Speakers"
        self._devices: list[DeviceChoice] | None = None
        """None: not known, or not to be had."""

    def show(self, choices: Sequence[DeviceChoice] | None) -> None:
        """What there is now. The cursor stays on the device that it was on, else goes to the one
        in use."""
        cursor = self._under_cursor()
        known = self._devices is not None
        self._devices = (
            None if choices is None else [choice for choice in choices if choice.kind == self.kind]
        )
        self._fill()
        if self._devices is not None:
            names = [device.name for device in self._devices]
            in_use = next((n for n, device in enumerate(self._devices, 1) if device.in_use), 0)
            kept = names.index(cursor) + 1 if cursor in names else 0
            self.highlighted = kept if known else in_use

    def use(self, name: str | None) -> None:
        """Move the mark to the device of this name, where it is one of these."""
        devices = self._devices
        if devices is None or not (name is None or any(d.name == name for d in devices)):
            return
        names = [device.name for device in devices]
        here = names.index(name) if name is not None else -1
        marked = [
            DeviceChoice(d.kind, d.name, d.is_default, n == here) for n, d in enumerate(devices)
        ]
        if marked != devices:
            self._devices = marked
            cursor = self.highlighted
            self._fill()
            self.highlighted = cursor

    def name_at(self, row: int) -> str | None:
        """Of the device in that row; None is the system's default."""
        return self._devices[row - 1].name if row and self._devices else None

    @property
    def in_use(self) -> str | None:
        return next((device.name for device in self._devices or () if device.in_use), None)

    def on_resize(self) -> None:
        self.call_after_refresh(self._rewrap)

    def _rewrap(self) -> None:
        cursor = self.highlighted
        self._fill()
        self.highlighted = cursor

    def _under_cursor(self) -> str | None:
        return None if self.highlighted is None else self.name_at(self.highlighted)

    def _fill(self) -> None:
        self.clear_options()
        if self._devices is None:
            return
        default = next((device.name for device in self._devices if device.is_default), "")
        self.add_option(Option(self._prompt("System default", default, in_use=False)))
        self.add_options(
            Option(self._prompt(device.name, "", in_use=device.in_use)) for device in self._devices
        )
        if not self._devices:
            self.add_option(Option(self._prompt(_NONE[self.kind], "", False), disabled=True))

    def _prompt(self, name: str, detail: str, in_use: bool) -> Content:
        room = max(8, self.content_size.width - _INDENT_CELLS)
        rows = Content.styled(
            shortened(one_line(name), NAME_LETTERS), "bold" if in_use else ""
        ).wrap(room)
        if detail:
            indented = Content.styled(shortened(one_line(detail), NAME_LETTERS), "$muted").wrap(
                room - 2
            )
            rows += [Content("  ") + row for row in indented]
        mark = Content.styled(_IN_USE if in_use else _NOT_IN_USE, "bold")
        return mark + Content("\n" + _NOT_IN_USE).join(rows)
