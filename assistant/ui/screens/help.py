"""Help: what one can say, then all keys, made from the bindings that are really in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from assistant.ui.screens.dialog import Dialog
from assistant.ui.widgets.keybar import KeyLine

_NOTE = (
    "Your own keys: in the settings file, under [ui.keymap], write the name on the right = "
    '"key,key". All of this works with a mouse, too.'
)
_GROUPS = {
    "microphone": "Talking",
    "speech": "Talking",
    "prompt": "Talking",
    "view": "The conversation",
    "turn": "The conversation",
    "conversation": "The conversation",
    "memory": "The conversation",
    "persona": "Who speaks, who answers",
    "brain": "Who speaks, who answers",
}
"""By the first part of an action's id; all others come last."""
_LAST = "Everything else"


@dataclass(frozen=True, slots=True)
class HelpRow:
    """One action: the keys that do it, what it does, and its id for the keymap."""

    keys: str
    what: str
    action_id: str

    @property
    def group(self) -> str:
        return _GROUPS.get(self.action_id.partition(".")[0], _LAST)


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
    """What one can say, and the keys by what they are for."""

    BINDINGS = [
        Binding("escape,q,question_mark", "close", "Close", id="help.close", tooltip="Close"),
        Binding("v", "tour", "Tour", id="help.tour", tooltip="A tour of two minutes"),
    ]

    def __init__(self, rows: Sequence[HelpRow], sayings: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__()
        self._rows = rows
        self._sayings = list(sayings)
        self._scroll = VerticalScroll(id="help-rows")

    def compose(self) -> ComposeResult:
        with Vertical(id="help") as box:
            box.border_title = "Help"
            with self._scroll:
                if self._sayings:
                    yield Static("What you can say", classes="help-group")
                    for subject, words in self._sayings:
                        with Horizontal(classes="help-row"):
                            yield Static(Content(subject), classes="help-subject")
                            yield Static(Content(words), classes="help-what")
                for group in (*dict.fromkeys(_GROUPS.values()), _LAST):
                    yield from self._group(group)
                yield Static(_NOTE, id="help-note", markup=False)
            yield KeyLine(
                (
                    ("↑↓", "read on", "", 1),
                    ("v", "a tour of two minutes", "screen.tour", 2),
                    ("esc", "close", "screen.close", 3),
                ),
                id="help-close",
            )

    def _group(self, group: str) -> ComposeResult:
        rows = [row for row in self._rows if row.group == group]
        if rows:
            yield Static(f"Keys: {group}", classes="help-group", markup=False)
        for row in rows:
            with Horizontal(classes="help-row"):
                yield Static(row.keys, classes="help-keys", markup=False)
                yield Static(row.what, classes="help-what", markup=False)
                yield Static(row.action_id, classes="help-id", markup=False)

    def on_mount(self) -> None:
        self._scroll.focus()

    def action_close(self) -> None:
        self.dismiss(None)

    def action_tour(self) -> None:
        self.dismiss(None)
        self.app.call_later(self.app.run_action, "app.tour")


# The tour: what this is, in a few cards.


class TourScreen(Dialog[None]):
    """A few cards at the bottom; the conversation goes on above them, and any of them can be left.

    `cards` are pairs of a title and words.
    """

    BINDINGS = [
        Binding("escape,q,v", "leave", "Leave", id="tour.leave", tooltip="Leave the tour"),
        Binding("right,enter,space,down", "move(1)", "Next", id="tour.next", tooltip="Next card"),
        Binding("left,backspace,up", "move(-1)", "Back", id="tour.back", tooltip="Card before"),
    ]

    def __init__(self, cards: Sequence[tuple[str, Content]]) -> None:
        super().__init__()
        self._cards = cards
        self._at = 0
        self._words = Static(id="tour-words")
        self._box = Vertical(id="tour")

    def compose(self) -> ComposeResult:
        with self._box:
            yield self._words
            yield KeyLine(
                (
                    ("enter", "next", "screen.move(1)", 3),
                    ("←", "back", "screen.move(-1)", 1),
                    ("esc", "leave the tour", "screen.leave", 2),
                ),
                id="tour-keys",
            )

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        title, words = self._cards[self._at]
        self._box.border_title = Content(title)
        self._box.border_subtitle = f"{self._at + 1} of {len(self._cards)}"
        self._words.update(words)

    def action_move(self, step: int) -> None:
        if self._at + step >= len(self._cards):
            self.dismiss(None)
        else:
            self._at = max(0, self._at + step)
            self._show()

    def action_leave(self) -> None:
        self.dismiss(None)


def tour_cards(
    key: dict[str, str], *, microphone: bool, memory: bool, other: str
) -> list[tuple[str, Content]]:
    """The tour with the keys that are in force: `key` gives them by the action's id."""

    def keyed(*parts: str) -> Content:
        """Every part with a dot in it that is an action is its key."""
        return Content.assemble(
            *((key[part], "bold $primary") if part in key else part for part in parts)
        )

    talk = (
        keyed("Just speak: it hears when you have finished. Speak while it talks, and it stops "
              "to hear you. ", "microphone.toggle", " turns the microphone off and on; ",
              "prompt.focus", " lets you type instead.")
        if microphone
        else keyed("There is no microphone: press ", "prompt.focus", " and type, or choose one "
                   "with ", "devices.pick", ".")
    )  # fmt: skip
    say = f"Try “what can you do” or “set a timer for ten minutes”{_change_to(other)}."
    cards = [
        ("Talking", talk),
        ("What you can say", Content(say)),
        ("Who speaks", keyed("Each persona has a voice, a manner and colours of its own. ",
                             "persona.pick", " shows all of them.")),
    ]  # fmt: skip
    if memory:
        cards.append(
            ("What it knows of you", keyed("What you tell it is kept on this machine only. ",
             "memory.show", " shows it: you can correct it, or have it forgotten."))
        )  # fmt: skip
    cards += [
        ("The conversation", keyed("turn.up", " and ", "turn.down", " choose a turn, ",
         "turn.copy", " copies it, ", "turn.open", " opens a memory or tells why a turn is "
         "marked ~, ", "conversation.find", " searches, ", "conversation.history",
         " shows earlier conversations.")),
        ("Whenever you wonder", keyed("help", " shows what you can say and every key; ",
         "view.activity", " shows what happens behind it. That is all: say hello.")),
    ]  # fmt: skip
    return cards


def _change_to(other: str) -> str:
    return f", or “change to {other}”" if other else ""
