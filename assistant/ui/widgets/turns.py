"""What a conversation consists of on the screen: turns, chips between them, lines across."""

from __future__ import annotations

import re

from rich.cells import cell_len
from textual import events
from textual.color import Color, ColorParseError
from textual.content import Content
from textual.geometry import Size
from textual.timer import Timer
from textual.widget import Widget

from assistant.personas.checks import MIN_CONTRAST, contrast
from assistant.ui.conversation import ChipEntry, DividerEntry, Entry, TurnEntry
from assistant.ui.fitting import (
    ClickableLine,
    ellipsis,
    lines_of,
    one_line,
    pressing,
    size_words,
)

LETTERS_SHOWN = 20_000
"""Of one turn, the most that a language model may say; the saved transcript keeps all."""
CUT_SHOWN = 300
"""Letters that are shown of what was cut off."""

_REDRAW_SECONDS = 0.05
_CUT_MARK = "  ⊘ interrupted"
_NOTHING_HEARD = "nothing of it was heard"
_THROBBER = "⠋⠙⠹⠸⠼⠴⠦⠧"
_FRAMES_PER_SECOND = 8


def legible_on(color: str, ground: Color) -> str:
    """`color`, moved towards black or white until it can be read on `ground`; hex of both. What is
    no colour gives "" back."""
    try:
        wanted = Color.parse(color)
    except ColorParseError:
        return ""
    target = max(
        (Color(0, 0, 0), Color(255, 255, 255)), key=lambda end: contrast(end.hex6, ground.hex6)
    )
    for step in range(11):
        candidate = wanted.blend(target, step / 10)
        if contrast(candidate.hex6, ground.hex6) >= MIN_CONTRAST:
            return candidate.hex6
    return target.hex6


class EntryView(ClickableLine):
    """One entry of the conversation."""

    ALLOW_SELECT = True

    def __init__(self, entry: Entry, classes: str) -> None:
        super().__init__(classes=f"entry {classes}")
        self.entry = entry
        self._waiting = False
        self.found = ""
        """Words that are marked in it."""
        self._wrapped: tuple[int, list[Content]] | None = None
        self._ground: Color | None = None

    def redraw_soon(self) -> None:
        """Words arrive many times a second; it is drawn at most 20 times."""
        if not self._waiting and self.is_mounted:
            self._waiting = True
            self.set_timer(_REDRAW_SECONDS, self.redraw)

    def redraw(self) -> None:
        self._waiting = False
        self._wrapped = None
        self.refresh(layout=True)

    def mark_found(self, words: str) -> None:
        if words != self.found:
            self.found = words
            self._wrapped = None
            self.refresh()

    def take_colors(self) -> None:
        """The ground has changed."""
        self._wrapped = None
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        # A persona that takes over may be drawn before `take_colors` is called.
        ground = self.background_colors[1]
        if ground != self._ground:
            self._ground, self._wrapped = ground, None
        return Content("\n").join(self._lines(self.content_size.width))

    def _lines(self, width: int) -> list[Content]:
        """Wrapped once for each width: a layout asks for the height, a drawing for the words."""
        if self._wrapped is None or self._wrapped[0] != width:
            self._wrapped = width, self.lines(max(1, width))
        return self._wrapped[1]

    def lines(self, width: int) -> list[Content]:
        """What stands in `width` cells."""
        raise NotImplementedError

    @property
    def opens(self) -> bool:
        """Whether there is more to it than is shown."""
        return False

    async def action_open(self) -> None:
        """Show what there is more to it."""

    def _marked(self, content: Content) -> Content:
        for word in self.found.split():
            for match in re.finditer(re.escape(word), content.plain, re.IGNORECASE):
                content = content.stylize("bold reverse", *match.span())
        return content


class TurnView(EntryView):
    """One side's turn: who, when, and the words so far."""

    entry: TurnEntry

    def __init__(self, entry: TurnEntry) -> None:
        super().__init__(entry, f"turn -{entry.side}")

    @property
    def text(self) -> str:
        """The words that count, without name and time."""
        return self.entry.heard()

    @property
    def interrupted(self) -> bool:
        return self.entry.interrupted

    def on_mount(self) -> None:
        self.take_colors()
        self.explain()

    def explain(self) -> None:
        """What the quiet mark means, where the pointer rests."""
        self.tooltip = Content(one_line(self.entry.reason)) if self.entry.reason else None

    @property
    def opens(self) -> bool:
        return bool(self.entry.reason)

    async def action_open(self) -> None:
        """Write the reason of the mark below the words, or take it away again."""
        self.entry.explained = self.opens and not self.entry.explained
        self.redraw()

    def redraw(self) -> None:
        self.set_class(self.entry.interrupted, "-interrupted")
        super().redraw()

    def take_colors(self) -> None:
        """Whoever spoke keeps his colour on every ground."""
        self.set_class(self.entry.interrupted, "-interrupted")
        self.set_class(self.entry.earlier, "-earlier")
        if color := self._own_color():
            self.styles.border_left = ("outer", color)
        super().take_colors()

    def _own_color(self) -> str:
        if not self.entry.speaker.color or self.app.no_color:
            return ""
        return legible_on(self.entry.speaker.color, self.background_colors[1])

    def lines(self, width: int) -> list[Content]:
        rows = [self._head(width), *self._marked(self._words()).wrap(width)]
        if self.entry.explained:
            style = "italic $foreground" if self.entry.side == "user" else "italic $muted"
            rows += Content.styled(one_line(self.entry.reason), style).wrap(width)
        return rows

    def _head(self, width: int) -> Content:
        """Name on the left, time on the right."""
        entry = self.entry
        own = self._own_color()
        named = f"bold {own}" if own else ("bold $secondary" if entry.side == "user" else "bold")
        quiet = "$foreground" if entry.side == "user" else "$muted"
        time = f"{entry.when:%H:%M}"
        marks = [
            Content.styled("  typed" if entry.typed else "", quiet),
            self._sign(quiet),
            Content.styled(_CUT_MARK if entry.interrupted else "", "$warning"),
        ]
        while True:  # what has no room is left out, never cut
            name = ellipsis(entry.speaker.name, width)
            left = Content.assemble((name, named), *marks)
            space = width - left.cell_length - len(time)
            if space > 0 and time:
                return Content.assemble(left, " " * space, (time, quiet))
            if left.cell_length <= width or not marks:
                return left
            marks.pop(0)

    def _sign(self, style: str) -> Content:
        """The quiet mark; a click tells its reason."""
        entry = self.entry
        sign = Content.styled(f"  {one_line(entry.sign)}" if entry.sign else "", style)
        return pressing(sign, "open") if entry.sign and entry.reason else sign

    def _words(self) -> Content:
        entry = self.entry
        words = lines_of(entry.text).strip()
        if entry.interrupted:
            return _cut(words, entry.words_heard or 0)
        if len(words) > LETTERS_SHOWN:
            words = f"{words[:LETTERS_SHOWN]}… ({size_words(words)} in all)"
        if entry.partial:
            return Content.styled(f"{words} …", "italic")
        content = Content(words)
        if entry.words_heard and not entry.final:
            place = _word_at(words, entry.words_heard)
            if place is not None:
                content = content.stylize("bold underline", *place)
        return content


