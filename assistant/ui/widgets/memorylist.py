"""What is remembered, as rows: open questions, what has just been recalled, by section."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.memory.base import Found, Memory, Turn
from assistant.memory.profile.profile import QUESTIONS, SURE_ENOUGH, Contradiction
from assistant.memory.view import CurrentMemory, TurnSource
from assistant.ui.fitting import lines_of, one_line, shortened

RECALLED = "Recalled in this conversation"
SECTION_SHOWN = 100
"""Rows of a section; a list that nobody can read to its end is no help, and slow to draw."""
LETTERS_SHOWN = 400
"""Of one entry; all of it stands where it was said."""
_INDENT = "  "
_INDENT_CELLS = 3
"""Cells of a row that are not the words': indent, scroll bar."""

Names = Callable[[str], str]
"""The name of a persona, by its slug."""


@dataclass(frozen=True, slots=True)
class ListRow:
    """One entry of the list; a title or a note where there is nothing to be done with it."""

    text: str
    detail: str = ""
    id: str = ""
    """Of a memory, or "JOURNAL#TURN" of a turn."""
    memory: Memory | None = None
    question: Contradiction | None = None
    title: bool = False

    @property
    def active(self) -> bool:
        return bool(self.id or self.question)


def book_rows(known: CurrentMemory, recalled: Sequence[Found], names: Names) -> list[ListRow]:
    """All that is known, what wants an answer first."""
    rows: list[ListRow] = []
    if questions := known.profile.questions:
        rows.append(ListRow(QUESTIONS, title=True))
        rows += [ListRow(each.text, "enter answers it", question=each) for each in questions]
    rows += _section(RECALLED, [found_row(each, names) for each in recalled])
    shown = {each.id for each in recalled}
    for title, items in known.profile.sections.items():
        fresh = [item for item in items if item.memory.id not in shown]
        rows += _section(title, [memory_row(item.memory, names, item.text) for item in fresh])
    return rows or [ListRow("Nothing is remembered yet. Say “Remember that …”.")]


def hit_rows(found: Sequence[Found], words: str, names: Names) -> list[ListRow]:
    """What a search has found."""
    if not found:
        return [ListRow(f"Nothing is remembered of “{words}”.")]
    return _section("Found", [found_row(each, names) for each in found])


def found_row(found: Found, names: Names) -> ListRow:
    if found.memory is not None:
        return memory_row(found.memory, names)
    detail = f"{_day(found.at)} · from a talk with {names(found.persona)}"
    return ListRow(f"“{found.text}”", detail, found.id)


def memory_row(memory: Memory, names: Names, text: str = "") -> ListRow:
    source = f"told to {names(memory.persona)}" if memory.turn else "written by hand"
    detail = f"{_day(memory.at)} · {sureness(memory.confidence)} · {source}"
    return ListRow(text or memory.text, detail, memory.id, memory)


def sureness(confidence: float) -> str:
    """In words and per cent."""
    word = "sure" if confidence >= SURE_ENOUGH else "guessed"
    return f"{word} {100 * confidence:.0f} %"


def _section(title: str, rows: Sequence[ListRow]) -> list[ListRow]:
    if not rows:
        return []
    more = len(rows) - SECTION_SHOWN
    note = [ListRow(f"… and {more} more; a search finds them")] if more > 0 else []
    return [ListRow(title, title=True), *rows[:SECTION_SHOWN], *note]


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


