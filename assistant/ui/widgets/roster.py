"""All personas with their digits, in sight where there is room; a click changes to one."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from assistant.personas import Persona
from assistant.ui.keymap import NUMBERED
from assistant.ui.messages import PersonaWanted


def persona_line(place: int, persona: Persona, current: bool) -> Content:
    """Digit, colours and name; the one that speaks has a mark beside its bold name."""
    digit = str(place + 1) if place < NUMBERED else " "
    colors = persona.colors
    return Content.assemble(
        ("▸" if current else " ", "bold $primary"),
        (f"{digit} ", "$muted"),
        ("●", colors.primary),
        ("●", colors.accent),
        (f" {persona.name}", "bold $primary" if current else "$foreground"),
    )


class RosterLine(Vertical):
    """One persona: its name, and where the style sheet finds room its summary."""

    def __init__(self, place: int, persona: Persona, current: bool) -> None:
        super().__init__(
            Static(persona_line(place, persona, current)),
            Static(persona.summary, classes="roster-summary", markup=False),
        )
        self._slug = persona.slug
        self.tooltip = persona.summary

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(PersonaWanted(self._slug))


class Roster(VerticalScroll):
    """The list."""

    BORDER_TITLE = "Personas"
    can_focus = False

    def show(self, personas: Sequence[Persona], current: str) -> None:
        """Draw the list anew; `current` is the slug of the one that speaks."""
        self.remove_children()
        self.mount_all(
            RosterLine(place, persona, persona.slug == current)
            for place, persona in enumerate(personas)
        )