def _word_at(words: str, number: int) -> tuple[int, int] | None:
    """Where the word of this number (from 1) begins and ends."""
    for at, match in enumerate(re.finditer(r"\S+", words), start=1):
        if at == number:
            return match.span()
    return None


def _cut(words: str, heard: int) -> Content:
    """What was heard, and struck what was cut off."""
    if not heard:
        return Content.styled(_NOTHING_HEARD, "italic")
    place = _word_at(words, heard)
    if place is None:
        return Content(f"{words} —")
    said, rest = words[: place[1]], words[place[1] :].strip()
    if len(said) > LETTERS_SHOWN:
        said = f"{said[:LETTERS_SHOWN]}…"
    if len(rest) > CUT_SHOWN:
        rest = f"{rest[:CUT_SHOWN].rsplit(maxsplit=1)[0]} …"
    return Content.assemble(f"{said} —", " " if rest else "", (rest, "strike $muted"))


class ChipView(EntryView):
    """A small line between turns; a click or enter opens what it is about."""

    entry: ChipEntry

    def __init__(self, entry: ChipEntry) -> None:
        super().__init__(entry, "chip")

    async def on_click(self, event: events.Click) -> None:
        event.stop()
        await self.action_open()

    @property
    def opens(self) -> bool:
        return bool(self.entry.action)

    async def action_open(self) -> None:
        if self.entry.action:
            await self.run_action(self.entry.action)

    def lines(self, width: int) -> list[Content]:
        words = Content.styled(lines_of(self.entry.text), "$muted").wrap(max(1, width - 2))
        first = Content.assemble((f"{self.entry.sign} ", f"bold {self.entry.style}"), words[0])
        return [self._marked(each) for each in [first, *(Content("  ") + w for w in words[1:3])]]


class DividerView(EntryView):
    """A line across the page with words in it."""

    entry: DividerEntry

    def __init__(self, entry: DividerEntry) -> None:
        super().__init__(entry, "divider")

    def lines(self, width: int) -> list[Content]:
        text = one_line(self.entry.text)
        own = "" if self.app.no_color else self.entry.color
        style = f"bold {legible_on(own, self.background_colors[1])}" if own else "bold $muted"
        room = width - cell_len(text) - 2
        if room < 2:
            return list(Content.styled(text, style).wrap(width))
        left = room // 2
        return [
            Content.assemble(
                ("─" * left, "$line"), " ", (text, style), " ", ("─" * (room - left), "$line")
            )
        ]


def view_of(entry: Entry) -> EntryView:
    """The widget that shows it."""
    match entry:
        case TurnEntry():
            return TurnView(entry)
        case ChipEntry():
            return ChipView(entry)
        case DividerEntry():
            return DividerView(entry)


class Thinking(Widget):
    """Who thinks, as long as no word has come; it moves where things may move."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__(id="thinking")
        self.display = False
        self._text = ""
        self._phase = 0
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        self._timer = self.set_interval(1 / _FRAMES_PER_SECOND, self._step, pause=True)
        self._run_timer()

    def show(self, text: str) -> None:
        """ "" for nothing."""
        if text == self._text:
            return
        self._text = text
        self.display = bool(text)
        self._run_timer()
        self.refresh()

    def _run_timer(self) -> None:
        moving = bool(self._text) and self.app.animation_level != "none"
        if self._timer is not None:
            (self._timer.resume if moving else self._timer.pause)()

    def _step(self) -> None:
        self._phase += 1
        self.refresh()

    def render(self) -> Content:
        still = self.app.animation_level == "none"
        sign = "◐" if still else _THROBBER[self._phase % len(_THROBBER)]
        return Content.assemble((f"{sign} ", "bold $primary"), (one_line(self._text), "$muted"))


__all__ = [
    "ChipView",
    "DividerView",
    "EntryView",
    "Thinking",
    "TurnView",
    "legible_on",
    "view_of",
]
