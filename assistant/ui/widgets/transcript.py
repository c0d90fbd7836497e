"""The conversation, one widget for each turn.

Words arrive many times a second; a turn collects them and draws itself at most 20 times a second,
so that a flood of pieces costs no more than a trickle. Nothing of an answer is ever skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from assistant.frames import Side
from assistant.session.events import AgentSaid, UserSaid
from assistant.ui.fitting import lines_of, one_line, size_words

LETTERS_SHOWN = 20_000
"""Of one turn, the most that a language model may say; the saved transcript keeps all."""
TURNS_SHOWN = 200
"""Older turns leave the screen; the saved transcript keeps them."""

_REDRAW_SECONDS = 0.05
_CUT_MARK = "  ⊘ interrupted"
_NOTHING_HEARD = "nothing of it was heard"


class TurnView(Static):
    """One side's turn: who, when, and the words so far."""

    def __init__(self, side: Side, speaker: str, when: datetime) -> None:
        super().__init__(classes=f"turn -{side}")
        self._speaker = speaker
        self._when = when
        self._text = ""
        self._partial = False
        self._interrupted = False
        self._typed = False
        self._feeling = ""
        self._waiting = False

    @property
    def text(self) -> str:
        """The words on the screen, without name and time."""
        return self._text

    @property
    def interrupted(self) -> bool:
        return self._interrupted

    def on_mount(self) -> None:
        self._redraw()

    def hear(self, event: UserSaid) -> None:
        """The user's words: a partial replaces the one before."""
        self._text, self._partial, self._typed = event.text, not event.final, event.typed
        self._redraw_soon()

    def feel(self, feeling: str) -> None:
        """How the user seemed to be, in a word; "" takes the mark away."""
        self._feeling = feeling
        self._redraw_soon()

    def speak(self, event: AgentSaid) -> None:
        """A piece of an answer; the last one tells how much of it was heard."""
        self._text += event.text
        if event.final:
            self._interrupted = event.interrupted
            if event.interrupted or event.played:
                self._text = event.played
        self._redraw_soon()

    def _redraw_soon(self) -> None:
        if not self._waiting and self.is_mounted:
            self._waiting = True
            self.set_timer(_REDRAW_SECONDS, self._redraw)

    def _redraw(self) -> None:
        self._waiting = False
        self.set_class(self._interrupted, "-interrupted")
        self.update(self._content())

    def _content(self) -> Content:
        typed = "  typed" if self._typed else ""
        words = lines_of(self._text).strip()
        if len(words) > LETTERS_SHOWN:
            words = f"{words[:LETTERS_SHOWN]}… ({size_words(words)} in all)"
        unheard = self._interrupted and not words
        if unheard:
            words = _NOTHING_HEARD
        elif self._interrupted:
            words += " —"
        elif self._partial:
            words += " …"
        return Content.assemble(
            (
                one_line(self._speaker),
                "bold $primary" if self.has_class("-assistant") else "bold $secondary",
            ),
            (f"  {self._when:%H:%M:%S}{typed}", "$muted"),
            (f"  ~ {self._feeling}" if self._feeling else "", "$muted"),
            (_CUT_MARK if self._interrupted else "", "$warning"),
            "\n",
            (words, "italic $muted" if self._partial or unheard else ""),
        )


class Transcript(VerticalScroll):
    """Both sides' turns, the newest always in sight unless the user has scrolled up."""

    BORDER_TITLE = "Conversation"

    def __init__(self, clock: Callable[[], datetime], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._hint = Static(id="hint", markup=False)
        self._views: dict[tuple[Side, int], TurnView] = {}

    def on_mount(self) -> None:
        self.anchor()

    def hint(self, text: str) -> None:
        """What an empty transcript says; gone with the first turn."""
        if self._views:
            return
        self._hint.update(text)
        if not self._hint.is_attached and self.is_attached:
            self.mount(self._hint)

    def hear(self, event: UserSaid) -> None:
        """Words of the user."""
        if not event.text and event.final and ("user", event.turn) not in self._views:
            return
        self._view("user", event.turn, "You").hear(event)

    def feel(self, turn: int, feeling: str) -> None:
        """A quiet mark on a turn of the user's; what it rests on is in the log of activity."""
        view = self._views.get(("user", turn))
        if view is not None:
            view.feel(feeling)

    def speak(self, event: AgentSaid, speaker: str) -> None:
        """A piece of the assistant's answer, spoken by `speaker` (a persona's name)."""
        if not event.text and not event.played and ("assistant", event.turn) not in self._views:
            return
        self._view("assistant", event.turn, speaker).speak(event)

    def turns(self) -> list[TurnView]:
        """From the oldest to the newest."""
        return list(self._views.values())

    def _view(self, side: Side, turn: int, speaker: str) -> TurnView:
        key = (side, turn)
        view = self._views.get(key)
        if view is None:
            if not self._views:
                self._hint.remove()
            view = self._views[key] = TurnView(side, speaker, self._clock())
            self.mount(view)
            if len(self._views) > TURNS_SHOWN:
                self._views.pop(next(iter(self._views))).remove()
        return view
