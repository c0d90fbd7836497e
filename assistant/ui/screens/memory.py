"""What is remembered of the user: to be looked at, searched, corrected, answered and forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static

from assistant.memory.base import Forgotten, Found, Memory, MemoryFailure
from assistant.memory.conversation import MemoryFrontend
from assistant.memory.deletion.plan import DeletionPreview
from assistant.memory.profile.profile import Contradiction
from assistant.memory.view import CurrentMemory
from assistant.session.events import MemoryForgotten, MemoryRecalled, SessionEvent, ToolFinished
from assistant.ui.fitting import lines_of, shortened
from assistant.ui.model import StatusModel
from assistant.ui.screens.dialog import TYPING, Dialog, LineInput, Spawn
from assistant.ui.screens.memory_dialogs import EditScreen, ForgetScreen, WhichScreen
from assistant.ui.widgets.activity import sentence
from assistant.ui.widgets.keybar import KeyLine
from assistant.ui.widgets.loading import LoadingBar
from assistant.ui.widgets.memorylist import (
    ListRow,
    MemoryList,
    Names,
    SourceView,
    book_rows,
    hit_rows,
)

_log = logging.getLogger(__name__)
T = TypeVar("T")
NEWS_LETTERS = 1_000
MEMORY_TOOLS = ("remember", "forget")


class SearchInput(LineInput):
    """Escape and down leave it for the list."""

    BINDINGS = [
        Binding("escape", "screen.leave_search", "Leave", id="memory.leave",
                tooltip="Back to all that is remembered"),
        Binding("down", "screen.to_list", show=False),
    ]  # fmt: skip


class MemoryScreen(Dialog[None]):
    """The panel. Whatever asks memory runs beside the event loop; the keys stay alive meanwhile."""

    BINDINGS = [
        Binding("escape,m,q", "close", "Close", id="memory.close", tooltip="Close"),
        Binding("slash", "search", "Search", id="memory.search", tooltip="Look for something"),
        Binding("f,delete", "forget", "Forget", id="memory.forget",
                tooltip="Forget what is under the cursor, after a yes"),
        Binding("e", "correct", "Correct", id="memory.correct", tooltip="Correct its words"),
        Binding("r", "look", "Look again", id="memory.look", tooltip="Read it again"),
    ]  # fmt: skip

    def __init__(
        self,
        memory: MemoryFrontend,
        status: StatusModel,
        names: Names,
        spawn: Spawn,
        at: str = "",
    ) -> None:
        """`at`: a memory that the cursor shall be on at first, by its id or its words."""
        super().__init__()
        self._at = at
        self._memory = memory
        self._status = status
        self._names = names
        self._spawn = spawn
        self._known: CurrentMemory | None = None
        self._at_work = 0
        self._search_line = SearchInput(
            placeholder="Press / to search", compact=True, id="memory-words"
        )
        self._list = MemoryList(id="memory-list")
        self._source = SourceView(id="memory-source")
        self._bar = LoadingBar(id="memory-loading")
        self._news = Static(id="memory-news", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="memory") as box:
            box.border_title = "Memory"
            if self._memory.private:
                box.border_subtitle = "private: nothing of this conversation is kept"
            yield self._search_line
            with Vertical(id="memory-body"):
                yield self._list
                yield self._source.add_class("panel")
            yield self._bar
            yield self._news
            yield KeyLine(
                (
                    ("enter", "source", "screen.open", 3),
                    ("f", "forget", "screen.forget", 5),
                    ("e", "correct", "screen.correct", 4),
                    ("/", "search", "screen.search", 2),
                    ("r", "look again", "screen.look", 1),
                    ("esc", "close", "screen.close", 6),
                ),
                id="memory-keys",
            )

    @property
    def _words(self) -> str:
        return self._search_line.value.strip()

    def on_mount(self) -> None:
        self._bar.hide()
        self._list.focus()
        self.action_look()

    def take(self, event: SessionEvent) -> None:
        """What the session tells meanwhile."""
        by_tool = isinstance(event, ToolFinished) and event.result.call.name in MEMORY_TOOLS
        if by_tool or isinstance(event, MemoryRecalled | MemoryForgotten):
            self._read()

    # --- looking -----------------------------------------------------------------------------

    def action_look(self) -> None:
        self._tell("")
        self._read()

    @work(group="look", exclusive=True)
    async def _read(self) -> None:
        known = await self._asked("reading what is remembered", self._memory.book())
        if known is not None:
            self._known = known
            if self._words:
                await self._search(self._words)
            else:
                self._show_book()

    def _show_book(self, *, from_top: bool = False) -> None:
        if self._known is not None:
            rows = book_rows(self._known, self._status.recalled, self._names)
            self._list.show(rows, from_top=from_top)
            if self._at:
                self._list.highlight(self._at)
                self._at = ""

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.run_worker(self._search_soon(), group="search", exclusive=True)

    async def _search_soon(self) -> None:
        if not self._words:
            self._show_book(from_top=True)
            return
        await asyncio.sleep(TYPING)
        await self._search(self._words)

    async def _search(self, words: str) -> None:
        found = await self._asked(f"looking for “{words}”", self._memory.look_up(words))
        if found is not None and words == self._words:
            self._list.show(hit_rows(found, words, self._names), from_top=True)

    def action_search(self) -> None:
        self._search_line.focus()

    def action_leave_search(self) -> None:
        self._search_line.value = ""
        self._list.focus()

    def action_to_list(self) -> None:
        self._list.focus()

    @on(Input.Submitted)
    def _searched(self, event: Input.Submitted) -> None:
        event.stop()
        self._list.focus()

    # --- the source --------------------------------------------------------------------------

    @on(OptionList.OptionHighlighted)
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        row = self._list.row
        if row is None or row.id != self._source.shown_id:
            self._source.clear()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        row = self._list.row
        if row is None:
            return
        if row.question is not None:
            self.run_worker(self._answer(row.question))
        elif row.id == self._source.shown_id:
            self._source.clear()
        else:
            self.run_worker(self._show_source(row), group="source", exclusive=True)

    def action_open(self) -> None:
        self._list.action_select()

    async def _show_source(self, row: ListRow) -> None:
        source = await self._asked("looking where it was said", self._memory.source(row.id))
        if source is not None and self._list.row is row:
            self._source.show(row, source, self._names)
            self.call_after_refresh(self._list.scroll_to_highlight)

    # --- changing ----------------------------------------------------------------------------

    def action_forget(self) -> None:
        row = self._list.row
        if row is not None and row.question is not None:
            self._tell("Two memories do not agree here.", "Press enter and say which is right.")
        elif row is not None:
            self.run_worker(self._confirm_forgetting(row))

    async def _confirm_forgetting(self, row: ListRow) -> None:
        deletion = await self._asked("looking what goes with it", self._memory.preview([row.id]))
        if deletion is not None and await self.app.push_screen_wait(ForgetScreen(deletion)):
            self._spawn(self._forget(deletion), "It could not be forgotten")

    async def _forget(self, deletion: DeletionPreview) -> None:
        gone = await self._done("forgetting", self._memory.forget(deletion))
        if gone is not None:
            self._after(_counted(gone))

    def action_correct(self) -> None:
        row = self._list.row
        if row is not None and row.memory is not None:
            self.run_worker(self._correct(row.memory))
        elif row is not None and row.question is not None:
            self.run_worker(self._answer(row.question))
        elif row is not None:
            self._tell("What was said stays as it was said.", "Press f to forget it.")

    async def _correct(self, memory: Memory, wrong: Sequence[str] = ()) -> None:
        """`wrong`: other memories that shall be history, too."""
        words = await self.app.push_screen_wait(EditScreen(memory.text, "What is right?"))
        if words is not None:
            self._spawn(self._put_right(memory, words, wrong), "It could not be corrected")

    async def _put_right(self, memory: Memory, words: str, wrong: Sequence[str]) -> None:
        async def correct() -> Memory:
            new = await self._memory.correct(memory, words)
            if wrong:
                await self._memory.settle(new.id, wrong)
            return new

        new = await self._done("correcting", correct())
        if new is not None:
            self._after(f"Corrected: {new.text}")

    async def _answer(self, question: Contradiction) -> None:
        memories = question.memories
        chosen = await self.app.push_screen_wait(WhichScreen(question, self._names))
        if chosen is None:
            return
        if chosen == len(memories):
            await self._correct(memories[-1], [memory.id for memory in memories[:-1]])
            return
        right = memories[chosen]
        self._spawn(self._settle(right, memories), "The answer could not be kept")

    async def _settle(self, right: Memory, memories: Sequence[Memory]) -> None:
        async def settle() -> bool:
            wrong = [memory.id for memory in memories if memory.id != right.id]
            await self._memory.settle(right.id, wrong)
            return True

        if await self._done("keeping the answer", settle()):
            self._after(f"It holds: {right.text}")

    # --- the rest ----------------------------------------------------------------------------

    def action_close(self) -> None:
        self.dismiss(None)

    def _after(self, news: str) -> None:
        """Something was changed."""
        if self.is_attached:
            self._source.clear()
            self._tell(news)
            self._read()

    async def _asked(self, doing: str, work: Awaitable[T]) -> T | None:
        """What comes of it, with a moving bar meanwhile; None where it fails, which is told."""
        self._busy(doing)
        try:
            return await work
        except MemoryFailure as error:
            self._tell(error.message, error.remedy)
        except Exception as error:
            _log.exception("memory panel: %s", doing)
            self._tell(str(error) or type(error).__name__)
        finally:
            self._busy("")
        return None

    async def _done(self, doing: str, work: Awaitable[T]) -> T | None:
        """The same for what goes on after the panel was closed: the dashboard tells it then."""
        if self.is_attached:
            return await self._asked(doing, work)
        return await work

    def _busy(self, doing: str) -> None:
        self._at_work += 1 if doing else -1
        if not self.is_attached:
            return
        self._news.display = not self._at_work
        if not self._at_work:
            self._bar.hide()
        elif doing:
            self._bar.show(doing, None)

    def _tell(self, text: str, remedy: str = "") -> None:
        if self.is_attached:
            self._news.update(shortened(lines_of(sentence(text, remedy)), NEWS_LETTERS))


def shown_memory(app: App[Any]) -> MemoryScreen | None:
    """The panel, where it is open; one of its questions may lie on top of it."""
    return next((each for each in app.screen_stack if isinstance(each, MemoryScreen)), None)


def without(recalled: Sequence[Found], deletion: DeletionPreview) -> tuple[Found, ...]:
    """What was recalled and is still known."""
    ids = {*deletion.ids, *deletion.gone}
    return tuple(hit for hit in recalled if hit.id not in ids and hit.text not in deletion.texts)


def _counted(gone: Forgotten) -> str:
    memories = f"{gone.memories} {'memory' if gone.memories == 1 else 'memories'}"
    turns = f"{gone.turns} {'turn' if gone.turns == 1 else 'turns'}"
    return f"Forgotten: {memories} and {turns}."
