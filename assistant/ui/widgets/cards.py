"""Personas as cards: face, name, colours and a line about each, every card in its own colours."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Literal

from textual import events
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from assistant.personas.loading import Persona
from assistant.ui.faces.canvas import Run
from assistant.ui.faces.face import draw
from assistant.ui.faces.pose import PACE, Moment, still
from assistant.ui.fitting import ellipsis, one_line, pressed, pressing
from assistant.ui.keymap import NUMBERED
from assistant.ui.letters import writes_blocks

COLUMN_CELLS = 36
"""A card is at least about so wide; there are as many beside each other as fit."""
_FRAMES_PER_SECOND = 10
_FACE_CELLS = 10
_GAP = "  "
_NOTE = "  ♪"


class Card(Widget):
    """One persona. The one under the cursor moves, if anything may."""

    can_focus = True
    ALLOW_SELECT = False

    class Chosen(Message):
        """This one it shall be."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    class Reached(Message):
        """The cursor is on it."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    class Asked(Message):
        """Its voice shall be heard."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, place: int, persona: Persona, *, current: bool, speaks: bool) -> None:
        """`speaks`: its voice can be heard, by a click on its note."""
        super().__init__(classes="card")
        self._speaks = speaks
        self.place = place
        self.persona = persona
        self._current = current
        self._timer: Timer | None = None
        self._reached_at = 0.0
        self._under_cursor = False

    def on_mount(self) -> None:
        if not self.app.no_color:
            self.styles.background = self.persona.colors.background
        self._frame()

    def on_focus(self) -> None:
        self._reached_at = time.monotonic()
        self._under_cursor = True
        if self.app.animation_level != "none":
            self._timer = self.set_interval(1 / _FRAMES_PER_SECOND, self.refresh)
        self._frame()
        self.post_message(self.Reached(self.place))

    def on_blur(self) -> None:
        self._under_cursor = False
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._frame()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        wanted = self.Asked if pressed(event) else self.Chosen
        self.post_message(wanted(self.place))

    def render(self) -> Content:
        width, height = self.content_size
        face_width = min(_FACE_CELLS, 2 * height)
        picture = draw(
            self.persona,
            self._moment(),
            face_width,
            height,
            colorless=self.app.no_color,
            few_letters=not writes_blocks(),
        )
        words = self._words(max(1, width - face_width - len(_GAP)), height)
        return Content("\n").join(
            Content.assemble(*(_cells(run) for run in row), _GAP, line)
            for row, line in zip(picture, words, strict=True)
        )

    def _frame(self) -> None:
        """Inline, because its colours are the persona's and not those of the theme."""
        colors = self.persona.colors
        color = colors.primary if self._under_cursor else colors.panel
        kind: Literal["heavy", "round"] = "heavy" if self._under_cursor else "round"
        self.styles.border = (kind, "ansi_default" if self.app.no_color else color)
        self.refresh()

    def _moment(self) -> Moment:
        if self._timer is None:
            return still("idle")
        since = time.monotonic() - self._reached_at
        turn = since * (PACE["idle"] + 0.1) * self.persona.face.speed
        return Moment("listening", "asleep", since=since, time=since, turn=turn, opening=since)

    def _words(self, width: int, height: int) -> Iterator[Content]:
        """Name and colours, then as much of the summary as there are rows for."""
        colors = self.persona.colors
        plain = self.app.no_color
        digit = f"{self.place + 1} " if self.place < NUMBERED else "  "
        mark = "  ◂ now" if self._current else ""
        note = _NOTE if self._speaks else ""
        style = "bold" if plain else f"bold {colors.primary}"
        cursor = " underline" if plain and self._under_cursor else ""
        name = ellipsis(self.persona.name, width - len(digit) - len(mark) - len(note))
        quiet = "" if plain else colors.muted
        heard = pressing(Content.styled(note, quiet), "sample")
        yield Content.assemble((digit, quiet), (name, style + cursor), (mark, quiet), heard)
        body = "" if plain else colors.foreground
        lines = Content.styled(one_line(self.persona.summary), body).wrap(width)
        room = height - 1
        if len(lines) > room:
            rest = ellipsis(one_line(" ".join(line.plain for line in lines[room - 1 :])), width - 1)
            lines = [*lines[: room - 1], Content.styled(rest, body)]
        if len(lines) < room and not plain:
            lines.append(_swatches(self.persona))
        yield from lines
        for _ in range(room - len(lines)):
            yield Content("")


class CardGrid(VerticalScroll, can_focus=False, inherit_bindings=False):
    """All cards, as many beside each other as fit; the cursor is the focus. The keys that would
    scroll it move the cursor."""

    def __init__(
        self, personas: Sequence[Persona], current: str, *, speak: bool = False, id: str
    ) -> None:
        """`speak`: their voices can be heard."""
        self.cards = [
            Card(place, persona, current=persona.slug == current, speaks=speak)
            for place, persona in enumerate(personas)
        ]
        super().__init__(*self.cards, id=id)
        self._columns = 1
        slugs = [persona.slug for persona in personas]
        self.place = slugs.index(current) if current in slugs else 0
        """Of the card under the cursor."""

    def on_resize(self) -> None:
        self._columns = max(1, self.size.width // COLUMN_CELLS)
        self.styles.grid_size_columns = self._columns

    def on_mount(self) -> None:
        # Once the size has told how high a card is, and so which are in sight.
        self.call_after_refresh(self.reach, self.place)

    def reach(self, place: int) -> None:
        """Move the cursor there."""
        if self.cards:
            self.place = max(0, min(place, len(self.cards) - 1))
            self.cards[self.place].focus()

    def move(self, across: int, down: int) -> None:
        """By so many cards; it stops at the ends."""
        place = self.place + across + down * self._columns
        if 0 <= place < len(self.cards):
            self.reach(place)


def _cells(run: Run) -> tuple[str, str]:
    ink = f"#{run.ink:06x}" if run.ink is not None else ""
    ground = f" on #{run.ground:06x}" if run.ground is not None else ""
    return run.text, f"{ink}{ground}".strip()


def _swatches(persona: Persona) -> Content:
    """Its colours, as they are."""
    colors = persona.colors
    shown = (colors.primary, colors.secondary, colors.accent, colors.success, colors.error)
    return Content(" ").join(Content.styled("●", color) for color in shown)
