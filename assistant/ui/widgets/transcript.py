"""The conversation as a page: turns, chips and lines across, the newest in sight.

Only a part of a long conversation is on the screen as widgets; whoever pages up or searches is
shown others of `ui.conversation`. Nothing of an answer is ever skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.theme import Theme
from textual.widgets import Static

from assistant.frames import Side
from assistant.session.events import AgentSaid, AnswerProgress, ConversationResumed, UserSaid
from assistant.terminal.sanitize import clean_line
from assistant.ui.conversation import (
    ChipEntry,
    Conversation,
    DividerEntry,
    Entry,
    Speaker,
    TurnEntry,
)
from assistant.ui.widgets.turns import ChipView, EntryView, Thinking, TurnView, view_of

ENTRIES_SHOWN = 150
"""As widgets; the others are kept, and come when one pages up."""
MOST_SHOWN = 2 * ENTRIES_SHOWN
"""While somebody reads what is older, and new words come below."""
PAGE = 50
"""Entries that come at once."""


class Transcript(VerticalScroll):
    """Both sides' turns, the newest always in sight unless the user has scrolled up."""

    BORDER_TITLE = "Conversation"
    BINDINGS = [
        Binding("up", "app.select_turn(-1)", show=False),
        Binding("down", "app.select_turn(1)", show=False),
        Binding("pageup", "app.scroll_conversation(-1)", show=False),
        Binding("pagedown", "app.scroll_conversation(1)", show=False),
    ]

    def __init__(self, clock: Callable[[], datetime], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.conversation = Conversation()
        self._clock = clock
        self._hint = Static(id="hint", markup=False)
        self._thinking = Thinking()
        self._views: dict[Entry, EntryView] = {}
        """Those on the screen, in their order: one piece of all entries."""
        self._first = 0
        """Number of the first of them, counted from the beginning of the conversation."""
        self._selected: Entry | None = None
        self._found = ""
        self._pages = False

    def compose(self) -> Iterable[Static | Thinking]:
        yield self._thinking

    def on_mount(self) -> None:
        self.anchor()
        self.app.theme_changed_signal.subscribe(self, self._recolor)

    def _recolor(self, _: Theme) -> None:
        for view in self._views.values():
            self.call_after_refresh(view.take_colors)

    def hint(self, text: str) -> None:
        """What an empty transcript says; gone with the first turn."""
        if any(isinstance(each, TurnEntry) for each in self._views):
            return
        self._hint.update(Content(text))
        if not self._hint.is_attached and self.is_attached:
            self.mount(self._hint)

    # --- what happens ------------------------------------------------------------------------

    def hear(self, event: UserSaid) -> None:
        """Words of the user."""
        self._changed(self.conversation.hear(event, self._clock()))

    def speak(self, event: AgentSaid, speaker: Speaker) -> None:
        """A piece of the assistant's answer, spoken by `speaker`."""
        self._changed(self.conversation.speak(event, speaker, self._clock()))

    def sounds(self, event: AnswerProgress) -> None:
        """Another word of an answer begins to sound."""
        entry = self.conversation.turn("assistant", event.turn)
        if entry is not None and not entry.final:
            entry.words_heard = event.words
            if (view := self._views.get(entry)) is not None:
                view.redraw_soon()

    def mark(self, turn: int, sign: str, reason: str = "", side: Side = "user") -> None:
        """Put a quiet sign beside the name of a turn; `reason`, in plain words, is shown where the
        pointer rests on it, and below the words where it is asked for."""
        entry = self.conversation.turn(side, turn)
        if entry is not None:
            entry.sign, entry.reason = sign, reason
            entry.explained = entry.explained and bool(reason)
            if isinstance(view := self._views.get(entry), TurnView):
                view.explain()
                view.redraw_soon()

    def chip(self, entry: ChipEntry) -> None:
        """Something was done."""
        self._append(entry)

    def take_over(self, name: str, color: str) -> None:
        """Another persona speaks from now on."""
        self._append(DividerEntry(f"{name} takes over", color))

    def resume(self, event: ConversationResumed, colors: dict[str, str]) -> None:
        """The last turns of an earlier conversation."""
        count = self.conversation.resume(event, colors, self._clock())
        self._show_part(self._total - max(count, ENTRIES_SHOWN))
        self.anchor()

    def think(self, text: str) -> None:
        """Who thinks, or waits for what; "" for nobody."""
        self._thinking.show(text)

    def forget(self, texts: Iterable[str]) -> None:
        """Take away the chips that hold any of these."""
        wanted = [clean_line(text) for text in texts]
        told = [each for each in self.conversation.entries if isinstance(each, ChipEntry)]
        for entry in told:
            if any(text in clean_line(entry.text) for text in wanted):
                entry.text, entry.action = "forgotten", ""
                if (view := self._views.get(entry)) is not None:
                    view.redraw()

    def turns(self) -> list[TurnView]:
        """Those on the screen, from the oldest to the newest."""
        return [view for view in self._views.values() if isinstance(view, TurnView)]

    # --- which of it is on the screen --------------------------------------------------------

    @property
    def _total(self) -> int:
        return self.conversation.dropped + len(self.conversation)

    @property
    def _follows(self) -> bool:
        """Nobody has scrolled away from the newest. Where it is by now cannot be asked in a burst:
        the layout comes later."""
        return self.is_anchored and not self._anchor_released

    @property
    def _end(self) -> int:
        """Number of the first entry behind those on the screen."""
        return self._first + len(self._views)

    def _part(self, begin: int, end: int) -> list[Entry]:
        dropped = self.conversation.dropped
        return list(islice(self.conversation.entries, max(0, begin - dropped), end - dropped))

    def _append(self, entry: Entry) -> None:
        self.conversation.add(entry)
        self._changed(entry)

    def _changed(self, entry: Entry | None) -> None:
        """It is new, or has other words."""
        if entry is None:
            return
        view = self._views.get(entry)
        if view is not None:
            view.redraw_soon()
        elif self._end == self._total - 1 and len(self._views) < MOST_SHOWN:
            self._mount([entry])
            if len(self._views) > ENTRIES_SHOWN and self._follows:
                self._unmount(list(self._views)[: len(self._views) - ENTRIES_SHOWN])
                self._first = self._total - len(self._views)
        if self._end < self._total and self.is_anchored:
            self.anchor(False)  # the end of this part is not that of the conversation

    def _mount(self, entries: Sequence[Entry], *, above: bool = False) -> None:
        views = {entry: view_of(entry) for entry in entries}
        for view in views.values():
            view.found = self._found
        if any(isinstance(each, TurnEntry) for each in entries):
            self._hint.remove()
        place = next(iter(self._views.values()), None) if above else None
        self._views = {**views, **self._views} if above else {**self._views, **views}
        if self.is_attached:
            self.mount_all(views.values(), before=place or self._thinking)

    def _unmount(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._views.pop(entry).remove()

    def _show_part(self, begin: int) -> None:
        """Begin with this entry, and end with the newest where that is not far."""
        begin = max(self.conversation.dropped, min(begin, self._total - 1))
        self._unmount(list(self._views))
        self._first = begin
        self._mount(self._part(begin, begin + MOST_SHOWN))
        self.anchor(False)

    def show_newest(self) -> None:
        """To the end of the conversation."""
        if self._end < self._total:
            self._show_part(self._total - ENTRIES_SHOWN)
        self.anchor()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._pages or new_value == old_value:
            return
        if new_value <= 0 and self._first > self.conversation.dropped:
            self._pages = True
            self.call_later(self._page_up)
        elif self.is_vertical_scroll_end:
            if self._end == self._total:
                if not self.is_anchored:
                    self.anchor()
            else:
                self._pages = True
                self.call_later(self._page_down)

    def _page_up(self) -> None:
        """Bring what is older, and stay where one reads."""
        top = next(iter(self._views.values()), None)
        begin = max(self.conversation.dropped, self._first - PAGE)
        older = self._part(begin, self._first)
        if top is None or not older:
            self._pages = False
            return
        shift = top.virtual_region.y - self.scroll_y
        self._first -= len(older)
        self._mount(older, above=True)
        self._unmount(list(self._views)[MOST_SHOWN:])
        if self._end < self._total:
            self.anchor(False)
        self.call_after_refresh(self._stay, top, shift)

    def _page_down(self) -> None:
        newer = self._part(self._end, self._end + PAGE)
        bottom = next(reversed(self._views.values()), None)
        if bottom is None or not newer:
            self._pages = False
            return
        shift = bottom.virtual_region.y - self.scroll_y
        self._mount(newer)
        many = list(self._views)[: max(0, len(self._views) - MOST_SHOWN)]
        self._first += len(many)
        self._unmount(many)
        self.call_after_refresh(self._stay, bottom, shift)

    def _stay(self, view: EntryView, shift: float) -> None:
        if view.is_attached:
            self.scroll_to(y=view.virtual_region.y - shift, animate=False, force=True)
        self.call_after_refresh(self._paged)

    def _paged(self) -> None:
        self._pages = False

    # --- one of it ---------------------------------------------------------------------------

    @property
    def selected(self) -> Entry | None:
        """What the cursor is on."""
        return self._selected

    def select_next(self, step: int) -> None:
        """Move the cursor: -1 to what is older. Behind the newest there is none."""
        entries = [each for each in self.conversation.entries if not isinstance(each, DividerEntry)]
        place = len(entries)
        if self._selected is not None:
            place = next((n for n, e in enumerate(entries) if e is self._selected), place)
        place = max(0, place + step)
        if place >= len(entries):
            self.select(None)
            self.show_newest()
        else:
            self.select(entries[place])

    def select(self, entry: Entry | None) -> None:
        """Put the cursor there and bring it into sight; None takes it away."""
        if self._selected is not None and (old := self._views.get(self._selected)) is not None:
            old.remove_class("-selected")
        self._selected = entry
        if entry is None:
            return
        if entry not in self._views:
            place = next(n for n, each in enumerate(self.conversation.entries) if each is entry)
            self._show_part(self.conversation.dropped + place - PAGE)
        view = self._views[entry].add_class("-selected")
        self.call_after_refresh(self.scroll_to_widget, view, animate=False)

    def to_open(self) -> EntryView | None:
        """The one under the cursor, else the newest, if it can be opened."""
        if self._selected is not None:
            view = self._views.get(self._selected)
            return view if view is not None and view.opens else None
        return next((view for view in reversed(self._views.values()) if view.opens), None)

    def chosen_turn(self) -> TurnEntry | None:
        """The one under the cursor; None where it is on none."""
        return self._selected if isinstance(self._selected, TurnEntry) else None

    def mark_found(self, words: str) -> None:
        """Mark these words wherever they stand; "" for none."""
        self._found = words
        for view in self._views.values():
            view.mark_found(words)


__all__ = ["ChipView", "Transcript", "TurnView"]
