"""The first row: who is here, and what it is doing."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content

from assistant.personas.loading import Persona
from assistant.ui.fitting import ellipsis, one_line
from assistant.ui.model import StatusModel
from assistant.ui.widgets.clickable import ClickableLine, pressing
from assistant.ui.widgets.statusline import state_text


class Header(ClickableLine):
    """Persona and summary on the left, agent state on the right."""

    def __init__(self, persona: Persona, status: StatusModel, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._persona = persona
        self._status = status

    def show_persona(self, persona: Persona) -> None:
        self._persona = persona
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        name = ellipsis(self._persona.name, max(0, width - 20)) or one_line(self._persona.slug)
        name = f" {name} "
        state = state_text(self._status)
        room = width - cell_len(name) - cell_len(state) - 4
        summary = ellipsis(self._persona.summary, room) if room > 0 else ""
        space = max(1, width - cell_len(name) - cell_len(summary) - cell_len(state) - 2)
        return Content.assemble(
            pressing(Content.styled(name, "bold $on-primary on $primary"), "app.pick_persona"),
            ("  " + summary, "$muted"),
            " " * space,
            (state, "bold $primary"),
        )
