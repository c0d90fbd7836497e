"""Keys of the conversation as a page (choose, open, copy, save, search, earlier ones), and help."""

from __future__ import annotations

from pathlib import Path

from textual.binding import Binding

from assistant.terminal.sanitize import clean_text
from assistant.ui.actions.base import DashboardBase
from assistant.ui.conversation import ChipEntry, last_turn
from assistant.ui.fitting import one_line
from assistant.ui.hints import TOUR, sayings
from assistant.ui.keymap import BINDINGS
from assistant.ui.plain_words import going_on
from assistant.ui.screens.conversation_dialogs import SaveScreen, TurnTimesScreen
from assistant.ui.screens.dialog import Palette
from assistant.ui.screens.help import HelpRow, HelpScreen, TourScreen, help_rows, tour_cards
from assistant.ui.screens.history import HistoryScreen


class PageActions(DashboardBase):
    """What these keys do."""

    def action_focus_prompt(self) -> None:
        self._dashboard.prompt.input.focus()

    def action_toggle_activity(self) -> None:
        self._dashboard.toggle_activity()

    def action_scroll_conversation(self, direction: int) -> None:
        transcript = self._dashboard.transcript
        (transcript.scroll_page_down if direction > 0 else transcript.scroll_page_up)()

    def action_select_turn(self, step: int) -> None:
        self._dashboard.transcript.select_next(step)

    def action_write(self, words: str) -> None:
        """Put words into the line, to be sent or changed; what stands there already stays."""
        line = self._dashboard.prompt.input
        line.focus()
        if not line.text.strip():
            line.paste(words)

    def action_open_chosen(self) -> None:
        view = self._dashboard.transcript.to_open()
        if view is not None:
            self.call_later(view.action_open)

    def action_copy_turn(self) -> None:
        transcript = self._dashboard.transcript
        chip = transcript.selected
        entry = transcript.chosen_turn() or last_turn(transcript.conversation.turns)
        if isinstance(chip, ChipEntry):
            self._copy(clean_text(chip.text), "This")
        elif entry is None:
            self.notify("Nothing was said yet.", timeout=2)
        else:
            self._copy(clean_text(entry.heard()).strip(), f"What {entry.speaker.name} said")

    def action_copy_conversation(self) -> None:
        conversation = self._dashboard.transcript.conversation
        if conversation.turns:
            self._copy(conversation.plain(), "The whole conversation")
        else:
            self.notify("Nothing was said yet.", timeout=2)

    def _copy(self, text: str, what: str) -> None:
        """By the terminal (OSC 52): whether it does it, it does not tell."""
        self.copy_to_clipboard(text)
        words = len(text.split())
        count = f"{words} {'word' if words == 1 else 'words'}"
        told = f"{one_line(what)} was given to the terminal's clipboard: {count}."
        self.notify(told, timeout=3, markup=False)

    def action_save_conversation(self) -> None:
        def saved(path: Path | None) -> None:
            if path is not None:
                self.notify(f"Saved as {one_line(str(path))}", timeout=6, markup=False)

        conversation = self._dashboard.transcript.conversation
        if not conversation.turns:
            self.notify("Nothing was said yet.", timeout=2)
        elif self.screen is self._dashboard:
            self.push_screen(SaveScreen(conversation.markdown, self._clock()), saved)

    def action_find(self) -> None:
        if self.screen is self._dashboard:
            self._dashboard.search.open()

    def action_show_history(self) -> None:
        def chosen(id: str | None) -> None:
            if id is not None:
                self.spawn(self.session.resume(id), "That conversation could not be gone on with")

        if self.screen is self._dashboard:
            self.push_screen(HistoryScreen(self.session.past, going_on(self.status)), chosen)

    def action_show_trace(self) -> None:
        if self.screen is self._dashboard:
            self.push_screen(TurnTimesScreen(self._trace))

    # --- help ------------------------------------------------------------------------------

    def action_tour(self) -> None:
        if self.screen is not self._dashboard:
            return
        self._dashboard.hints.use(TOUR)
        keys = {row.action_id: row.keys.split()[0] for row in self._help_rows()}
        possible = self._dashboard.possible
        cards = tour_cards(
            keys,
            microphone=possible.microphone,
            memory=possible.memory,
            other=possible.other,
        )
        self.push_screen(TourScreen(cards))

    def bindings_in_force(self) -> list[tuple[str, Binding]]:
        """Keys and their bindings, the user's own keymap included, in the order of the footer."""
        bindings = self._bindings.copy()
        bindings.apply_keymap(self._keymap)
        order = [binding.id for binding in BINDINGS]
        known = [(key, binding) for key, binding in bindings if binding.id in order]
        return sorted(known, key=lambda pair: order.index(pair[1].id))

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def action_help(self) -> None:
        if isinstance(self.screen, HelpScreen):
            return
        self.push_screen(HelpScreen(self._help_rows(), sayings(self._dashboard.possible.other)))

    def _help_rows(self) -> list[HelpRow]:
        return help_rows(self, (binding for _, binding in self.bindings_in_force()))
