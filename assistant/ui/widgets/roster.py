"""All personas with their digits, in sight where there is room; a click changes to one."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size

from assistant.personas.loading import Persona
from assistant.ui.fitting import ClickableLine, one_line, pressing
from assistant.ui.keymap import NUMBERED

_INDENT_CELLS = 6
_ROWS_WITH_SUMMARY = 4
"""Name, two rows of summary, and a blank one."""


class _Names(ClickableLine):
    """One widget for all names: a dozen widgets would take longer to start than the rest."""

    def __init__(self) -> None:
        super().__init__()
        self._personas: list[Persona] = []
        self._current = ""
        self.detailed = False

    def show(self, personas: Sequence[Persona], current: str) -> None:
        self._personas, self._current = list(personas), current
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return sum(len(lines) for lines in self._lines(width))

    def render(self) -> Content:
        lines = self._lines(self.content_size.width)
        return Content("\n").join(line for persona in lines for line in persona)

    def _lines(self, width: int) -> list[list[Content]]:
        return [
            self._persona(place, persona, width) for place, persona in enumerate(self._personas)
        ]

    def _persona(self, place: int, persona: Persona, width: int) -> list[Content]:
        """Digit, colours and name; the one that speaks has a mark beside its bold name."""
        current = persona.slug == self._current
        action = f"app.choose_persona({persona.slug!r})"
        name = Content.assemble(
            ("▸" if current else " ", "bold $primary"),
            (f"{place + 1} " if place < NUMBERED else "  ", "$muted"),
            ("●", persona.colors.primary),
            ("●", persona.colors.accent),
            (f" {one_line(persona.name)}", "bold $primary" if current else "$foreground"),
        )
        if not self.detailed:
            return [pressing(name.truncate(width, pad=True), action)]
        summary = Content.styled(one_line(persona.summary), "$muted").wrap(
            max(1, width - _INDENT_CELLS)
        )
        rows = [Content(" " * _INDENT_CELLS) + line for line in summary]
        whole_rows = (row.truncate(width, pad=True) for row in (name, *rows))
        return [*(pressing(row, action) for row in whole_rows), Content("")]


class Roster(VerticalScroll):
    """The list, with summaries where it is tall enough for all of them."""

    BORDER_TITLE = "Personas"
    can_focus = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._names = _Names()
        self._count = 0

    def compose(self) -> ComposeResult:
        yield self._names

    def show(self, personas: Sequence[Persona], current: str) -> None:
        """Draw the list anew; `current` is the slug of the one that speaks."""
        self._count = len(personas)
        self._names.show(personas, current)

    def on_resize(self) -> None:
        names = self._names
        detailed = self.size.height >= _ROWS_WITH_SUMMARY * self._count
        if names.detailed != detailed:
            names.detailed = detailed
            names.refresh(layout=True)