class MemoryList(OptionList):
    """The rows; the cursor skips titles."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, classes="panel")
        self.rows: list[ListRow] = []
        """Titles and notes included."""
        self._width = 0

    @property
    def row(self) -> ListRow | None:
        """Under the cursor."""
        place = self.highlighted
        return self.rows[place] if place is not None and place < len(self.rows) else None

    def show(self, rows: Sequence[ListRow], *, from_top: bool = False) -> None:
        """The cursor stays on what it was on, else where it was, unless it shall go to the top."""
        before, place = self.row, self.highlighted or 0
        self.rows = list(rows)
        self._fill()
        if from_top or before is None:
            place = 0
        else:
            kept = [n for n, row in enumerate(self.rows) if row.active and _same(row, before)]
            place = min(kept, key=lambda n: abs(n - place), default=place)
        self.highlighted = self._active_near(place)

    def highlight(self, wanted: str) -> None:
        """Put the cursor on the entry with this id, or with these words."""
        words = wanted.casefold().rstrip(".")
        for place, row in enumerate(self.rows):
            if row.active and (row.id == wanted or words in row.text.casefold()):
                self.highlighted = place
                return

    def scroll_to_highlight(self, top: bool = False) -> None:
        """The first row brings its title into sight, the last one the note below it."""
        super().scroll_to_highlight(top)
        active = [n for n, row in enumerate(self.rows) if row.active]
        if active and self.highlighted == active[0]:
            self.scroll_home(animate=False)
        elif active and self.highlighted == active[-1]:
            self.scroll_end(animate=False)

    def on_resize(self) -> None:
        self.call_after_refresh(self._rewrap)

    def _rewrap(self) -> None:
        if self._width != self.content_size.width:
            cursor = self.highlighted
            self._fill()
            self.highlighted = cursor

    def _active_near(self, place: int) -> int | None:
        active = [n for n, row in enumerate(self.rows) if row.active]
        return min(active, key=lambda n: (abs(n - place), n < place), default=None)

    def _fill(self) -> None:
        self._width = self.content_size.width
        self.clear_options()
        self.add_options(
            Option(self._prompt(row, first=n == 0), disabled=not row.active)
            for n, row in enumerate(self.rows)
        )

    def _prompt(self, row: ListRow, *, first: bool) -> Content:
        room = max(8, self._width - _INDENT_CELLS)
        if row.title:
            return Content.assemble("" if first else "\n", (one_line(row.text), "bold $primary"))
        return Content("\n").join(self._words(row, room))

    @staticmethod
    def _words(row: ListRow, room: int) -> Iterator[Content]:
        sign = Content.styled("? ", "bold") if row.question else Content("")
        for line in (sign + Content(shortened(one_line(row.text), LETTERS_SHOWN))).wrap(room):
            yield Content(_INDENT if row.active else "") + line
        detail = shortened(one_line(row.detail), LETTERS_SHOWN)
        for line in Content.styled(detail, "dim").wrap(room - 2) if detail else ():
            yield Content(2 * _INDENT) + line


def _same(row: ListRow, other: ListRow) -> bool:
    return (row.id, row.question and row.text) == (other.id, other.question and other.text)


# Where something was said: the turn, and what was said before and after it.

_HINT = "enter shows where it was said"
_HERE, _NEAR = "▸ ", "  "


class SourceView(VerticalScroll):
    """Where there is little room it is there only while it shows something."""

    BORDER_TITLE = "Source"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.shown_id: str | None = None

    def compose(self) -> ComposeResult:
        yield _hint()

    def clear(self) -> None:
        if self.shown_id is not None:
            self.shown_id = None
            self.remove_class("-shown")
            self._replace([_hint()])

    def show(self, row: ListRow, source: TurnSource, names: Names) -> None:
        self.shown_id = row.id
        self.add_class("-shown")
        turns = [TurnLine(turn, here=turn.number == source.turn) for turn in source.turns]
        notes = [_missing(source)] if _missing(source) else []
        if row.memory is not None:
            notes.append(_about(row.memory, names))
        notes.append(f"journal {source.journal}")
        below = Static(lines_of("\n".join(notes)), classes="source-notes", markup=False)
        self._replace([*turns, below])
        said = next((turn for turn in turns if turn.here), below)
        self.call_after_refresh(self.scroll_to_widget, said, animate=False, top=True)

    def _replace(self, children: list[Widget]) -> None:
        self.remove_children()
        self.mount_all(children)


def _hint() -> Static:
    return Static(_HINT, classes="source-notes", markup=False)


def _missing(source: TurnSource) -> str:
    """Why the turn itself cannot be shown; "" where it is."""
    if not source.turn:
        return "Nobody said it: it was written by hand."
    kept = any(turn.number == source.turn for turn in source.turns)
    return "" if kept else "What was said is not kept any more."


def _about(memory: Memory, names: Names) -> str:
    people = f"about {', '.join(memory.people)}" if memory.people else ""
    told = f"told to {names(memory.persona)}" if memory.turn else ""
    parts = (memory.category, people, sureness(memory.confidence), told)
    return " · ".join(part for part in parts if part)


class TurnLine(Widget):
    """A turn; its words stand in a column of their own below the name. The one that something was
    said in has a sign, and bold words."""

    def __init__(self, turn: Turn, *, here: bool) -> None:
        super().__init__(classes="source-turn")
        self.here = here
        self._turn = turn

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1 + len(self._wrapped(width))

    def render(self) -> Content:
        turn = self._turn
        head = Content.assemble(
            (_HERE if self.here else _NEAR, "bold $primary"),
            (one_line(turn.name), "bold $secondary" if turn.side == "user" else "bold $primary"),
            (f"  {turn.at:%Y-%m-%d %H:%M}", "$muted"),
        )
        lines = (Content(_NEAR) + line for line in self._wrapped(self.content_size.width))
        return Content("\n").join([head, *lines])

    def _wrapped(self, width: int) -> list[Content]:
        words = Content.styled(lines_of(self._turn.text), "bold" if self.here else "")
        return words.wrap(max(1, width - len(_NEAR)))
