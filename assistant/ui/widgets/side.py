"""The side column of wide terminals: the face, what is known of the user, what is due today, and
what one could say."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size

from assistant.memory.base import MemoryFailure
from assistant.memory.conversation import MemoryFrontend
from assistant.skills.schedule import Timer
from assistant.ui.fitting import ClickableLine, ellipsis, one_line
from assistant.ui.hints import Hint
from assistant.ui.model import StatusModel
from assistant.ui.widgets.face import PersonaFace
from assistant.ui.widgets.roster import Roster
from assistant.ui.widgets.statusline import hint_line

KNOWN_SHOWN = 3
ROWS_A_LINE = 2
DUE_SHOWN = 3
ROWS_FOR_ROSTER = 44
"""So high a column has room for all personas below the rest."""
_READ_AGAIN_SECONDS = 4.0
"""What was just said is written down a moment later; it is not looked for more often than this."""


class SidePanel(ClickableLine):
    """A few short lines under a title; a click opens where there is more of it, or does what the
    clicked line says."""

    def __init__(self, title: str, action: str = "", *, id: str) -> None:
        """`action`: of a click anywhere in it; "": its lines have their own."""
        super().__init__(id=id, classes="panel side-panel")
        self.border_title = title
        self._action = action
        self._lines: list[Content] = []
        self._nothing = ""

    def show(self, lines: Sequence[Content], nothing: str) -> None:
        """`nothing` is said where there are no lines."""
        if (list(lines), nothing) != (self._lines, self._nothing):
            self._lines, self._nothing = list(lines), nothing
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(1, len(self._rows(width)))

    def render(self) -> Content:
        return Content("\n").join(self._rows(self.content_size.width))

    async def on_click(self, event: events.Click) -> None:
        if not self._action:
            await super().on_click(event)
            return
        event.stop()
        await self.run_action(self._action)

    def _rows(self, width: int) -> list[Content]:
        if self._lines:
            return [row for line in self._lines for row in _rows_of(line, width)]
        return Content.styled(self._nothing, "$muted").wrap(max(1, width))


class _Blank(Vertical):
    """Draws nothing itself."""

    BLANK = True


class SideColumn(Vertical):
    """Shown where there is room (see the style sheet)."""

    BLANK = True

    def __init__(
        self, face: PersonaFace, memory: MemoryFrontend, clock: Callable[[], datetime], *, id: str
    ) -> None:
        super().__init__(id=id)
        self.face = face
        self._hints = SidePanel("Try saying", id="hints")
        self.roster = Roster(id="roster")
        self._memory = memory
        self._clock = clock
        self._known = SidePanel("What I know about you", "app.show_memory", id="known")
        self._due = SidePanel("Today", "app.write('show my timers')", id="due")
        self._read_at = -math.inf
        self._reading = False

    def compose(self) -> ComposeResult:
        # Each in a container of its own: for every frame of the face the compositor visits all
        # that shares its container, wherever that is.
        with _Blank(id="side-face"):
            yield self.face
        with _Blank(id="side-panels"):
            yield self._known
            yield self._due
            yield self._hints.add_class("-empty")
            yield self.roster.add_class("panel")

    def on_resize(self) -> None:
        self.roster.display = self.size.height >= ROWS_FOR_ROSTER

    def on_show(self) -> None:
        """A wider terminal: what was learnt while there was no room is not known here yet."""
        self.look_again(at_once=True)

    def on_mount(self) -> None:
        self._known.show([], self._nothing_known())
        self._due.show([], _NOTHING_DUE)

    def show(self, status: StatusModel) -> None:
        """Timers, alarms and reminders that are due before midnight."""
        now = self._clock()
        today = [t for t in status.timers if datetime.fromtimestamp(t.due).date() == now.date()]
        self._due.show([_due_line(timer) for timer in today[:DUE_SHOWN]], _NOTHING_DUE)

    def suggest(self, lead: str, hints: Sequence[Hint]) -> None:
        """What one could say; `lead`, over it, says what to do with the words."""
        self._hints.border_title = lead
        self._hints.set_class(not hints, "-empty")
        self._hints.show([hint_line(each) for each in hints], "")

    def look_again(self, *, at_once: bool = False) -> None:
        """Something may be known that was not; `at_once`: or has been forgotten."""
        soon = time.monotonic() - self._read_at < _READ_AGAIN_SECONDS and not at_once
        if self.display and not self._reading and not soon:
            self._reading = True
            self.run_worker(self._read(), exit_on_error=False)

    async def _read(self) -> None:
        self._read_at = time.monotonic()
        try:
            known = await self._memory.book()
        except MemoryFailure as failure:
            self._known.show([], f"It cannot be read: {failure}")
            return
        finally:
            self._reading = False
        items = [item.text for item in known.profile.items][:KNOWN_SHOWN]
        self._known.show([Content(one_line(text)) for text in items], self._nothing_known())

    def _nothing_known(self) -> str:
        if self._memory.private:
            return "This conversation is private: nothing of it is kept."
        if not self._memory.enabled:
            return "Memory is off."
        return "Nothing yet. Say: remember that …"


_NOTHING_DUE = "Nothing is due. Say: remind me at six to …"


def _due_line(timer: Timer) -> Content:
    name = timer.name or timer.kind
    at = datetime.fromtimestamp(timer.due)
    return Content.assemble((f"{at:%H:%M} ", "bold $accent"), one_line(name))


def _rows_of(line: Content, width: int) -> list[Content]:
    """One or two rows, wrapped and cut between words."""
    rows = line.wrap(max(1, width))
    if len(rows) <= ROWS_A_LINE:
        return rows
    rest = " ".join(row.plain for row in rows[ROWS_A_LINE - 1 :])
    return [*rows[: ROWS_A_LINE - 1], Content(ellipsis(rest, width))]
