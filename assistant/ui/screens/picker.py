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
from assistant.ui.widgets.cards import Card, CardGrid
from assistant.ui.widgets.keybar import KeyLine, Offer


class PickerScreen(Dialog[str | None]):
    """Gives back the slug of the chosen persona, or None where the old one stays.

    `preview` is told of each persona that the cursor is on; whoever opened the picker puts the old
    look back. `sample` lets a persona's voice be heard, by its slug; None: it cannot.
    """

    AUTO_FOCUS = ""
    BINDINGS = [
        Binding("escape,p,q", "cancel", "Keep as it was", id="picker.cancel",
                tooltip="Close without a change"),
        Binding("enter", "select", "Choose", id="picker.choose", tooltip="Talk with this persona"),
        Binding("space", "sample", "Hear it", id="picker.sample", tooltip="Hear its voice"),
        Binding("up", "move(0,-1)", show=False),
        Binding("down", "move(0,1)", show=False),
        Binding("left,shift+tab", "move(-1,0)", show=False),
        Binding("right,tab", "move(1,0)", show=False),
        Binding("home", "reach(0)", show=False),
        Binding("end", "reach(-1)", show=False),
        *[Binding(str(digit), f"choose({digit})", show=False) for digit in range(1, NUMBERED + 1)],
    ]  # fmt: skip

    def __init__(
        self,
        personas: Sequence[Persona],
        current: str,
        preview: Callable[[Persona], None],
        sample: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self._personas = list(personas)
        self._preview = preview
        self._sample = sample
        self._box = Vertical(id="picker")
        self._cards = CardGrid(self._personas, current, speak=sample is not None, id="picker-cards")

    def compose(self) -> ComposeResult:
        self._box.border_title = "Choose a persona"
        keys = _PERSONA_KEYS if self._sample is None else (*_PERSONA_KEYS, _SAMPLE_KEY)
        with self._box:
            yield self._cards
            yield KeyLine(keys, id="picker-keys")

    @on(Card.Reached)
    def _show(self, event: Card.Reached) -> None:
        event.stop()
        self._preview(self._personas[event.place])

    @on(Card.Chosen)
    def _take(self, event: Card.Chosen) -> None:
        event.stop()
        self.dismiss(self._personas[event.place].slug)

    @on(Card.Asked)
    def _let_hear(self, event: Card.Asked) -> None:
        event.stop()
        self._cards.reach(event.place)
        self.action_sample()

    def action_move(self, across: int, down: int) -> None:
        self._cards.move(across, down)

    def action_reach(self, place: int) -> None:
        self._cards.reach(place % len(self._personas) if self._personas else 0)

    def action_choose(self, number: int) -> None:
        if number <= len(self._personas):
            self.dismiss(self._personas[number - 1].slug)

    def action_select(self) -> None:
        if self._personas:
            self.dismiss(self._personas[self._cards.place].slug)

    def action_sample(self) -> None:
        if self._sample is not None and self._personas:
            self._sample(self._personas[self._cards.place].slug)

    def action_cancel(self) -> None:
        self.dismiss(None)


_PERSONA_KEYS: tuple[Offer, ...] = (
    ("enter", "choose", "screen.select", 3),
    ("esc", "keep as it was", "screen.cancel", 2),
)
_SAMPLE_KEY: Offer = ("space", "hear its voice", "screen.sample", 1)


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
