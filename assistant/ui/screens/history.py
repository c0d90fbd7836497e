"""Earlier conversations: listed, searched, read, and gone on with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.errors import AssistantError
from assistant.session.past_conversations import PastConversation, PastConversations
from assistant.session.transcript_store import TranscriptInfo
from assistant.ui.fitting import lines_of, one_line, shortened
from assistant.ui.screens.dialog import TYPING, Dialog, LineInput
from assistant.ui.widgets.keybar import KeyLine

TURNS_SHOWN = 400
"""Of one conversation, the newest."""
FIRST_LETTERS = 120


class HistorySearch(LineInput):
    """Escape and down leave it for the list."""

    BINDINGS = [
        Binding("escape", "screen.leave_search", "Leave", id="history.leave",
                tooltip="Back to all conversations"),
        Binding("down,enter", "screen.to_list", show=False),
    ]  # fmt: skip


class HistoryScreen(Dialog[str | None]):
    """Gives back the id of the conversation that shall go on, or None."""

    BINDINGS = [
        Binding("escape,h,q", "close", "Close", id="history.close", tooltip="Close"),
        Binding("slash", "search", "Search", id="history.search", tooltip="Look for words"),
        Binding("r", "resume", "Go on with it", id="history.resume",
                tooltip="Its last turns count as said in this conversation"),
        Binding("pageup", "read(-1)", show=False),
        Binding("pagedown", "read(1)", show=False),
    ]  # fmt: skip

    def __init__(self, past: PastConversations, going_on: str = "") -> None:
        """`going_on` says what going on with one means, where it is less than one might think."""
        super().__init__()
        self._going_on = going_on
        self._past = past
        self._found: Sequence[TranscriptInfo] = ()
        self._search_line = HistorySearch(
            placeholder="Press / to search", compact=True, id="history-words"
        )
        self._list = OptionList(id="history-list")
        self._page = VerticalScroll(id="history-page", can_focus=False)
        self._text = Static(id="history-text")
        self._news = Static(id="history-news", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="history") as box:
            box.border_title = "Earlier conversations"
            yield self._search_line
            with Vertical(id="history-body"):
                yield self._list
                with self._page:
                    yield self._text
            if self._going_on:
                yield Static(self._going_on, id="history-note", markup=False)
            yield self._news
            yield KeyLine(
                (
                    ("enter", "read", "screen.open", 3),
                    ("r", "go on with it", "screen.resume", 5),
                    ("/", "search", "screen.search", 2),
                    ("pgdn", "read on", "screen.read(1)", 1),
                    ("esc", "close", "screen.close", 6),
                ),
                id="history-keys",
            )

    def on_mount(self) -> None:
        self._page.display = False
        self._list.focus()
        self.run_worker(self._look(""), group="look", exclusive=True)

    # --- looking -----------------------------------------------------------------------------

    async def _look(self, words: str) -> None:
        self._found = await self._past.find(words)
        if not self.is_attached:
            return
        self._list.clear_options()
        self._list.add_options([Option(_row(each)) for each in self._found])
        self._list.highlighted = 0 if self._found else None
        if self._found:
            self._tell("")
        else:
            nothing = f"Nobody said “{words}”." if words else "There are no saved conversations."
            self._tell(nothing)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.run_worker(self._look_soon(), group="look", exclusive=True)

    async def _look_soon(self) -> None:
        await asyncio.sleep(TYPING)
        await self._look(self._search_line.value.strip())

    def action_search(self) -> None:
        self._search_line.focus()

    def action_leave_search(self) -> None:
        self._search_line.value = ""
        self._list.focus()

    def action_to_list(self) -> None:
        self._list.focus()

    # --- reading -----------------------------------------------------------------------------

    @property
    def _chosen(self) -> TranscriptInfo | None:
        place = self._list.highlighted
        return self._found[place] if place is not None and place < len(self._found) else None

    @on(OptionList.OptionHighlighted)
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self._page.display:
            self.action_open()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_open()

    def action_open(self) -> None:
        if (chosen := self._chosen) is not None:
            self.run_worker(self._show(chosen.id), group="read", exclusive=True)

    async def _show(self, id: str) -> None:
        try:
            past = await self._past.read(id)
        except AssistantError as error:
            self._tell(f"{error.message} {error.remedy}")
            return
        if self.is_attached:
            self._page.display = True
            self._text.update(_told(past))
            self._page.scroll_home(animate=False)

    def action_read(self, direction: int) -> None:
        if not self._page.display:
            self.action_open()
        elif direction > 0:
            self._page.scroll_page_down(animate=False)
        else:
            self._page.scroll_page_up(animate=False)

    # --- the rest ----------------------------------------------------------------------------

    def action_resume(self) -> None:
        if (chosen := self._chosen) is not None:
            self.dismiss(chosen.id)

    def action_close(self) -> None:
        if self._page.display:
            self._page.display = False
        else:
            self.dismiss(None)

    def _tell(self, text: str) -> None:
        if self.is_attached:
            self._news.update(text)
            self._news.display = bool(text)


def _row(info: TranscriptInfo) -> Content:
    """When, with whom, how long, and how it began."""
    began = info.began
    when = f"{began:%a} {began.day} {began:%b %Y, %H:%M}"
    names = one_line(", ".join(info.names)) or "nobody"
    turns = f"{info.turns} {'turn' if info.turns == 1 else 'turns'}"
    return Content.assemble(
        (when, "bold"),
        f"  with {names} · {turns}\n  ",
        shortened(one_line(info.first), FIRST_LETTERS),
    )


def _told(past: PastConversation) -> Content:
    """All of it, to be read."""
    shown = past.turns[-TURNS_SHOWN:]
    parts: list[Content] = [Content.styled(past.when, "bold $primary")]
    if len(shown) < len(past.turns):
        parts.append(Content.styled(f"… {len(past.turns) - len(shown)} turns before", "$muted"))
    for turn in shown:
        style = "bold $secondary" if turn.by_user else "bold $primary"
        cut = "  ⊘ interrupted" if turn.interrupted else ""
        parts.append(
            Content.assemble(
                (one_line(turn.name), style), (f"  {turn.time}{cut}", "$muted"), "\n",
                lines_of(turn.text),
            )
        )  # fmt: skip
    return Content("\n\n").join(parts)
