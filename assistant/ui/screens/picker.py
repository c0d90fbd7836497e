"""Two pickers: of who answers, and of the persona, whose colours the dashboard behind takes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.brain.base import BrainChoice
from assistant.personas.loading import Persona
from assistant.ui.fitting import one_line
from assistant.ui.keymap import NUMBERED
from assistant.ui.screens.dialog import Dialog
from assistant.ui.widgets.keybar import KeyLine

_INDENT_CELLS = 3
"""Cells of a line that are not its summary's: digit, space, scroll bar."""


class PickerScreen(Dialog[str | None]):
    """Gives back the slug of the chosen persona, or None where the old one stays.

    `preview` is told of each persona that the cursor is on; whoever opened the picker puts the old
    look back.
    """

    BINDINGS = [
        Binding("escape,p,q", "cancel", "Keep as it was", id="picker.cancel",
                tooltip="Close without a change"),
        Binding("enter", "select", "Choose", id="picker.choose", tooltip="Talk with this persona"),
        Binding("v", "sample", "Hear it", id="picker.sample",
                tooltip="Hear this persona's voice, while nothing else is said"),
        *[Binding(str(digit), f"choose({digit})", show=False) for digit in range(1, NUMBERED + 1)],
    ]  # fmt: skip

    def __init__(
        self,
        personas: Sequence[Persona],
        current: str,
        preview: Callable[[Persona], None],
        sample: Callable[[str], None] = lambda slug: None,
    ) -> None:
        super().__init__()
        self._sample = sample
        self._personas = list(personas)
        self._current = current
        self._preview = preview
        self._box = Vertical(id="picker")
        self._list = OptionList(
            *(Option(Content(one_line(persona.name))) for persona in self._personas),
            id="picker-list",
        )

    def compose(self) -> ComposeResult:
        self._box.border_title = "Choose a persona"
        with self._box:
            yield self._list
            yield Static(
                Content.assemble(
                    ("enter", "bold $primary"),
                    (" choose   ", "$muted"),
                    ("esc", "bold $primary"),
                    (" keep as it was", "$muted"),
                ),
                id="picker-keys",
            )

    def on_mount(self) -> None:
        slugs = [persona.slug for persona in self._personas]
        self._list.highlighted = slugs.index(self._current) if self._current in slugs else 0
        self._list.focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._write_prompts)

    def _write_prompts(self) -> None:
        """Names and summaries, these wrapped to the width that the list has now."""
        room = max(20, self._box.content_size.width - _INDENT_CELLS)
        for place, persona in enumerate(self._personas):
            self._list.replace_option_prompt_at_index(place, self._prompt(place, persona, room))

    @on(OptionList.OptionHighlighted)
    def _show(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._preview(self._personas[event.option_index])

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._personas[event.option_index].slug)

    def action_choose(self, number: int) -> None:
        if number <= len(self._personas):
            self.dismiss(self._personas[number - 1].slug)

    def action_select(self) -> None:
        self._list.action_select()

    def action_sample(self) -> None:
        if self._list.highlighted is not None:
            self._sample(self._personas[self._list.highlighted].slug)

    def action_cancel(self) -> None:
        self.dismiss(None)

    def _prompt(self, place: int, persona: Persona, room: int) -> Content:
        digit = str(place + 1) if place < NUMBERED else " "
        mark = "  ◂ now" if persona.slug == self._current else ""
        summary = Content("\n  ").join(Content(one_line(persona.summary)).wrap(room))
        return Content.assemble(
            f"{digit} ", (one_line(persona.name), "bold"), mark, "\n  ", summary
        )


class BrainScreen(Dialog[str | None]):
    """Gives back the name of who shall answer, or None where the old one stays."""

    BINDINGS = [
        Binding("escape,b,q", "cancel", "Keep as it was", id="brains.cancel",
                tooltip="Close without a change"),
        Binding("enter", "select", "Choose", id="brains.choose",
                tooltip="Let this one answer from the next turn on"),
        *[Binding(str(digit), f"choose({digit})", show=False) for digit in range(1, NUMBERED + 1)],
    ]  # fmt: skip

    def __init__(self, brains: Sequence[BrainChoice]) -> None:
        super().__init__()
        self._brains = list(brains)
        self._box = Vertical(id="picker")
        self._list = OptionList(
            *(Option(self._prompt(place, each)) for place, each in enumerate(self._brains)),
            id="picker-list",
        )

    def compose(self) -> ComposeResult:
        self._box.border_title = "Who answers?"
        with self._box:
            yield self._list
            yield Static(_MORE_BRAINS, id="picker-note")
            yield KeyLine(_BRAIN_KEYS, id="picker-keys")

    def on_mount(self) -> None:
        places = [place for place, each in enumerate(self._brains) if each.in_use]
        self._list.highlighted = places[0] if places else 0
        self._list.focus()

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._brains[event.option_index].name)

    def action_choose(self, number: int) -> None:
        if number <= len(self._brains):
            self.dismiss(self._brains[number - 1].name)

    def action_select(self) -> None:
        self._list.action_select()

    def action_cancel(self) -> None:
        self.dismiss(None)

    @staticmethod
    def _prompt(place: int, brain: BrainChoice) -> Content:
        digit = str(place + 1) if place < NUMBERED else " "
        mark = "  ◂ now" if brain.in_use else ""
        name, about = one_line(brain.label), one_line(brain.about)
        return Content.assemble(f"{digit} ", (name, "bold"), mark, f"\n  {about}")


_MORE_BRAINS = Content.assemble(
    ("A language model of your own: ", "$muted"), ("assistant setup brain", "$foreground")
)
_BRAIN_KEYS = (
    ("enter", "choose", "screen.select", 2),
    ("esc", "keep as it was", "screen.cancel", 3),
)
