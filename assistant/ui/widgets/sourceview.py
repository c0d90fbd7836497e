"""Where something was said: the turn, and what was said before and after it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from assistant.memory.base import Memory, Turn
from assistant.memory.view import TurnSource
from assistant.ui.fitting import lines_of, one_line
from assistant.ui.widgets.memorylist import ListRow, Names, sureness

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
